"""Files of every kind through the whole application: one way in, the same feed, the same answers."""

import gzip
import io
import json
import zipfile
from pathlib import Path

import anyio
import openpyxl
import pytest

from tests.contracts.conftest import postgres, store_url
from tests.serving import serving

__all__ = ["postgres", "store_url"]

pytestmark = pytest.mark.anyio

CORPUS = Path(__file__).parents[3] / "corpus"
UPLOADS = "/api/v1/uploads"
WAIT = {"Prefer": "wait=60"}


def event(title="Festa", **members):
    return {"title": title, "event_date": "2025-07-01T19:30:00", "city": "Recife", **members}


def zip_of(name, content):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return target.getvalue()


EVENTS = [
    event(),
    event("", city="Olinda"),
    event("Feira", local_info={"location_name": "Rua", "capacity": 5}),
]
LINES = "\n".join(map(json.dumps, EVENTS))
JSON = json.dumps(EVENTS, indent=1)
CALENDAR = "\r\n".join(
    [
        "BEGIN:VCALENDAR",
        *(
            "BEGIN:VEVENT",
            "SUMMARY:Festa",
            "DTSTART:20250701T193000",
            "X-FASTTRACK-CITY:Recife",
            "END:VEVENT",
        ),
        *("BEGIN:VEVENT", "DTSTART:20250701", "X-FASTTRACK-CITY:Recife", "END:VEVENT"),
        *("BEGIN:VEVENT", "SUMMARY:Feira", "DTSTART:20250701", "X-FASTTRACK-CITY:Olinda"),
        *(
            'X-FASTTRACK-EVENT:{"local_info":{"location_name":"Rua"\\,"capacity":5}}',
            "LOCATION:Rua\\, Olinda",
        ),
        *("END:VEVENT", "END:VCALENDAR"),
    ]
).encode()
KINDS = {
    "json": (JSON.encode(), {"format": "json", "encoding": "utf-8"}, [2, 7, 12]),
    "items": (json.dumps({"items": EVENTS}).encode(), {"format": "json", "encoding": "utf-8"}, [1, 1, 1]),
    "ndjson": (LINES.encode(), {"format": "ndjson", "encoding": "utf-8"}, [1, 2, 3]),
    "ics": (CALENDAR, {"format": "ics", "encoding": "utf-8"}, [2, 7, 11]),
    "zip of json": (
        zip_of("x/agenda.json", JSON),
        {"file": "x/agenda.json", "format": "json", "encoding": "utf-8"},
        [2, 7, 12],
    ),
}


async def send(http, content, name="agenda", **params):
    files = {"file": (name, content)}
    return await http.post(UPLOADS, params=params, files=files, headers=WAIT, timeout=90)


@pytest.mark.parametrize("kind", KINDS)
async def test_each_kind_of_file_is_imported(tmp_path, store_url, kind):
    content, dialect, lines = KINDS[kind]
    async with serving(tmp_path, database_url=store_url) as served, served.client() as http:
        answer = await send(http, content, upload_id="x")
        assert (answer.status_code, answer.json()["accepted"], answer.json()["rejected"]) == (201, 2, 1)
        shown = (await http.get(f"{UPLOADS}/x")).json()
        assert shown["dialect"] == dialect
        [rejected] = (await http.get(f"{UPLOADS}/x/errors")).json()["items"]
        assert (rejected["line"], rejected["record"]) == (lines[1], 2)
        assert [error["code"] for error in rejected["errors"]] == ["required"]
        told = (await http.get("/poll/upload/x")).json()["messages"]
        assert [message["line"] for message in told if "line" in message] == lines
        assert told[-2]["type"] == "finished" or told[-1]["type"] == "finished"
        titles = {e["title"]: e["local_info"] for e in (await http.get("/api/v1/eventos")).json()["items"]}
        assert (titles["Festa"], titles["Feira"]["capacity"]) == (None, 5)
        preview = await http.post(f"{UPLOADS}/preview", files={"file": ("a", content)}, timeout=60)
        assert [row["line"] for row in preview.json()["rows"]] == lines
        assert preview.json()["fault"] is None
        undone = await http.post(f"{UPLOADS}/x/undo")
        assert undone.json()["status"] == "undone"
        assert (await http.get("/api/v1/eventos")).json()["total"] == 0


async def test_an_atomic_json_is_all_or_nothing_and_a_dry_run_stores_nothing(tmp_path):
    async with serving(tmp_path) as served, served.client() as http:
        assert (await send(http, LINES.encode(), mode="atomic")).json()["status"] == "failed"
        good = json.dumps([event(), event("Feira")]).encode()
        assert (await send(http, good, dry_run="true")).json()["accepted"] == 2
        assert (await http.get("/api/v1/eventos")).json()["total"] == 0
        assert (await send(http, good, mode="atomic")).json()["accepted"] == 2
        assert (await http.get("/api/v1/eventos")).json()["total"] == 2


async def test_truncated_json_keeps_the_rows_before_and_reports_the_position(tmp_path):
    broken = f"[{json.dumps(event())},\n{json.dumps(event('B'))},\n{{'title': 1}}]".encode()
    async with serving(tmp_path) as served, served.client() as http:
        answer = await send(http, broken, upload_id="x")
        shown = (await http.get(f"{UPLOADS}/x")).json()
        assert (shown["status"], shown["accepted"]) == ("failed", 2), answer.text
        assert (shown["error"]["code"], "line 3" in shown["error"]["message"]) == ("invalid_json", True)
        assert (await http.get("/api/v1/eventos")).json()["total"] == 2
        assert (await send(http, broken, upload_id="y", mode="atomic")).json()["accepted"] == 0
        assert (await http.get("/api/v1/eventos")).json()["total"] == 2


