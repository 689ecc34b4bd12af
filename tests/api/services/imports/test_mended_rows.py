"""Mended rows are judged by the rules of the import that rejected them, however they come back."""

import io
import json
from random import Random

import openpyxl
import pytest
from openpyxl.cell.cell import ERROR_CODES, ILLEGAL_CHARACTERS_RE

from api.services.imports.mended_rows import Rules
from api.services.imports.returned_file import ReturnedFile
from api.services.imports.row_source import Portion, Rows
from domain.csv.writer import csv_lines
from domain.imports import ImportOptions, Upload
from domain.ports.events import EventBatch
from tests.api.services.imports.test_kinds import send
from tests.serving import serving

pytestmark = pytest.mark.anyio

UPLOADS = "/api/v1/uploads"
EVENTS = "/api/v1/eventos"
FORMS = ("csv", "xlsx", "json")
CITY = {"defaults": '{"city":"R"}'}


def calendar(*events):
    lines = [line for event in events for line in ("BEGIN:VEVENT", *event, "END:VEVENT")]
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *lines, "END:VCALENDAR", ""]).encode()


def workbook(*rows, errors=()):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for cell in errors:
        book.active[cell].data_type = "e"
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


HEAD = "title,event_date,city,description\n"
CAUSES = {
    # Shown by the cells.
    "csv: no city, other order": (
        b"title,event_date,city\nP,25/12/2026,R\nA,01/07/2026,\nB,07/13/2026,R\n",
        {},
    ),
    "csv: a word for nothing, two readings": (f"{HEAD}A,-,R,\nB,01/02/2026,R,\n".encode(), {}),
    "csv: JSON with a member twice": (
        b'title,event_date,city,local_info\nA,2026-01-01,R,"{""location_name"":""T"",""location_name"":""U""}"\n',
        {},
    ),
    "json: local_info with a text for a number": (
        json.dumps(
            [
                {
                    "title": "A",
                    "event_date": "2026-01-01",
                    "city": "R",
                    "local_info": {"location_name": "T", "capacity": "300"},
                }
            ]
        ).encode(),
        {},
    ),
    # Hidden: of the row.
    "csv: missing and surplus cells": (f"{HEAD}A,2026-01-01\nB,2026-01-01,R,d,surplus\n".encode(), {}),
    "csv: quotes": (f'{HEAD}A,2026-01-01,"R"x,d\nB,2026-01-01,R,"never closed\n'.encode(), {}),
    "csv: lost bytes": (
        HEAD.encode() + "Ç,2026-01-01,R,\n".encode() + b"Jo\xe3o,2026-01-01,R,\n",
        {},
    ),
    "csv: control characters": (f"{HEAD}A\x0bB,2026-01-01,R,\nC\u202e,2026-01-01,R,\n".encode(), {}),
    "csv: another header": (
        b"title;event_date;city\nA;2026-01-01;R\nCidade;T\xc3\xadtulo;Data\nR;X;2026-01-01\n",
        {},
    ),
    "json: members twice, no JSON, no object": (
        (
            b'[{"title":"A","title":"B","event_date":"2026-07-01","city":"R"},5,'
            b'{"title":"D","event_date":"2026-07-01","city":"R","x":NaN}]'
        ),
        {},
    ),
    "ndjson: a broken line": (b'{"title":"B" "event_date":"2026-07-01"}\n' * 2, {}),
    # Hidden: of one cell.
    "json: types": (
        (
            b'[{"title":true,"event_date":"2026-07-01","city":"R"},{"title":5,"event_date":"2026-07-01","city":"R"},'
            b'{"title":"E","event_date":"2026-07-01","city":"R","participants":["a",5]},'
            b'{"title":"G","event_date":1782900000,"city":"R"}]'
        ),
        {},
    ),
    "ics: an unknown zone": (calendar(("SUMMARY:A", "DTSTART;TZID=Nope/X:20260701T100000")), CITY),
    "ics: a date that does not take place": (
        calendar(
            (
                "SUMMARY:A",
                "UID:r",
                "DTSTART:20260701T100000",
                "RRULE:FREQ=DAILY;COUNT=1",
                "EXDATE:20260701T100000",
            )
        ),
        CITY,
    ),
    "ics: a change of the first date": (
        calendar(
            ("SUMMARY:W", "UID:r", "DTSTART:20260701T100000", "RRULE:FREQ=WEEKLY;COUNT=3"),
            ("SUMMARY:M", "UID:r", "RECURRENCE-ID:20260701T100000", "DTSTART:20260701T120000"),
        ),
        CITY,
    ),
    "ics: no end": (calendar(("SUMMARY:A", "DTSTART:20260701"))[:-40], CITY),
    "xlsx: an error, formulas without a value": (
        workbook(
            ["title", "event_date", "city", "description"],
            ["A", "2026-07-01", "R", ERROR_CODES[4]],
            ["B", "2026-07-01", "R", "=A1"],
            ["C", "=TODAY()", "R", None],
            errors=("D2",),
        ),
        {},
    ),
}


