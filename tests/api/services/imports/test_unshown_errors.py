"""Rejected files that come back as plain uploads: what no cell shows is not stored without a word."""

import csv
import io
import json
from datetime import date

import openpyxl
import pytest

from tests.api.services.imports.test_kinds import event, send
from tests.api.services.imports.test_mended_rows import (
    CAUSES,
    CITY,
    FORMS,
    HEAD,
    UPLOADS,
    calendar,
    events,
    rejected_file,
    told,
    workbook,
)
from tests.serving import serving

pytestmark = pytest.mark.anyio

REFUSED_AGAIN = "unchanged_row"
UNKNOWN_ZONE = calendar(("SUMMARY:A", "DTSTART;TZID=Marte/Olympus:20260701T100000", "DESCRIPTION:=1"))
TOO_WIDE = f"{HEAD}E,2026-07-01,R,hello, world, again\n".encode()
MORE = {
    "csv: surplus cells": (TOO_WIDE, {}),
    "csv: a text over its bound": (f"{HEAD}A,2026-07-01,R,{'x' * 70_000}\n".encode(), {}),
    "ics: two starts": (
        calendar(("SUMMARY:A", "DTSTART:20260701T100000", "DTSTART:20260702T100000")),
        CITY,
    ),
    "json: types beside a place": (
        json.dumps(
            [
                event(event_date=20260605),
                event(title=5, local_info={"location_name": "T"}),
                event(local=["T"]),
                event(local_info=[1], description={"a": 1}),
                event(participants=["a", None], city=True),
            ]
        ).encode(),
        {},
    ),
    "xlsx: exchanged days": (
        workbook(
            ["title", "event_date", "city"],
            *(["A", date(2026, 1 + n, 2), "R"] for n in range(9)),
            *(["B", f"{13 + n}/07/2026", "R"] for n in range(9)),
        ),
        {},
    ),
}
RIGHT_BY_THEMSELVES = {"csv: no city, other order": ["B"]}
"""Rows that contradicted the dates of others, which the rejected file does not have."""


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("cause", [*CAUSES, *MORE])
async def test_rejected_rows_that_come_back_unchanged_are_refused_again(tmp_path, cause, form):
    content, options = (CAUSES | MORE)[cause]
    async with serving(tmp_path) as served, served.client() as http:
        first = (await send(http, content, upload_id="x", **options)).json()
        before, errors = await events(http), await told(http, "x")
        assert errors, first
        answer = (await send(http, await rejected_file(http, "x", form), upload_id="y", **options)).json()
        new = [row[0] for row in await events(http) if row not in before]
        assert new == RIGHT_BY_THEMSELVES.get(cause, []), answer
        assert answer.get("rejected", len(errors)) == len(errors) - len(new)


def mended(content, form, **changes):
    """Return a rejected file in which members of its first row have other texts; None clears one."""
    if form == "json":
        first, *rest = json.loads(content)
        return json.dumps([first | changes, *rest]).encode()
    if form == "xlsx":
        book = openpyxl.load_workbook(io.BytesIO(content))
        names = [cell.value for cell in book.active[1]]
        for name, text in changes.items():
            book.active.cell(2, names.index(name) + 1).value = text
        target = io.BytesIO()
        book.save(target)
        return target.getvalue()
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    for name, text in changes.items():
        rows[1][rows[0].index(name)] = text or ""
    target = io.StringIO()
    # As another program saves it.
    csv.writer(target, delimiter=";", quoting=csv.QUOTE_ALL).writerows(rows)
    return target.getvalue().encode()


async def sent_back(http, form, **changes):
    """Return the outcome of rows that come back changed: how many are stored, codes of errors, warnings."""
    content = mended(await rejected_file(http, "x", form), form, **changes)
    answer = (await send(http, content, upload_id="y", **CITY)).json()
    codes = [code for row in await told(http, "y") for _, code in row]
    told_of = (await http.get(f"{UPLOADS}/y")).json()["warnings"]
    warnings = {warning["code"] for warning in told_of}
    return answer["accepted"], codes, warnings & {"rejected_before"}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, (0, [REFUSED_AGAIN], set())),
        ({"_line": "7"}, (0, [REFUSED_AGAIN], set())),
        ({"event_date": "2026-07-01T10:00:00-03:00"}, (1, [], {"rejected_before"})),
        ({"title": "B"}, (1, [], {"rejected_before"})),
        ({"_errors": None}, (1, [], set())),
    ],
    ids=str,
)
async def test_a_row_goes_in_when_it_is_changed_or_its_mark_is_taken_off(tmp_path, form, changes, outcome):
    async with serving(tmp_path) as served, served.client() as http:
        await send(http, UNKNOWN_ZONE, upload_id="x", **CITY)
        assert await sent_back(http, form, **changes) == outcome