@pytest.mark.parametrize("form", ["xls", "xlsb", "ods"])
async def test_workbooks_of_every_format_are_imported(tmp_path, form):
    async with serving(tmp_path) as served, served.client() as http:
        answer = await send(http, (CORPUS / f"agenda.{form}").read_bytes(), name="agenda.xlsx", upload_id="x")
        assert answer.json()["accepted"] == 2
        dialect = (await http.get(f"{UPLOADS}/x")).json()["dialect"]
        assert (dialect["format"], dialect["sheet"], dialect["sheet_number"]) == (form, "Eventos", "2 of 2")
        first = (await http.get(f"{UPLOADS}/x/errors")).json()["items"][0]
        assert (first["line"], first["errors"][0]["code"]) == (4, "cell_error")
        assert first["errors"][0]["field"] == "local_info.capacity"
        cities = {e["city"] for e in (await http.get("/api/v1/eventos")).json()["items"]}
        assert cities == {"Recife"}
        preview = await http.post(
            f"{UPLOADS}/preview", files={"file": ("a", (CORPUS / f"agenda.{form}").read_bytes())}, timeout=60
        )
        sheets = preview.json()["sheets"]
        assert [(sheet["name"], sheet["rows"] > 0) for sheet in sheets] == [("Capa", True), ("Eventos", True)]


REFUSED = {
    "agenda.xls": (b"<html><body><table><tr><td>title</td></tr></table>", "ending .xls: open it in Excel"),
    "agenda.csv": (b"%PDF-1.7\n" + bytes(100), "PDF"),
    "agenda.csv.gz": (gzip.compress(b"title,event_date,city\n"), "gzip"),
    "agenda.fods": (b'<?xml version="1.0"?><office:document>', ".fods"),
    "agenda.zip": (zip_of("a.zip", zip_of("a.csv", b"title")), "ZIP in a ZIP"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_an_unsupported_kind_is_refused_at_once_with_advice(tmp_path, name):
    content, words = REFUSED[name]
    async with serving(tmp_path) as served, served.client() as http:
        answer = await send(http, content, name=name, upload_id="x")
        [error] = answer.json()["errors"]
        assert (answer.status_code, error["code"]) == (422, "not_text")
        assert words in error["message"]
        preview = await http.post(f"{UPLOADS}/preview", files={"file": (name, content)}, timeout=60)
        assert words in preview.json()["fault"]["message"]
        last = [m for m in (await http.get("/poll/upload/x")).json()["messages"] if m["type"] == "finished"]
        assert last[0]["error"]["code"] == "not_text"


async def test_a_large_json_is_read_in_a_separate_process_while_it_arrives(tmp_path):
    async with serving(tmp_path) as served, served.client() as http:
        many = [event(f"E{n}", description="x" * 300) for n in range(3000)]
        with anyio.fail_after(90):
            answer = await send(http, json.dumps(many).encode(), upload_id="x")
        assert answer.json()["accepted"] == 3000
        assert (await http.get("/api/v1/eventos")).json()["total"] == 3000


@pytest.mark.parametrize("lines", [False, True])
async def test_a_preview_of_the_first_part_of_a_large_json_has_no_fault(tmp_path, lines):
    many = [event(f"E{n}", description="x" * 300) for n in range(400)]
    content = "\n".join(map(json.dumps, many)) if lines else json.dumps(many)
    async with serving(tmp_path) as served, served.client() as http:
        files = {"file": ("a.json", content.encode())}
        shown = (await http.post(f"{UPLOADS}/preview", files=files, timeout=60)).json()
        assert (shown["fault"], len(shown["rows"])) == (None, 20)
        assert all(not row["errors"] for row in shown["rows"])


async def test_a_header_in_the_last_sheet_column_does_not_widen_every_row(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["title", "event_date", "city"])
    sheet["XFD1"], sheet["XFD3"] = "obs", "note"
    sheet.append(["Festa", "2025-07-01", "Recife"])
    sheet["A3"], sheet["B3"], sheet["C3"] = "Feira", "ontem", "Recife"
    content = io.BytesIO()
    book.save(content)
    async with serving(tmp_path) as served, served.client() as http:
        answer = await send(http, content.getvalue(), upload_id="x")
        assert (answer.json()["accepted"], answer.json()["rejected"]) == (1, 1)
        names = [column["name"] for column in (await http.get(f"{UPLOADS}/x")).json()["columns"]]
        assert names == ["title", "event_date", "city", "obs"]
        [rejected] = (await http.get(f"{UPLOADS}/x/errors")).json()["items"]
        assert [error["code"] for error in rejected["errors"]] == ["invalid_date"]
        assert rejected["cells"] == ["Feira", "ontem", "Recife", "note"]


@pytest.mark.parametrize("options", [{"dry_run": "true"}, {"mode": "partial"}, {"mode": "atomic"}])
async def test_what_a_merge_warns_of_is_counted_once(tmp_path, options):
    rows = b"title,event_date,city\n" + b"Sarau,2027-05-01T20:00:00,Recife\n" * 3
    async with serving(tmp_path) as served, served.client() as http:
        answer = await send(http, rows, upload_id="x", on_duplicate="update", **options)
        assert answer.json()["accepted"] == 3, answer.text
        upload = (await http.get("/api/v1/uploads/x")).json()
    assert {each["code"]: each["count"] for each in upload["warnings"]} == {
        "repeated_row": 2,
        "repeated_key": 2,
    }
