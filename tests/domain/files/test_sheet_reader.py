"""The rows of a workbook's table: headings that are one merged cell are no events."""

import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.files.preview import preview
from domain.files.sheet_reader import SheetReader
from domain.imports import ImportOptions

RECIFE = ZoneInfo("America/Recife")
DAY = "quarta-feira, 2 de julho de 2025"
EVENT = ["A", "2025-07-02", "Recife", "Sala"]


def read(header: list[str], *lines: Any, chunk: int = 1 << 20, **options: Any) -> tuple[list[str], int]:
    """Return titles or codes of the rows, with their lines, and how many separators were told."""
    reader = SheetReader(ImportOptions(**options), RECIFE)
    content = b"".join(json.dumps(line).encode() + b"\n" for line in ({"sheet": "S"}, header, *lines))
    told: list[str] = []
    for start in range(0, len(content), chunk):
        reader.feed(content[start : start + chunk])
        while not reader.is_hungry:
            told += [
                f"{row.line} {row.fields.title if row.fields else row.errors[0].code}"
                for row in reader.rows()
            ]
    reader.close()
    while not reader.is_hungry:
        told += [
            f"{row.line} {row.fields.title if row.fields else row.errors[0].code}" for row in reader.rows()
        ]
    assert reader.fault is None
    counts = {warning["code"]: warning["count"] for warning in reader.warnings}
    return told, counts.get("separator_row", 0)


HEADER = ["title", "event_date", "city", "location_name"]
ROWS: dict[str, tuple[list[str], Any, str | None]] = {
    "over the table": (HEADER, {"cells": [DAY] * 4, "merged": [1, 2, 3]}, None),
    "over title, date and city": (HEADER, {"cells": [DAY] * 3, "merged": [1, 2]}, None),
    "no date": (HEADER, {"cells": ["JULHO"] * 4, "merged": [1, 2, 3]}, None),
    "a number below it": (HEADER, {"cells": ["JULHO"] * 3 + ["5"], "merged": [1, 2]}, None),
    "an error": (
        HEADER,
        {"cells": ["#REF!"] * 3, "merged": [1, 2], "faults": [[0, "cell_error", "#REF!"]]},
        None,
    ),
    "over other columns, too": (
        ["title", "", "event_date", "city"],
        {"cells": [DAY] * 4, "merged": [1, 2, 3]},
        None,
    ),
    "title and date alone": (HEADER, {"cells": [DAY, DAY, "Recife"], "merged": [1]}, DAY),
    "two merged cells": (["title", "x", "event_date", "city"], {"cells": [DAY] * 4, "merged": [1, 3]}, DAY),
    "equal texts": (HEADER, [DAY, DAY, DAY], DAY),
    "other cells": (HEADER, {"cells": [*EVENT, "x", "x"], "merged": [5]}, "A"),
}


@pytest.mark.parametrize("chunk", [1 << 20, 30])
@pytest.mark.parametrize("name", ROWS)
def test_a_row_that_is_one_merged_cell_is_no_event(name: str, chunk: int) -> None:
    header, line, title = ROWS[name]
    event = [EVENT[HEADER.index(name)] if name in HEADER else "" for name in header]
    told, count = read(header, event, line, event, chunk=chunk)
    assert told == ["2 A", *([f"3 {title}"] if title else []), "4 A"]
    assert count == (not title)


@pytest.mark.parametrize("chunk", [1 << 20, 30])
@pytest.mark.parametrize(
    ("header", "lines", "titles", "count"),
    [
        (["title", "venue"], ["=", "A", "=", "B"], ["A", "B"], 2),
        (["title", "venue"], ["=", "="], [], 2),
        (["title", "notes x"], ["=", "A"], [DAY, "A"], 0),
        (["title", "venue"], ["Sarau=", "A"], ["Sarau", "A"], 0),
        (["title", ""], ["=", "A"], [DAY, "A"], 0),
        (["title"], ["A", "B"], ["A", "B"], 0),
        (["title", "x", "venue"], ["2", "A"], [DAY, "A"], 0),
    ],
)
def test_a_heading_over_a_table_of_titles_is_no_event(
    header: list[str], lines: list[str], titles: list[str], count: int, chunk: int
) -> None:
    one_day = {"event_date": "2025-07-01", "city": "R"}
    rows: list[Any] = []
    for line in lines:
        width = 2 if line == "2" else len(header)
        merged = {
            "cells": [line.removesuffix("=") if len(line) > 1 else DAY] * width,
            "merged": [*range(1, width)],
        }
        rows.append(merged if line.endswith("=") or line == "2" else [line, *["Sala"] * (len(header) - 1)])
    told, found = read(header, *rows, chunk=chunk, defaults=one_day)
    assert ([each.partition(" ")[2] for each in told], found) == (titles, count)


