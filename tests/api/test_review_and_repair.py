"""A file staged, looked at, checked and imported; rejected rows mended; against a real server."""

import io

import openpyxl
import pytest

from tests.api.checks import UPLOADS, checked
from tests.serving import serving

pytestmark = pytest.mark.anyio

FILE = (
    "title,event_date,city,local,tipo_de_local\n"
    "A,2025-07-01,Recife,Praça do Arsenal,Auditorium\n"
    "B,31/12/2025,Recife,,\n"
    "C,2025-02-30,Recife,,\n"
    "D,2025-07-04,,,\n"
    "E,2025-07-05,Olinda,,\n"
)


async def stage(http, text=FILE, **params):
    answer = await http.post(
        UPLOADS,
        params={"upload_id": "x", "stage": "true", **params},
        files={"file": ("a.csv", text.encode())},
    )
    assert (answer.status_code, answer.json()["status"]) == (202, "staged"), answer.text
    return answer.json()


async def titles(http):
    page = (await http.get("/api/v1/eventos?sort=id&limit=500")).json()
    return [event["title"] for event in page["items"]]


async def test_a_staged_file_is_previewed_checked_and_imported_from_the_same_bytes(tmp_path):
    async with serving(tmp_path) as served, served.client() as http:
        assert (await stage(http))["rows_stay"] is None
        assert await titles(http) == []
        preview = (await http.get(f"{UPLOADS}/x/preview", params={"date_format": "dmy"})).json()
        assert [row["errors"] == [] for row in preview["rows"]] == [False, True, False, False, True]
        task = await checked(http)
        result = task["result"]
        assert (task["kind"], result["accepted"], result["rejected"]) == ("check", 2, 3)
        groups = {(group["field"], group["code"]): group for group in result["problems"]}
        kinds = groups["local_info.venue_type", "unknown_venue_type"]
        assert (kinds["count"], kinds["suggestion"], kinds["example"]["line"]) == (1, "Auditório", 2)
        assert groups["city", "required"]["suggestion"] is None
        assert result["existing"] == {
            "key": ["title", "event_date", "city"],
            "new": 2,
            "changed": 0,
            "same": 0,
        }
        answer = await http.post(
            f"{UPLOADS}/x/import",
            params={"date_format": "dmy"},
            json={"values": {"local_info.venue_type": {"Auditorium": "Auditório"}}},
            headers={"Prefer": "wait=30"},
        )
        assert (answer.status_code, answer.json()["accepted"], answer.json()["rejected"]) == (201, 3, 2)
        assert await titles(http) == ["A", "B", "E"]
        assert (await http.post(f"{UPLOADS}/x/import")).status_code == 409
        assert (await http.get(f"{UPLOADS}/x/preview")).status_code == 409


async def test_a_staged_file_survives_a_restart_and_can_be_cancelled(tmp_path):
    async with serving(tmp_path) as served, served.client() as http:
        await stage(http)
    async with serving(tmp_path) as served, served.client() as http:
        assert (await http.get(f"{UPLOADS}/x")).json()["status"] == "staged"
        answer = await http.post(f"{UPLOADS}/x/import", headers={"Prefer": "wait=30"})
        assert answer.json()["accepted"] == 2
        await stage(http, upload_id="y")
        assert (await http.post(f"{UPLOADS}/y/cancel")).json()["status"] == "cancelled"
        assert (await http.post(f"{UPLOADS}/y/import")).status_code == 409


async def test_invalid_actions_on_a_staged_file_are_refused(tmp_path):
    async with serving(tmp_path) as served, served.client() as http:
        await stage(http, dry_run="true")
        for path in ("import", "check"):
            answer = await http.post(f"{UPLOADS}/x/{path}?dryrun=true")
            assert (answer.status_code, answer.json()["errors"][0]["suggestion"]) == (422, "dry_run")
            both = await http.post(f"{UPLOADS}/x/{path}?mode=atomic", json={"mode": "partial"})
            assert both.status_code == 422
        answer = await http.post(f"{UPLOADS}/x/import", headers={"Prefer": "wait=30"})
        assert (answer.json()["accepted"], answer.json()["rows_stay"]) == (2, False)
        assert await titles(http) == []