@pytest.mark.parametrize("form", FORMS)
async def test_cells_beyond_the_columns_are_an_error_until_they_are_gone(tmp_path, form):
    async with serving(tmp_path) as served, served.client() as http:
        await send(http, TOO_WIDE, upload_id="x")
        assert await sent_back(http, form, city="Olinda") == (0, ["extra_cells"], set())
        if form == "json":
            changes = {"description": "hello, world, again", "_extra_cells": []}
            [row] = json.loads(await rejected_file(http, "x", form))
            assert row["_extra_cells"] == [" world", " again"]
            answer = await send(http, mended(json.dumps([row]), form, **changes))
            assert answer.json()["accepted"] == 1, answer.text


async def test_values_of_json_keep_their_types(tmp_path):
    async with serving(tmp_path) as served, served.client() as http:
        sent = [event(title=5), event(event_date=20260605), event("A", city="", participants=["B", "5"])]
        await send(http, json.dumps(sent).encode(), upload_id="x")
        rows = json.loads(await rejected_file(http, "x", "json"))
        assert [row["title"] for row in rows] == [5, "Festa", "A"]
        assert rows[1]["event_date"] == 20260605
        assert rows[2]["participants"] == "B;5"
        # What the cells show needs no mark.
        assert not any("[" in row["_errors"] for row in rows)


async def test_what_no_cell_shows_is_told_in_the_language_of_the_file(tmp_path):
    async with serving(tmp_path) as served, served.client() as http:
        await send(http, UNKNOWN_ZONE, upload_id="x", **CITY)
        answer = await http.get(f"{UPLOADS}/x/rejected", params={"format": "csv", "lang": "pt"})
        assert "nenhuma célula mostra isto" in answer.text
        again = (await send(http, answer.content, **CITY)).json()
        assert (again["accepted"], again["rejected"]) == (0, 1)


async def test_a_column_of_ones_own_called_extra_cells_comes_back(tmp_path):
    content = b"title,event_date,city,Extra cells\nA,2026-13-01,R,desc\n"
    mapping = {"mapping": json.dumps({"description": "Extra cells"})}
    async with serving(tmp_path) as served, served.client() as http:
        for form in FORMS:
            await send(http, content, upload_id=form, **mapping)
            await send(http, await rejected_file(http, form, form), upload_id=f"{form}2", **mapping)
            assert await told(http, f"{form}2") == [[("event_date", "invalid_date")]]


@pytest.mark.parametrize("form", ["json", "xlsx"])
async def test_a_row_goes_in_once_its_surplus_cells_are_gone(tmp_path, form):
    async with serving(tmp_path) as served, served.client() as http:
        await send(http, f"{HEAD}B,2026-01-01,R,d,x\n".encode(), upload_id="x")
        content = await rejected_file(http, "x", form)
        if form == "json":
            rows = json.loads(content)
            rows[0]["_extra_cells"] = []
            content = json.dumps(rows).encode()
        else:
            book = openpyxl.load_workbook(io.BytesIO(content))
            sheet = book.active
            for cell in sheet[2]:
                if cell.value == "x":
                    cell.value = None
            book.save(saved := io.BytesIO())
            content = saved.getvalue()
        answer = (await send(http, content, upload_id="y")).json()
        assert (answer["accepted"], answer["rejected"]) == (1, 0)


@pytest.mark.parametrize("value", ["1.200", "1e3", "null", '"5"'])
async def test_a_text_that_looks_like_another_value_stays_one(tmp_path, value):
    row = event(location_name="Teatro", capacity=value)
    async with serving(tmp_path) as served, served.client() as http:
        await send(http, json.dumps([row]).encode(), upload_id="x")
        content = await rejected_file(http, "x", "json")
        assert json.loads(content)[0]["capacity"] == value
        answer = (await send(http, content, upload_id="y")).json()
        assert answer["accepted"] == 0


@pytest.mark.parametrize("form", FORMS)
async def test_options_that_answer_a_fault_let_its_row_in(tmp_path, form):
    content, options = MORE["xlsx: exchanged days"]
    async with serving(tmp_path) as served, served.client() as http:
        await send(http, content, upload_id="x", **options)
        back = await rejected_file(http, "x", form)
        answer = (await send(http, back, upload_id="y", date_format="dmy")).json()
        assert answer["accepted"] > 0
        assert "unchanged_row" not in {code for row in await told(http, "y") for _, code in row}