async def told(http, upload_id):
    """Return field and code of the errors of each rejected row."""
    items = (await http.get(f"{UPLOADS}/{upload_id}/errors", params={"limit": 500})).json()["items"]
    return [sorted((error["field"], error["code"]) for error in row["errors"]) for row in items]


async def rejected_file(http, upload_id, form):
    return (await http.get(f"{UPLOADS}/{upload_id}/rejected", params={"format": form})).content


async def events(http):
    """Return title, date, city and description of each stored event."""
    items = (await http.get(EVENTS, params={"limit": 200})).json()["items"]
    return sorted((one["title"], one["event_date"][:10], one["city"], one["description"]) for one in items)


async def repaired(http, upload_id, *rows, **more):
    body = {"rows": [*rows], **more}
    return await http.post(f"{UPLOADS}/{upload_id}/repairs", json=body)


@pytest.mark.parametrize("again", [False, True], ids=["", "with the options once more"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("cause", CAUSES)
async def test_a_rejected_file_that_comes_back_as_it_was_is_rejected_as_it_was(tmp_path, cause, form, again):
    content, options = CAUSES[cause]
    async with serving(tmp_path) as served, served.client() as http:
        first = (await send(http, content, upload_id="x", **options)).json()
        before, errors = await events(http), await told(http, "x")
        assert errors, first
        params = {"repairs_of": "x", "upload_id": "y"} | (options if again else {})
        answer = (await send(http, await rejected_file(http, "x", form), **params)).json()
        assert (answer["accepted"], answer["rejected"]) == (0, len(errors)), answer
        assert await told(http, "y") == errors
        assert await told(http, "x") == errors
        assert await events(http) == before
        # What was rejected twice can come back from the second file, too.
        answer = (
            await send(http, await rejected_file(http, "y", form), repairs_of="y", upload_id="z")
        ).json()
        assert (answer["accepted"], await told(http, "z")) == (0, errors)


@pytest.mark.parametrize("cause", CAUSES)
async def test_rows_that_are_repaired_with_the_cells_they_have_stay_rejected(tmp_path, cause):
    content, options = CAUSES[cause]
    async with serving(tmp_path) as served, served.client() as http:
        await send(http, content, upload_id="x", **options)
        errors = await told(http, "x")
        items = (await http.get(f"{UPLOADS}/x/errors")).json()["items"]
        rows = [{"line": row["line"], "record": row["record"], "cells": {}} for row in items]
        answer = (await repaired(http, "x", *rows)).json()
        assert (answer["accepted"], answer["rejected"], answer["unknown_lines"]) == (0, len(rows), [])
        assert await told(http, "x") == errors


OF_A_CELL = [
    cause for cause in CAUSES if cause.startswith(("ics", "xlsx", "json: types")) and "end" not in cause
]


@pytest.mark.parametrize("cause", OF_A_CELL)
async def test_a_cause_that_no_cell_shows_stands_until_its_own_cell_is_changed(tmp_path, cause):
    content, options = CAUSES[cause]
    good = {
        "title": "New",
        "event_date": "2026-08-01",
        "participants": "a;b",
        "description": "new",
    }
    async with serving(tmp_path) as served, served.client() as http:
        await send(http, content, upload_id="x", **options)
        errors = await told(http, "x")
        items = (await http.get(f"{UPLOADS}/x/errors")).json()["items"]
        fields = [row["errors"][0]["field"].partition("[")[0] for row in items]
        elsewhere = [
            {
                "line": row["line"],
                "record": row["record"],
                "cells": {"city": "Olinda", **({} if field == "description" else {"description": "other"})},
            }
            for row, field in zip(items, fields, strict=True)
        ]
        answer = (await repaired(http, "x", *elsewhere)).json()
        assert (answer["accepted"], await told(http, "x")) == (0, errors)
        own = [{**row, "cells": {field: good[field]}} for row, field in zip(elsewhere, fields, strict=True)]
        answer = (await repaired(http, "x", *own)).json()
        assert (answer["accepted"], answer["rejected"]) == (len(own), 0), answer


ORDERS = {
    "proved": ("title,event_date,city\nP,25/12/2026,R\nA,01/07/2026,\n", {}),
    "given": ("title,event_date,city\nA,01/07/2026,\n", {"date_format": "dmy"}),
    "of the header": ("title,Data (DD/MM/AAAA),city\nA,01/07/2026,\n", {}),
    "given, and another column of dates": (
        "title,when,event_date,city\nA,01/07/2026,2026-02-02,\n",
        {"date_format": "dmy", "mapping": '{"event_date":"when"}'},
    ),
}


async def come_back(http, of_id, way, old, new, **options):
    """Send a rejected file back with one text put in place of another, or repair the first row so."""
    content = await rejected_file(http, of_id, way)
    if way == "xlsx":
        book = openpyxl.load_workbook(io.BytesIO(content))
        cells = [cell for row in book.active.iter_rows() for cell in row if cell.value == old]
        for cell in cells:
            cell.value = new
        into = io.BytesIO()
        book.save(into)
        content = into.getvalue()
    elif way == "json":
        rows = json.loads(content)
        rows = [
            {name: new if value == old and name[0] != "_" else value for name, value in row.items()}
            for row in rows
        ]
        content = json.dumps(rows).encode()
    else:
        content = content.replace(old.encode(), new.encode())
    return (await send(http, content, repairs_of=of_id, **options)).json()


@pytest.mark.parametrize("way", [*FORMS, "repairs"])
@pytest.mark.parametrize("order", ORDERS)
async def test_dates_are_read_in_the_order_of_their_import(tmp_path, order, way):
    content, options = ORDERS[order]
    content = content.replace("01/07/2026,\n", "01/07/2026,lost\n").replace("02-02,\n", "02-02,lost\n")
    options = options | {"values": '{"city":{"lost":""}}'}
    async with serving(tmp_path) as served, served.client() as http:
        await send(http, content.encode(), upload_id="x", **options)
        [row] = (await http.get(f"{UPLOADS}/x/errors")).json()["items"]
        if way == "repairs":
            answer = (await repaired(http, "x", {"line": row["line"], "cells": {"city": "R"}})).json()
        else:
            answer = await come_back(http, "x", way, "lost", "R")
        assert answer["accepted"] == 1, answer
        assert ("A", "2026-07-01", "R", "") in await events(http)


@pytest.mark.parametrize("way", FORMS)
async def test_the_options_of_the_import_count_and_those_of_the_file_stand_above_them(tmp_path, way):
    content = b"Name,When,Where,Data\nV,xx,Rec,2026-09-09\n"
    options = {
        "mapping": '{"title":"Name","event_date":"When","city":"Where"}',
        "values": '{"city":{"Rec":"Recife"}}',
        "defaults": '{"description":"told"}',
    }
    async with serving(tmp_path) as served, served.client() as http:
        await send(http, content, upload_id="x", **options)
        await send(http, content, upload_id="y", **options)
        assert (await come_back(http, "x", way, "xx", "02/03/2026"))["rejected"] == 1
        answer = await come_back(http, "x", way, "xx", "2026-03-02")
        assert answer["accepted"] == 1, answer
        own = {
            "mapping": '{"event_date":"Data"}',
            "values": '{"city":{"rec":"Olinda"}}',
            "defaults": '{"description":"else"}',
        }
        lost = await come_back(
            http, "y", way, "nothing", "", mapping='{"event_date":"Nowhere"}', upload_id="l"
        )
        told_of = (await http.get(f"{UPLOADS}/l")).json()
        assert (told_of["status"], told_of["error"]["code"]) == ("failed", "missing_columns"), lost
        answer = await come_back(http, "y", way, "nothing", "", **own)
        assert answer["accepted"] == 1, answer
        assert await events(http) == [
            ("V", "2026-03-02", "Recife", "told"),
            ("V", "2026-09-09", "Olinda", "else"),
        ]


@pytest.mark.parametrize("way", [*FORMS, "repairs"])
async def test_a_mended_row_meets_the_event_of_its_id_as_its_import_does(tmp_path, way):
    async with serving(tmp_path) as served, served.client() as http:
        await send(http, f"{HEAD}A,2026-01-01,R,old\n".encode())
        [stored] = (await http.get(EVENTS)).json()["items"]
        content = f"id,{HEAD}{stored['id']},B,2026-02-31,R,new\n,C,2026-02-31,R,\n".encode()
        await send(http, content, upload_id="x", on_duplicate="update")
        if way == "repairs":
            rows = [{"line": line, "cells": {"event_date": "2026-02-28"}} for line in (2, 3)]
            answer = (await repaired(http, "x", *rows)).json()
        else:
            answer = await come_back(http, "x", way, "2026-02-31", "2026-02-28")
        assert answer["accepted"] == 2, answer
        assert await events(http) == [("B", "2026-02-28", "R", "new"), ("C", "2026-02-28", "R", "")]
        ended = (await http.get(f"{UPLOADS}/x")).json()
        assert (ended["updated"], ended["created"], ended["rejected"]) == (1, 1, 0)
        await http.post(f"{UPLOADS}/x/undo")
        assert await events(http) == [("A", "2026-01-01", "R", "old")]


def minified(*titles):
    return json.dumps([{"title": one, "event_date": "xx", "city": "R"} for one in titles]).encode()


@pytest.mark.parametrize("way", FORMS)
async def test_each_of_several_rows_on_one_line_is_mended_by_itself(tmp_path, way):
    async with serving(tmp_path) as served, served.client() as http:
        await send(http, minified("A", "B", "C"), upload_id="x")
        rows = [{"line": 1, "record": n, "cells": {"event_date": f"2026-01-0{n}"}} for n in (1, 3)]
        unclear = await repaired(http, "x", {"line": 1, "cells": {"event_date": "2026-01-01"}})
        assert unclear.status_code == 422
        assert unclear.json()["errors"][0]["code"] == "ambiguous_row"
        twice = await repaired(http, "x", rows[0], rows[0])
        assert (twice.status_code, twice.json()["errors"][0]["code"]) == (422, "repeated")
        nowhere = (await repaired(http, "x", {**rows[0], "record": 9}, {**rows[0], "line": 2})).json()
        assert (nowhere["accepted"], nowhere["unknown_lines"]) == (0, [1, 2])
        # The rest of the file is as it was, and the file is sent twice: what is in is passed over.
        file = await rejected_file(http, "x", way)
        assert (await repaired(http, "x", *rows)).json()["accepted"] == 2
        answer = await come_back(http, "x", way, "xx", "2026-01-02")
        assert (answer["accepted"], answer["created"]) == (1, 1), answer
        await send(http, file, repairs_of="x")
        found = [(title, date) for title, date, *_ in await events(http)]
        assert found == [("A", "2026-01-01"), ("B", "2026-01-02"), ("C", "2026-01-03")]


@pytest.mark.parametrize("left", [3, 1])
async def test_rows_that_name_no_record_where_a_line_has_several_are_told(tmp_path, left):
    """Of a file that was downloaded when there was no `_record`, and of lines that a person wrote."""
    async with serving(tmp_path) as served, served.client() as http:
        await send(http, minified("A", "B", "C"), upload_id="x")
        rows = json.loads(await rejected_file(http, "x", "json"))
        for record in range(1, 4 - left):
            cells = {"event_date": "2026-01-01"}
            await repaired(http, "x", {"line": 1, "record": record, "cells": cells})
        before = await events(http)
        old = [{**row, "event_date": "2026-02-02"} for row in rows]
        for row in old:
            del row["_record"]
        answer = (await send(http, json.dumps(old).encode(), repairs_of="x", upload_id="y")).json()
        assert (answer["accepted"], await told(http, "y")) == (0, [[("_line", "ambiguous_row")]] * 3)
        nameless = [{**rows[0], "_line": "", "_record": ""}, {**rows[0], "_line": "first"}]
        answer = (await send(http, json.dumps(nameless).encode(), repairs_of="x", upload_id="z")).json()
        assert (answer["accepted"], await told(http, "z")) == (0, [[("_line", "unknown_row")]] * 2)
        assert await events(http) == before


async def test_a_file_without_records_still_comes_back_where_its_lines_are_clear(tmp_path):
    content = b"\n".join(minified(one)[1:-1] for one in "AB")
    async with serving(tmp_path) as served, served.client() as http:
        await send(http, content, upload_id="x")
        rows = json.loads(await rejected_file(http, "x", "json"))
        for row in rows:
            del row["_record"]
            row["event_date"] = "2026-01-01"
        assert (await send(http, json.dumps(rows).encode(), repairs_of="x")).json()["created"] == 2


async def test_columns_of_a_returned_file_may_be_moved_left_out_and_added(tmp_path):
    content = b"T\xc3\xadtulo;Data;Cidade;Obs\nA;xx;R;=x\nB;xx;R;y\n"
    async with serving(tmp_path) as served, served.client() as http:
        await send(http, content, upload_id="x")
        mended = "_line,descrição,Data,other\n3,told,2026-01-03,z\n2,,2026-01-02,\n"
        answer = (await send(http, mended.encode(), repairs_of="x", upload_id="y")).json()
        assert (answer["accepted"], answer["created"]) == (2, 2), answer
        assert await events(http) == [("A", "2026-01-02", "R", ""), ("B", "2026-01-03", "R", "told")]
        ended = (await http.get(f"{UPLOADS}/y")).json()
        [warning] = ended["warnings"]
        assert (warning["code"], warning["names"]) == ("ignored_columns", ["other"])
        assert ended["mapping"] == {"description": "descrição", "event_date": "Data"}


async def test_rows_of_json_come_back_with_lists_and_objects(tmp_path):
    first = [{"title": "A", "event_date": "xx", "city": "R", "participants": ["a", "b"]}]
    async with serving(tmp_path) as served, served.client() as http:
        await send(http, json.dumps(first).encode(), upload_id="x")
        [row] = json.loads(await rejected_file(http, "x", "json"))
        people = [{**row, "event_date": "2026-01-01", "participants": ["c", 5]}]
        answer = (await send(http, json.dumps(people).encode(), repairs_of="x", upload_id="y")).json()
        assert (answer["accepted"], await told(http, "y")) == (0, [[("participants[1]", "invalid_type")]])
        people[0] |= {"participants": ["c", {"name": "d"}], "local_info": {"location_name": "Teatro"}}
        answer = (await send(http, json.dumps(people).encode(), repairs_of="x", upload_id="z")).json()
        assert answer["created"] == 1, await told(http, "z")
        [stored] = (await http.get(EVENTS)).json()["items"]
        assert (stored["participants"], stored["local_info"]["location_name"]) == (["c", "d"], "Teatro")


@pytest.mark.parametrize(("wrong", "right"), [(1, True), ("300", 300)])
async def test_a_member_that_only_changes_its_type_is_mended(tmp_path, wrong, right):
    name = "is_accessible" if right is True else "capacity"
    first = [
        {
            "title": "A",
            "event_date": "2026-01-01",
            "city": "R",
            "local_info": {"location_name": "Teatro", name: wrong},
        }
    ]
    async with serving(tmp_path) as served, served.client() as http:
        assert (await send(http, json.dumps(first).encode(), upload_id="x")).json()["rejected"] == 1
        rows = json.loads(await rejected_file(http, "x", "json"))
        rows[0]["local_info"][name] = right
        assert (await send(http, json.dumps(rows).encode(), repairs_of="x")).json()["created"] == 1


async def test_a_formula_without_a_value_in_a_returned_workbook_is_told(tmp_path):
    async with serving(tmp_path) as served, served.client() as http:
        await send(http, f"{HEAD}A,xx,R,d\n".encode(), upload_id="x")
        book = openpyxl.load_workbook(io.BytesIO(await rejected_file(http, "x", "xlsx")))
        book.active["B2"], book.active["D2"] = "2026-01-01", "=A1"
        content = io.BytesIO()
        book.save(content)
        answer = (await send(http, content.getvalue(), repairs_of="x", upload_id="y")).json()
        assert (answer["accepted"], await told(http, "y")) == (0, [[("description", "no_saved_value")]])


@pytest.mark.parametrize("mode", ["partial", "atomic"])
async def test_a_returned_file_may_be_tried_and_may_be_taken_whole(tmp_path, mode):
    async with serving(tmp_path) as served, served.client() as http:
        await send(http, f"{HEAD}A,xx,R,\nB,yy,R,\n".encode(), upload_id="x")
        tried = await come_back(http, "x", "csv", "xx", "2026-01-01", dry_run="true")
        assert (tried["accepted"], tried["rejected"], await events(http)) == (1, 1, [])
        half = await come_back(http, "x", "csv", "xx", "2026-01-01", mode=mode)
        assert half["accepted"] == (1 if mode == "partial" else 0), half
        file = (await rejected_file(http, "x", "csv")).replace(b",xx,", b",2026-01-01,")
        file = file.replace(b",yy,", b",2026-01-02,")
        whole = (await send(http, file, repairs_of="x", mode=mode)).json()
        assert whole["status"] == "completed", whole
        assert [title for title, *_ in await events(http)] == ["A", "B"]
        assert (await http.get(f"{UPLOADS}/x")).json()["rejected"] == 0


async def test_rows_of_a_large_returned_file_all_join_their_import(tmp_path):
    """More rows than one portion has."""
    rows = 12_000
    content = HEAD + "".join(f"E{n},x{n},R,\n" for n in range(rows))
    async with serving(tmp_path) as served, served.client() as http:
        assert (await send(http, content.encode(), upload_id="x")).json()["rejected"] == rows
        file = (await rejected_file(http, "x", "csv")).replace(b",x", b",2026-01-01 #")
        lines = [line.partition(b" #") for line in file.splitlines(keepends=True)]
        file = b"".join(first + rest[rest.find(b",") :] for first, _, rest in lines)
        answer = (await send(http, file, repairs_of="x")).json()
        assert (answer["accepted"], answer["created"], answer["rejected"]) == (rows, rows, 0), answer
        assert (await http.get(f"{UPLOADS}/x")).json()["accepted"] == rows


ODD = (
    *(
        "",
        " ",
        "A",
        "=x",
        "'=x",
        "'A",
        "#REF!",
        "'#REF!",
        "-",
        "null",
        "a\nb",
        " a ",
        "\u00a0a",
        "x\ty",
        '"',
        'a"b',
    ),
    *("a;b", "[1]", '["a"]', "{", '{"location_name":"Teatro","capacity":"3"}', '{"location_name": "Teatro"}'),
    *("2026-01-01", "01/02/2026", "13/02/2026", "31/02/2026", "2026-01-01T10:00:00 BRT", "10h", "1782900000"),
    *("0", "1.0", "1,5", "true", "\ufffd", "e\u0301", "\u202e", "\x0b", "<b>", "&amp;", "_x000A_", "A\r\nB"),
)
"""Texts that a program may change on their way through a file, or that some rule is about."""

COLUMNS = ("title", "event_date", "city", "participants", "description", "local_info", "Obs")


def odd_rows(seed, count=120):
    chance = Random(seed)
    return [[chance.choice(ODD) for _ in COLUMNS] for _ in range(count)]


def odd_file(kind, rows):
    if kind == "json":
        return json.dumps([dict(zip(COLUMNS, row, strict=True)) for row in rows]).encode()
    if kind == "xlsx":
        rows = [[ILLEGAL_CHARACTERS_RE.sub("", cell) for cell in row] for row in rows]
        return workbook(COLUMNS, *rows)
    return csv_lines([COLUMNS, *rows])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", ["csv", "json", "xlsx"])
async def test_whatever_cells_are_rejected_come_back_to_the_same_errors(tmp_path, kind, form):
    async with serving(tmp_path) as served, served.client() as http:
        await send(http, odd_file(kind, odd_rows(f"{kind} {form}")), upload_id="x")
        before, errors = await events(http), await told(http, "x")
        assert len(errors) > 50
        answer = (
            await send(http, await rejected_file(http, "x", form), repairs_of="x", upload_id="y")
        ).json()
        again = await told(http, "y")
        assert [pair for pair in zip(errors, again, strict=True) if pair[0] != pair[1]] == []
        assert (answer["accepted"], await events(http)) == (0, before)


async def test_a_file_that_an_earlier_version_began_to_read_is_to_be_sent_again():
    """Its rows came as events: they were judged by the rules of a file of their own."""
    own = Upload("y", "processing", "a.csv", ImportOptions(repairs_of="x"), "ana", 0, 0)
    mended = Upload("x", "completed", "a.csv", ImportOptions(), "ana", 0, 0)
    rules = Rules("x", [], ImportOptions(), is_table=True, has_header=True)
    returned = ReturnedFile(own, mended, rules, open_source=None)
    portion = Portion(Rows(EventBatch(1, [b""], []), [], []), 0, b"")
    judged = (await returned.judged(portion, None)).portion
    assert (judged.fault.code, judged.fault.rule) == ("wrong_state", "earlier_version")
    assert judged.rows.events.count == 0
