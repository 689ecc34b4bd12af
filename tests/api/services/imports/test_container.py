"""Workbooks (.xlsx), as people send them, through the whole application."""

import csv
import io
import json
import os
import sys
import zipfile
from datetime import date, datetime
from zoneinfo import ZoneInfo

import anyio
import openpyxl
import psutil
import pytest

from api.services.imports import container
from api.services.imports.container_preview import preview_packed
from api.unpacking import __main__ as unpacking
from api.unpacking import archive
from domain.imports import ImportOptions
from tests.api.services.imports.conftest import nothing_staged
from tests.api.unpacking.test_damage import late_damage
from tests.contracts.conftest import postgres, store_url
from tests.serving import serving

__all__ = ["postgres", "store_url"]

pytestmark = pytest.mark.anyio

WAIT = {"Prefer": "wait=60"}
UPLOADS = "/api/v1/uploads"
HEADER = ("title", "event_date", "city", "capacity", "is_accessible", "location_name")


def workbook_of(**sheets):
    """Return a workbook of these sheets, each a list of rows."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    return saved(book)


def saved(book):
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def archive_of(entries, name="xl/workbook.xml"):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, entries)
    return content.getvalue()


AGENDA = [
    HEADER,
    ("Festa", datetime.fromisoformat("2026-06-24T18:30"), "Recife", 900, True, "Praça do Arsenal"),
    (),
    ("Feira", date(2026, 6, 25), "Olinda", 300.0, False, "Sítio\nHistórico"),
    ("Sem data", "amanhã", "Olinda", -5, None, "Rua"),
]


async def send(http, content, **params):
    files = {"file": ("agenda.xlsx", content)}
    return await http.post(UPLOADS, params=params, files=files, headers=WAIT, timeout=90)


async def test_the_same_workbook_is_a_duplicate_only_of_the_same_sheet(tmp_path):
    header = ("title", "event_date", "city")
    content = workbook_of(
        Jan=[header, ("A", "2027-01-01", "Recife")], Fev=[header, ("B", "2027-02-01", "Olinda")]
    )
    async with serving(tmp_path) as served, served.client() as http:
        found = {}
        for upload_id, sheet_of_it in (("a", None), ("b", "Fev"), ("c", "2"), ("d", "jan"), ("e", None)):
            params = {"upload_id": upload_id} | ({"sheet": sheet_of_it} if sheet_of_it else {})
            assert (await send(http, content, **params)).json()["accepted"] == 1
            warnings = (await http.get(f"{UPLOADS}/{upload_id}")).json()["warnings"]
            told = {warning["code"]: warning.get("params", warning) for warning in warnings}
            found[upload_id] = {code: one.get("upload_id", one.get("names")) for code, one in told.items()}
        # What the first warning advises to do is no repetition.
        assert found["a"] == {"other_sheets": ["Fev"]}
        assert found["b"] == {}
        assert (found["c"], found["d"]) == ({"duplicate_file": "b"}, {"duplicate_file": "a"})
        assert found["e"]["duplicate_file"] == "d"


async def test_a_workbook_imports_with_cell_types_and_row_numbers(tmp_path):
    async with serving(tmp_path) as served, served.client() as http:
        answer = await send(http, workbook_of(Agenda=AGENDA, Notas=[("nada",)]), upload_id="x")
        assert (answer.status_code, answer.json()["accepted"], answer.json()["rejected"]) == (201, 2, 1)
        shown = (await http.get(f"{UPLOADS}/x")).json()
        assert shown["dialect"] == {"format": "xlsx", "sheet": "Agenda"}
        first, second = (await http.get("/api/v1/eventos/download")).json()
        assert (first["event_date"], second["event_date"]) == ("2026-06-24T18:30:00", "2026-06-25T00:00:00")
        assert (first["local_info"]["capacity"], first["local_info"]["is_accessible"]) == (900, True)
        [refused] = (await http.get(f"{UPLOADS}/x/errors")).json()["items"]
        assert (refused["line"], refused["record"]) == (5, 3)
        assert {error["code"] for error in refused["errors"]} == {"invalid_date", "out_of_range"}
        told = (await http.get("/poll/upload/x")).json()["messages"]
        lines = [message["line"] for message in told if "line" in message]
        assert lines == [2, 4, 5]
        assert [m["total_bytes"] for m in told if "line" in m] == [shown["bytes"]] * 3


async def test_a_workbook_imports_into_either_database_and_leaves_nothing_behind(tmp_path, store_url):
    async with serving(tmp_path, database_url=store_url) as served, served.client() as http:
        answer = await send(http, workbook_of(Agenda=AGENDA), upload_id="x")
        assert (answer.status_code, answer.json()["accepted"], answer.json()["rejected"]) == (201, 2, 1)
    async with serving(tmp_path, database_url=store_url) as served:
        await nothing_staged(served.app.state.services.store)


async def test_a_rejected_csv_saved_as_a_workbook_can_be_imported(tmp_path):
    async with serving(tmp_path) as served, served.client() as http:
        rows = [
            (*HEADER[:3], "=nota"),
            ("=Festa", "ontem", "Recife", "-"),
            ("Feira", "2026-06-24", "Olinda", "-"),
        ]
        first = await send(http, "\n".join(",".join(row) for row in rows).encode(), upload_id="x")
        text = (await http.get(first.json()["links"]["rejected"])).content.decode("utf-8-sig")
        mended = [
            [cell.replace("ontem", "2026-06-25") for cell in row] for row in csv.reader(io.StringIO(text))
        ]
        again = await send(http, workbook_of(Corrigida=mended), upload_id="y")
        assert (again.json()["accepted"], again.json()["rejected"]) == (1, 0)
        columns = (await http.get(f"{UPLOADS}/y")).json()["columns"]
        assert [column["name"] for column in columns] == [*HEADER[:3], "=nota", "_line", "_errors"]
        titles = [event["title"] for event in (await http.get("/api/v1/eventos/download")).json()]
        assert titles == ["Feira", "=Festa"]


async def test_a_sheet_is_chosen_by_name_or_number(tmp_path):
    rows = [HEADER[:3], ("Festa", "2026-06-24", "Recife")]
    content = workbook_of(Notas=[("nada",)], Agenda=rows)
    async with serving(tmp_path) as served, served.client() as http:
        assert (await send(http, content, sheet="agenda")).json()["accepted"] == 1
        assert (await send(http, content, sheet="2")).json()["accepted"] == 1
        lacking = await send(http, content, sheet="Agendas")
        [error] = lacking.json()["errors"]
        assert (lacking.status_code, error["code"], error["field"]) == (422, "unknown_sheet", "sheet")
        assert "it has Notas, Agenda" in error["message"]
        assert error["suggestion"] == "Agenda"


async def test_a_hidden_first_sheet_is_skipped(tmp_path):
    book = openpyxl.load_workbook(io.BytesIO(workbook_of(Listas=[("x",)], Agenda=AGENDA)))
    book["Listas"].sheet_state = "hidden"
    async with serving(tmp_path) as served, served.client() as http:
        assert (await send(http, saved(book))).json()["accepted"] == 2


async def nothing_is_left(tmp_path):
    """Neither by the import, nor by the next start, which soon deletes what a stop left in a hurry."""
    async with serving(tmp_path) as served:
        await nothing_staged(served.app.state.services.store)


def declared_as(content, size):
    """Return an archive whose directory says that its first entry unpacks to so many bytes."""
    at = content.index(b"PK\x01\x02")
    return content[: at + 24] + size.to_bytes(4, "little") + content[at + 28 :]


FOREIGN = {
    "cut": (workbook_of(Agenda=AGENDA)[:-100], "not_text", "incomplete or damaged"),
    "no workbook": (archive_of(b"\x89PNG\r\n", "fotos/1.png"), "not_text", "fotos/1.png"),
    "hollow": (archive_of("<workbook/>"), "not_text", "damaged"),
    "binary": (archive_of("x", "xl/workbook.bin"), "not_text", "damaged"),
    "old": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "not_text", "old Office"),
    "bomb": (declared_as(archive_of("x"), 3_000_000_000), "too_large", "unpacked"),
    "no rows": (workbook_of(Agenda=[]), "empty_file", "header"),
    "no columns": (workbook_of(Agenda=[("nome", "quando")]), "missing_columns", "city"),
}


@pytest.mark.parametrize("kind", FOREIGN)
async def test_a_workbook_without_events_is_refused_with_advice(tmp_path, kind):
    content, code, words = FOREIGN[kind]
    async with serving(tmp_path) as served, served.client() as http:
        answer = await send(http, content, upload_id="x")
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["code"] == code
        assert words in answer.json()["errors"][0]["message"]
        last = (await http.get("/poll/upload/x")).json()["messages"][-2]
        assert (last["type"], last["status"], last["error"]["code"]) == ("finished", "failed", code)
    await nothing_is_left(tmp_path)


async def test_a_workbook_that_takes_too_much_memory_is_refused(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(HEADER)
    book.active.cell(1_048_576, 16_384, "far out")  # A dense table of it would be 400 GB.
    async with serving(tmp_path) as served, served.client() as http:
        answer = await send(http, saved(book))
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "too_large")


async def test_an_atomic_workbook_is_all_or_nothing(tmp_path):
    async with serving(tmp_path) as served, served.client() as http:
        bad = await send(http, workbook_of(Agenda=AGENDA), mode="atomic")
        assert bad.json()["status"] == "failed"
        good = await send(http, workbook_of(Agenda=AGENDA[:4]), mode="atomic")
        assert (good.json()["status"], good.json()["accepted"]) == ("completed", 2)
        assert (await http.get("/api/v1/eventos")).json()["total"] == 2
    await nothing_is_left(tmp_path)


async def test_rows_of_a_workbook_are_stored_once_the_file_is_complete(tmp_path):
    content = workbook_of(Agenda=AGENDA)
    async with serving(tmp_path) as served, served.client() as http:
        tus = {"Tus-Resumable": "1.0.0"}
        metadata = {"Upload-Length": str(len(content)), "Upload-Metadata": "upload_id eA=="}
        created = await http.post(f"{UPLOADS}/tus", headers=tus | metadata)
        where = created.headers["Location"]
        for at, until in ((0, 3), (3, 1000), (1000, len(content))):
            headers = tus | {"Upload-Offset": str(at), "Content-Type": "application/offset+octet-stream"}
            answer = await http.patch(where, headers=headers, content=content[at:until])
            assert answer.status_code == 204
        told, cursor = [], {}
        with anyio.fail_after(60):
            while not any(message["type"] == "finished" for message in told):
                answer = (await http.get("/poll/upload/x", params=cursor, timeout=60)).json()
                told, cursor = told + answer["messages"], {"last_event_id": answer["cursor"]}
        assert (await http.get(f"{UPLOADS}/x")).json()["accepted"] == 2


async def test_a_preview_shows_the_rows_of_a_workbook_or_says_that_it_is_incomplete(tmp_path):
    content = workbook_of(Agenda=AGENDA)
    async with serving(tmp_path) as served, served.client() as http:
        preview = f"{UPLOADS}/preview"
        shown = (await http.post(preview, files={"file": ("a.xlsx", content)}, timeout=60)).json()
        assert (shown["format"], shown["sheet"], shown["fault"]) == ("xlsx", "Agenda", None)
        assert [row["line"] for row in shown["rows"]] == [2, 4, 5]
        assert json.loads(json.dumps(shown["rows"][0]["event"]))["event_date"] == "2026-06-24T18:30:00"
        half = (await http.post(preview, files={"file": ("a.xlsx", content[:2000])}, timeout=60)).json()
        assert half["fault"]["code"] == "whole_file_needed"
        assert "whole file" in half["fault"]["message"]


async def test_cancelling_ends_the_unpacking_process(world, tmp_path, monkeypatch):
    child, runs = tmp_path / "child.py", tmp_path / "runs"
    os.mkfifo(runs)
    child.write_text(f"import time\nopen({str(runs)!r}, 'w').close()\ntime.sleep(600)\n")
    monkeypatch.setattr(container, "COMMAND", [sys.executable, str(child)])
    async with world.process() as imports:
        body = await world.begin()
        await body.write(workbook_of(Agenda=AGENDA))
        await body.complete()
        await anyio.to_thread.run_sync(lambda: runs.open().close())  # Opens when the child does.
        assert (await imports.cancel("x")).state == "cancelled"
        assert not any(str(child) in each.cmdline() for each in psutil.Process().children())


async def test_damage_that_shows_late_refuses_the_file_and_stores_nothing(tmp_path):
    async with serving(tmp_path) as served, served.client() as http:
        answer = await send(http, late_damage())
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["code"] == "not_text"
        preview = await http.post(f"{UPLOADS}/preview", files={"file": ("a.zip", late_damage())}, timeout=60)
        assert preview.status_code == 200
        assert (await http.get("/api/v1/eventos")).json()["total"] == 0


async def test_a_crash_of_the_unpacking_process_ends_the_import_as_internal(world, tmp_path, monkeypatch):
    child = tmp_path / "child.py"
    child.write_text("import sys\nsys.exit(7)\n")
    monkeypatch.setattr(container, "COMMAND", [sys.executable, str(child)])
    async with world.process():
        upload = await world.send(workbook_of(Agenda=AGENDA))
        assert (upload.state, upload.error.code) == ("failed", "internal")


ENDS = {
    "late_fault": (
        """print('\\n{"fault":{"field":"file","code":"not_text","message":"x"}}')\nsys.exit(13)\n""",
        "not_text",
    ),
    "late_fault_without_one": ("sys.exit(13)\n", "internal"),
    "out_of_memory": ("sys.exit(12)\n", "too_large"),
    "killed": ("os.kill(os.getpid(), signal.SIGKILL)\n", "too_large"),
    "out_of_time": ("os.kill(os.getpid(), signal.SIGXCPU)\n", "too_large"),
    "crashed": ("sys.exit(7)\n", "internal"),
    "too_much": ("print('B,2027-01-01,Recife\\n' * 300_000, flush=True)\n", "too_large"),
}


@pytest.mark.parametrize("end", ENDS)
async def test_what_was_unpacked_counts_only_after_a_good_end(world, tmp_path, monkeypatch, end):
    last, code = ENDS[end]
    child = tmp_path / "child.py"
    head = """print('{"kind":"csv"}\\ntitle,event_date,city')"""
    row = "print('A,2027-01-01,Recife', flush=True)"
    child.write_text(f"import os, signal, sys\n{head}\n{row}\n{last}")
    monkeypatch.setattr(container, "COMMAND", [sys.executable, str(child)])
    monkeypatch.setattr(container, "UNPACKED_BYTES", 2 * 1024 * 1024)
    async with world.process():
        upload = await world.send(workbook_of(Agenda=AGENDA))
        assert (upload.state, upload.error.code, upload.accepted) == ("failed", code, 0)
        await nothing_staged(world.store)


async def test_a_first_line_without_end_is_not_waited_for(world, tmp_path, monkeypatch):
    child = tmp_path / "child.py"
    child.write_text("while True: print('{' * 65536, end='')\n")
    monkeypatch.setattr(container, "COMMAND", [sys.executable, str(child)])
    async with world.process():
        upload = await world.send(workbook_of(Agenda=AGENDA))
        assert (upload.state, upload.error.code) == ("failed", "too_large")


@pytest.mark.parametrize("kind", ["csv", "sheet"])
async def test_a_preview_ends_the_unpacking_process_when_it_has_enough(tmp_path, monkeypatch, kind):
    child = tmp_path / "child.py"
    first, line = {
        "csv": ('{"kind":"csv"}\ntitle,event_date,city\n', "A,2027-01-01,Recife\n"),
        "sheet": ('{"sheet":"A"}\n["title","event_date","city"]\n', '["A","2027-01-01","Recife"]\n'),
    }[kind]
    child.write_text(
        f"import sys\nsys.stdout.write({first!r})\nwhile True: sys.stdout.write({line!r} * 1000)\n"
    )
    monkeypatch.setattr(container, "COMMAND", [sys.executable, str(child)])
    with anyio.fail_after(60):
        shown, _ = await preview_packed(archive_of(""), ImportOptions(), ZoneInfo("America/Recife"))
    assert shown.fault is None
    assert [row.line for row in shown.rows] == [*range(2, 22)]
    assert not any(str(child) in each.cmdline() for each in psutil.Process().children())


async def test_a_text_that_many_rows_share_is_bounded_by_what_is_written(world, monkeypatch):
    book = openpyxl.Workbook()
    book.active.append(HEADER[:3])
    for row in range(2, 200):
        book.active.cell(row, 4, 1)
    book.active["A2"] = "M" * 30_000
    book.active.merge_cells("A2:C200")
    monkeypatch.setattr(container, "UNPACKED_BYTES", 2 * 1024 * 1024)
    async with world.process():
        upload = await world.send(saved(book))
        assert (upload.state, upload.error.code) == ("failed", "too_large")
        await nothing_staged(world.store)


def test_unpacking_limits_leave_room_for_large_sheets():
    assert archive.UNPACKED_BYTES < unpacking.MEMORY_BYTES
    assert container.MAX_BYTES < archive.UNPACKED_BYTES