async def test_the_check_reports_rows_that_are_already_stored(tmp_path):
    async with serving(tmp_path) as served, served.client() as http:
        first = "title,event_date,city\nE,2025-07-05,Olinda\n"
        await http.post(UPLOADS, files={"file": ("a.csv", first.encode())}, headers={"Prefer": "wait=30"})
        await stage(http)
        assert (await checked(http))["result"]["existing"]["same"] == 1
        answer = await http.post(f"{UPLOADS}/x/import?on_duplicate=skip", headers={"Prefer": "wait=30"})
        assert (answer.json()["created"], answer.json()["skipped"]) == (1, 1)


async def imported(http, **params):
    await http.post(
        UPLOADS,
        params={"upload_id": "x", **params},
        files={"file": ("a.csv", FILE.encode())},
        headers={"Prefer": "wait=30"},
    )


async def test_corrected_rows_join_their_import(tmp_path):
    async with serving(tmp_path) as served, served.client() as http:
        await imported(http)
        before = (await http.get(f"{UPLOADS}/x")).json()
        rows = [
            {"line": 4, "cells": {"event_date": "2025-02-28T10:00:00"}},
            {"line": 5, "cells": {"city": "Olinda", "event_date": "never"}},
            {"line": 99, "cells": {"city": "Olinda"}},
        ]
        done = (await http.post(f"{UPLOADS}/x/repairs", json={"rows": rows})).json()
        assert (done["accepted"], done["rejected"], done["unknown_lines"]) == (1, 1, [99])
        assert [error["code"] for error in done["errors"][0]["errors"]] == ["invalid_date"]
        assert done["upload"]["accepted"] == before["accepted"] + 1
        left = (await http.get(f"{UPLOADS}/x/errors")).json()
        assert (left["total"], [row["line"] for row in left["items"]]) == (before["rejected"] - 1, [2, 5])
        assert left["items"][1]["cells"][2] == "Olinda"
        rows = [{"line": 2, "cells": {}}]
        values = {"venue_type": {"Auditorium": "Auditório"}}
        done = (await http.post(f"{UPLOADS}/x/repairs", json={"rows": rows, "values": values})).json()
        assert done["accepted"] == 1
        assert (await http.post(f"{UPLOADS}/x/repairs", json={"rows": rows})).json()["unknown_lines"] == [2]
        assert sorted(await titles(http)) == ["A", "B", "C", "E"]
        undone = (await http.post(f"{UPLOADS}/x/undo")).json()
        assert undone["undone"]["deleted"] == 4
        assert (await http.post(f"{UPLOADS}/x/repairs", json={"rows": rows})).status_code == 409


async def test_a_corrected_rejected_file_joins_its_import_once(tmp_path):
    async with serving(tmp_path) as served, served.client() as http:
        await imported(http)
        rejected = (await http.get(f"{UPLOADS}/x/rejected.csv")).text
        mended = rejected.replace("2025-02-30", "2025-02-28").replace("Auditorium", "Auditório")
        for accepted in (2, 0):
            answer = await http.post(
                UPLOADS,
                params={"repairs_of": "x"},
                files={"file": ("a.csv", mended.encode())},
                headers={"Prefer": "wait=30"},
            )
            assert answer.json()["created"] == accepted
        told = (await http.get(f"{UPLOADS}/x")).json()
        assert (told["accepted"], told["rejected"]) == (4, 1)
        assert sorted(await titles(http)) == ["A", "B", "C", "E"]
        assert (await http.post(f"{UPLOADS}/x/undo")).json()["undone"]["deleted"] == 4
        gone = await http.post(UPLOADS, params={"repairs_of": "x"}, files={"file": ("a.csv", b"x")})
        assert gone.status_code == 409


async def test_a_rejected_file_that_was_staged_joins_its_import_once(tmp_path):
    async with serving(tmp_path) as served, served.client() as http:
        await imported(http)
        rejected = (await http.get(f"{UPLOADS}/x/rejected.csv")).text
        mended = rejected.replace("2025-02-30", "2025-02-28").replace("Auditorium", "Auditório")
        for upload_id, accepted in (("y", 2), ("z", 0)):
            await stage(http, mended, upload_id=upload_id)
            # It is read by the rules of its import: what a check of the file alone would say means nothing.
            for path in ("preview", "check"):
                method = "GET" if path == "preview" else "POST"
                asked = await http.request(
                    method, f"{UPLOADS}/{upload_id}/{path}", params={"repairs_of": "x"}
                )
                assert asked.status_code == 422
            answer = await http.post(
                f"{UPLOADS}/{upload_id}/import", json={"repairs_of": "x"}, headers={"Prefer": "wait=30"}
            )
            assert (answer.status_code, answer.json()["created"]) == (201, accepted), answer.text
        told = (await http.get(f"{UPLOADS}/x")).json()
        assert (told["accepted"], told["rejected"]) == (4, 1)
        assert (await http.get(f"{UPLOADS}/y")).json()["options"]["repairs_of"] == "x"
        assert sorted(await titles(http)) == ["A", "B", "C", "E"]


