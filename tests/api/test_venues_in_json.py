"""Venues as JSON are mended as those of columns are: by the option `values`, and by corrected cells."""

import json

import pytest

from tests.api.checks import UPLOADS, checked
from tests.serving import serving

pytestmark = pytest.mark.anyio

EVENT = {"title": "A", "event_date": "2026-01-01", "city": "Recife"}
VENUE = {"location_name": "Teatro", "venue_type": "Auditorium", "capacity": "300 lugares"}
MENDED = {"location_name": "Teatro", "venue_type": "Auditório", "capacity": 300}
CELL = json.dumps(VENUE).replace('"', '""')
FILES = {
    "a.csv": f'title,event_date,city,local_info\nA,2026-01-01,Recife,"{CELL}"\n',
    "local.csv": f'title,event_date,city,local\nA,2026-01-01,Recife,"{CELL}"\n',
    "both.csv": f'title,event_date,city,local_info,vagas\nA,2026-01-01,Recife,"{CELL}",7\n',
    "a.json": json.dumps([{**EVENT, "local_info": VENUE}]),
    "text.json": json.dumps([{**EVENT, "local_info": json.dumps(VENUE)}]),
}


async def imported(http, name, **params):
    answer = await http.post(
        UPLOADS,
        params={"upload_id": "x", **params},
        files={"file": (name, FILES[name].encode())},
        headers={"Prefer": "wait=30"},
    )
    assert answer.status_code in (201, 202), answer.text
    return answer.json()


async def venues(http):
    found = (await http.get("/api/v1/eventos")).json()["items"]
    return [{name: event["local_info"][name] for name in MENDED} for event in found]


@pytest.mark.parametrize("name", FILES)
async def test_members_of_a_rejected_venue_are_corrected_by_their_fields(tmp_path, name):
    async with serving(tmp_path) as served, served.client() as http:
        answer = await imported(http, name)
        assert (answer["accepted"], answer["rejected"]) == (0, 1)
        errors = (await http.get(f"{UPLOADS}/x/errors")).json()["items"]
        fields = {error["field"]: error["suggestion"] for error in errors[0]["errors"]}
        assert fields == {"local_info.capacity": "300", "local_info.venue_type": "Auditório"}
        body = {"rows": [{"line": errors[0]["line"], "cells": {"venue_type": "Auditório"}}]}
        some = (await http.post(f"{UPLOADS}/x/repairs", json=body)).json()
        assert [one["field"] for row in some["errors"] for one in row["errors"]] == ["local_info.capacity"]
        body["rows"][0]["cells"] = {"local_info.capacity": 300}
        done = await http.post(f"{UPLOADS}/x/repairs", json=body)
        assert (done.status_code, done.json()["accepted"]) == (200, 1), done.text
        assert await venues(http) == [MENDED]


@pytest.mark.parametrize("name", FILES)
async def test_what_the_check_suggests_imports_the_rows(tmp_path, name):
    async with serving(tmp_path) as served, served.client() as http:
        await imported(http, name, stage="true")
        task = await checked(http)
        values = {
            group["field"]: {one["value"]: one["suggestion"] for one in group["values"]}
            for group in task["result"]["problems"]
        }
        assert values.keys() == {"local_info.capacity", "local_info.venue_type"}
        answer = await http.post(
            f"{UPLOADS}/x/import", json={"values": values}, headers={"Prefer": "wait=30"}
        )
        assert (answer.json()["accepted"], answer.json()["rejected"]) == (1, 0), answer.text
        assert await venues(http) == [MENDED]


async def test_the_check_compares_by_a_key_whatever_the_import_will_do(tmp_path):
    async with serving(tmp_path) as served, served.client() as http:
        await imported(http, "a.csv", stage="true")
        task = await checked(http, key="title")
        result = task["result"]
        assert (result["existing"]["key"], result["fault"]) == (["title"], None)
        refused = await http.post(f"{UPLOADS}/x/import", params={"key": "title"})
        assert refused.status_code == 422