def test_without_a_column_of_cities_title_and_date_are_enough() -> None:
    for line, count in (({"cells": [DAY, DAY], "merged": [1]}, 1), ([DAY, DAY], 0)):
        told, found = read(["title", "event_date"], ["A", "2025-07-02"], line, defaults={"city": "Recife"})
        assert (len(told), found) == (2 - count, count)


@pytest.mark.parametrize(
    ("header", "heading", "given", "count"),
    [
        (["title", "city"], DAY, {"event_date": "2025-07-01"}, 2),
        (["title", "city"], "Sábado (5/7)", {"event_date": "2025-07-01"}, 2),
        (["title", "city"], "PALCO 2", {"event_date": "2025-07-01"}, 0),
        (["title", "event_date", "city"], DAY, {}, 0),
        (["title", "event_date", "city"], DAY, {"event_date": "2025-07-01"}, 0),
    ],
)
def test_days_in_headings_are_counted_where_all_rows_are_given_one(
    header: list[str], heading: str, given: dict[str, str], count: int
) -> None:
    width = len(header)
    line = {"cells": [heading] * width, "merged": [*range(1, width)]}
    event = ["A", "2025-07-02", "Recife"] if width == 3 else ["A", "Recife"]
    lines = ({"sheet": "S"}, header, line, event, line, event)
    content = b"".join(json.dumps(each).encode() + b"\n" for each in lines)
    reader = SheetReader(ImportOptions(defaults=given), RECIFE)
    reader.feed(content)
    reader.close()
    while not reader.is_hungry:
        reader.rows()
    counts = {warning["code"]: warning["count"] for warning in reader.warnings}
    assert (counts["separator_row"], counts.get("date_in_heading", 0)) == (2, count)
    # Of the date that the preview puts in for one that is missing nobody is warned.
    seen = preview(content, truncated=False, options=ImportOptions(), timezone=RECIFE, kind=SheetReader)
    assert "date_in_heading" not in {warning["code"] for warning in seen.warnings}
    is_told = seen.fault is not None and seen.fault.rule == "headings"
    assert is_told == bool(count)