@pytest.mark.parametrize(
    ("state", "status"),
    [("missing", 404), ("undone", 409), ("atomic", 409), ("dry_run", 409), ("staged", 409)],
)
async def test_a_staged_file_stays_staged_if_its_rows_cannot_go_back(tmp_path, state, status):
    async with serving(tmp_path) as served, served.client() as http:
        if state == "staged":
            await stage(http)
        elif state != "missing":
            params = {"atomic": {"mode": "atomic"}, "dry_run": {"dry_run": "true"}}.get(state, {})
            await http.post(
                UPLOADS,
                params={"upload_id": "x", **params},
                files={"file": ("a.csv", FILE.encode())},
                headers={"Prefer": "wait=30"},
            )
        if state == "undone":
            assert (await http.post(f"{UPLOADS}/x/undo")).status_code == 200
        await stage(http, upload_id="y")
        answer = await http.post(f"{UPLOADS}/y/import", json={"repairs_of": "x"})
        assert answer.status_code == status, answer.text
        assert (await http.get(f"{UPLOADS}/y")).json()["status"] == "staged"


@pytest.mark.parametrize("form", ["csv", "xlsx", "json"])
@pytest.mark.parametrize("again", [(), ("mapping",), ("mapping", "header_row")])
async def test_rejected_rows_of_a_file_without_a_header_join_it_by_their_fields(form, again, tmp_path):
    content = b"A;2027-01-01;Recife;x\nB;2027-01-02;;y\nC;2027-01-03;;z\n"
    options = {"mapping": '{"title":"#1","event_date":"#2","city":"#3"}', "header_row": "0"}
    wait = {"Prefer": "wait=30"}
    async with serving(tmp_path) as served, served.client() as http:
        params = {"upload_id": "x", **options}
        ended = (await http.post(UPLOADS, params=params, files={"file": ("a", content)}, headers=wait)).json()
        assert (ended["accepted"], ended["rejected"]) == (1, 2)
        assert (await http.get(f"{UPLOADS}/x")).json()["dialect"]["header_row"] == 0
        rows = [{"line": 2, "cells": {"#3": "Olinda", "#4": ""}}]
        assert (await http.post(f"{UPLOADS}/x/repairs", json={"rows": rows})).json()["accepted"] == 1
        kept = await http.get(f"{UPLOADS}/x/rejected", params={"format": form})
        if form == "csv":
            assert kept.text.lstrip("\ufeff").startswith("title;event_date;city;#4;_line;_errors\r\n")
        params = {"repairs_of": "x", "defaults": '{"city":"Natal"}'}
        # JSON has members in place of columns: neither places nor a header.
        params |= {name: options[name] for name in again if form != "json"}
        sent = await http.post(UPLOADS, params=params, files={"file": ("b", kept.content)}, headers=wait)
        assert sent.json()["accepted"] == 1, sent.text
        assert sorted(await titles(http)) == ["A", "B", "C"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"rows": []}, 422),
        ({"rows": [{"line": 4, "cells": {"nothing": "1"}}]}, 422),
        ({"rows": [{"line": 4, "cell": {}}]}, 422),
        ({"rows": [{"line": 4, "cells": {}}, {"line": 4, "cells": {}}]}, 422),
        ({"rows": [{"line": 4, "cells": {}}], "values": {"nothing": {}}}, 422),
    ],
)
async def test_invalid_corrections_are_refused(tmp_path, body, status):
    async with serving(tmp_path) as served, served.client() as http:
        await imported(http)
        assert (await http.post(f"{UPLOADS}/x/repairs", json=body)).status_code == status


def workbook():
    book = openpyxl.Workbook()
    book.active.title = "Capa"
    for name, rows in (("Agenda", 2), ("Outra", 3)):
        sheet = book.create_sheet(name)
        sheet.append(["Título", "Data", "Cidade"])
        for number in range(rows):
            sheet.append([f"{name} {number}", "2027-01-01", "Recife"])
        sheet.append(["sem data", "", "Recife"])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