@pytest.mark.parametrize(("head", "day"), [({}, "2022-05-27"), ({"is_1904": True}, "2026-05-28")])
def test_a_number_in_place_of_a_date_is_counted_from_the_first_day_of_its_workbook(
    head: dict[str, bool], day: str
) -> None:
    lines = ({"sheet": "S"} | head, ["title", "event_date", "city"], *[["A", "44708", "R"]] * 2)
    reader = SheetReader(ImportOptions(), RECIFE)
    reader.feed(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    reader.close()
    told: list[Any] = []
    while not reader.is_hungry:
        told += [row.errors[0].suggestion for row in reader.rows(max_rows=1)]
    assert told == [day, day]


def test_further_sheets_with_events_are_warned_of_also_after_a_restart() -> None:
    head = {"sheet": "Janeiro", "sheets": [{"name": "Janeiro"}], "others": ["Fevereiro", "Março"]}
    lines = (head, ["title", "event_date", "city"], ["A", "2025-07-01", "R"], ["B", "2025-07-02", "R"])
    content = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    reader = SheetReader(ImportOptions(), RECIFE)
    assert reader.warnings == []
    reader.feed(content)
    reader.close()
    while not reader.is_hungry:
        reader.rows(max_rows=1)
        resumed = SheetReader.load(reader.dump(), ImportOptions(), RECIFE)
        [warning] = resumed.warnings
        assert (warning["code"], warning["count"], warning["names"]) == ("other_sheets", 2, head["others"])
    assert reader.warnings == resumed.warnings


SEATS = ["title", "event_date", "city", "capacity", "location_name"]
UNSAVED, ERROR = "no_saved_value", "cell_error"


def unvalued(cells: list[str], **faults: str) -> dict[str, Any]:
    """Return a line with cells that have no value, by their columns."""
    places = {column: SEATS.index(column) for column in faults}
    shown = {column: "#N/A" if code == ERROR else "" for column, code in faults.items()}
    for column, place in places.items():
        cells[place] = shown[column]
    return {"cells": cells, "faults": [[places[c], code, shown[c]] for c, code in faults.items()]}


NO_RECORDS: dict[str, tuple[dict[str, Any], str | None, int]] = {
    # What the row is told as, and how many rows of totals are.
    "a sum": (unvalued(["TOTAL", "", "", ""], capacity=UNSAVED), None, 1),
    "a subtotal": (unvalued(["Subtotal", "", "", ""], capacity=UNSAVED), None, 1),
    "an average": (unvalued(["Soma", "", "", ""], capacity=ERROR), None, 1),
    "a count below the dates": (unvalued(["TOTAL", "", "", ""], event_date=UNSAVED), None, 1),
    "filled in below": (unvalued(["", "", "", ""], capacity=UNSAVED), None, 0),
    "looked up below": (unvalued(["", "", "", ""], city=ERROR, capacity=UNSAVED), None, 0),
    "an event": (unvalued(["B", "2025-07-02", "Recife", "", "Sala"], capacity=UNSAVED), UNSAVED, 0),
    "an event without a date": (unvalued(["B", "", "Recife", ""], capacity=UNSAVED), UNSAVED, 0),
    "a title of formulas": (unvalued(["", "", "", ""], title=UNSAVED), UNSAVED, 0),
    "a row of formulas": (
        unvalued(["", "", "", ""], title=UNSAVED, event_date=UNSAVED, city=UNSAVED),
        UNSAVED,
        0,
    ),
    "a total that may be an event": (
        unvalued(["Total", "", "", ""], event_date=UNSAVED, city=UNSAVED),
        UNSAVED,
        0,
    ),
    "errors in all": (unvalued(["", "", "", ""], title=ERROR, event_date=ERROR, city=ERROR), ERROR, 0),
}


@pytest.mark.parametrize("name", NO_RECORDS)
def test_a_row_that_is_no_record_needs_no_values(name: str) -> None:
    line, code, totals = NO_RECORDS[name]
    reader = SheetReader(ImportOptions(), RECIFE)
    lines = ({"sheet": "S"}, SEATS, [*EVENT[:3], "5", "Sala"], line, [*EVENT[:3], "6", "Sala"])
    reader.feed(b"".join(json.dumps(each).encode() + b"\n" for each in lines))
    reader.close()
    found = []
    while not reader.is_hungry:
        found += [row.errors[0].code if row.errors else row.line for row in reader.rows()]
    assert found == [2, *([code] if code else []), 4]
    counts = {warning["code"]: warning["count"] for warning in reader.warnings}
    assert counts.get("total_row", 0) == totals


@pytest.mark.parametrize(("below", "told"), [("Fim", []), ("Término", []), ("Hora", ["#3"]), ("", ["#3"])])
def test_a_time_that_a_second_header_row_names_as_an_end_is_not_asked_about(
    below: str, told: list[str]
) -> None:
    lines: list[Any] = [
        {"sheet": "S"},
        {"cells": ["Título", "Data", "Data", "Cidade"], "merged": [2]},
        ["Título", "Início", below, "Cidade"],
        ["A", "2026-12-03", "2026-12-04T21:00:00", "Recife"],
        ["B", "2026-12-04", "2026-12-08T22:00:00", "Olinda"],
    ]
    reader = SheetReader(ImportOptions(), ZoneInfo("UTC"))
    reader.feed("".join(json.dumps(line) + "\n" for line in lines).encode())
    reader.close()
    accepted = 0
    while not reader.is_hungry:
        accepted += sum(row.fields is not None for row in reader.rows())
    assert accepted == 2
    assert [
        name for each in reader.warnings if each["code"] == "time_not_used" for name in each["names"]
    ] == told