CALENDAR = (
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Festa\r\n"
    b"DTSTART:20270101T190000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
READ_ALIKE = {
    "a sheet": (workbook(), {"sheet": "Outra"}, (3, 1)),
    "the first sheet with a header": (workbook(), {}, (2, 1)),
    "an order of dates": (b"title,date,city\nA,03/04/2027,Recife\n", {"date_format": "mdy"}, (1, 0)),
    "no order of dates": (b"title,date,city\nA,03/04/2027,Recife\n", {}, (0, 1)),
    "a header row": (
        b"title,date,city\nx,y,z\nNome,Quando,Cidade\nA,2027-01-01,Recife\n",
        {"header_row": "3"},
        (1, 0),
    ),
    "no header row": (
        b"A;2027-01-01;Recife\nB;soon;Recife\nC;2027-01-02;Recife\n",
        {"header_row": "0", "mapping": '{"title":"#1","event_date":"#2","city":"#3"}'},
        (2, 1),
    ),
    "no header row that is seen": (
        b"A;2027-01-01;Recife\nB;soon;Recife\nC;2027-01-02;Recife\n",
        {"mapping": '{"title":"#1","event_date":"#2","city":"#3"}'},
        (2, 1),
    ),
    "a mapping": (
        b"a,b,c\nA,2027-01-01,Recife\n",
        {"mapping": '{"title":"a","event_date":"b","city":"#3"}'},
        (1, 0),
    ),
    "a default": (b"title,date\nA,2027-01-01\n", {"defaults": '{"city":"Recife"}'}, (1, 0)),
    "an encoding": (
        "título,data,cidade\nSão João,2027-01-01,Recife\n".encode("mac_roman"),
        {"encoding": "macintosh"},
        (1, 0),
    ),
    "a delimiter": (b"title|date|city\nA|2027-01-01|Recife\n", {"delimiter": "|"}, (1, 0)),
    "values": (
        b"title,date,city,place,type\nA,2027-01-01,Recife,Sala,Auditorium\n",
        {"mapping": '{"local_info.venue_type":"type"}', "values": '{"venue_type":{"Auditorium":"Museu"}}'},
        (1, 0),
    ),
    "JSON": (b'[{"title":"A","event_date":"2027-01-01","city":"Recife"},{"title":""}]', {}, (1, 1)),
    "a calendar": (CALENDAR, {"defaults": '{"city":"Recife"}'}, (1, 0)),
}


@pytest.mark.parametrize("what", READ_ALIKE)
async def test_preview_check_and_import_read_a_file_in_the_same_way(what, tmp_path):
    content, options, (accepted, rejected) = READ_ALIKE[what]
    async with serving(tmp_path) as served, served.client() as http:
        params = {"upload_id": "x", "stage": "true"}
        staged = await http.post(UPLOADS, params=params, files={"file": ("a", content)})
        assert staged.status_code == 202, staged.text
        rows = (await http.get(f"{UPLOADS}/x/preview", params=options)).json()["rows"]
        result = (await checked(http, **options))["result"]
        ended = await http.post(f"{UPLOADS}/x/import", params=options, headers={"Prefer": "wait=30"})
    good = sum(not row["errors"] for row in rows)
    assert (good, len(rows) - good) == (accepted, rejected)
    assert (result["accepted"], result["rejected"]) == (accepted, rejected)
    assert (ended.json()["accepted"], ended.json()["rejected"]) == (accepted, rejected)


@pytest.mark.parametrize(
    ("options", "status", "stored"),
    [
        ({"stage": "true"}, "staged", []),
        ({"dry_run": "true"}, "completed", []),
        ({"values": '{"title":{"A":"Z"}}'}, "completed", ["Z", "B"]),
        ({}, "completed", ["A", "B"]),
    ],
)
async def test_a_resumed_file_keeps_its_original_options(options, status, stored, tmp_path):
    file = b"title,event_date,city\nA,2027-01-01,Recife\nB,2027-01-02,Olinda\n"
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
    form = {"Content-Type": "multipart/form-data; boundary=b"}
    params = {"upload_id": "x", **options}
    async with serving(tmp_path) as served, served.client() as http:
        broken = await http.post(UPLOADS, params=params, headers=form, content=head + file[:30])
        assert broken.status_code in {400, 408}, broken.text
        had = int((await http.head(f"{UPLOADS}/x")).headers["Upload-Offset"])
        more = {"Upload-Offset": str(had), "Prefer": "wait=30"}
        rest = await http.post(
            UPLOADS, params={"upload_id": "x"}, headers=more, files={"file": ("a.csv", file[had:])}
        )
        assert rest.json()["status"] == status, rest.text
        assert await titles(http) == stored
