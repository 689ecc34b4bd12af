"""Rows that were there before: whole, or in the columns that are used."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.csv.reader import CsvReader
from domain.imports import ImportOptions

RECIFE = ZoneInfo("America/Recife")


def warnings_of(
    content: str, *, mapping: dict[str, str | None] | None = None
) -> dict[str, dict[str, object]]:
    reader = CsvReader(ImportOptions(mapping=mapping), RECIFE)
    reader.feed(content.encode())
    reader.close()
    while not reader.is_hungry:
        reader.rows(max_rows=3)
    return {str(warning["code"]): warning for warning in reader.warnings}


def counts(content: str) -> tuple[object, object]:
    found = warnings_of(content)
    return found.get("repeated_row", {}).get("count", 0), found.get("same_event", {}).get("count", 0)


def test_rows_that_differ_only_in_columns_that_are_not_used_are_told_with_these() -> None:
    attendees = "\n".join(f"Congresso;13/12/2026;Recife;P{number};p{number}@x.org" for number in range(60))
    found = warnings_of(f"Nome do evento;Data;Cidade;Inscrito;E-mail\n{attendees}")
    assert "repeated_row" not in found
    same = found["same_event"]
    assert (same["count"], same["names"]) == (59, ["Inscrito", "E-mail"])
    assert "Inscrito, E-mail" in str(same["message"])
    assert "on_duplicate=skip with key=title,event_date,city" in str(same["message"])


@given(st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from(["", "x", "y"])), max_size=12))
def test_each_row_is_new_a_repeat_or_the_same_event(rows: list[tuple[str, str]]) -> None:
    content = "title,event_date,city,extra\n" + "\n".join(f"{title},2026-12-13,R,{x}" for title, x in rows)
    repeats = len(rows) - len(set(rows))
    same = len(set(rows)) - len({title for title, _ in rows})
    assert counts(content) == (repeats, same)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        # All columns are used: what repeats is the whole row.
        ("title,event_date,city,description\nA,2026-12-13,R,x\nA,2026-12-13,R,y\nA,2026-12-13,R,x", (1, 0)),
        ("title,event_date,city,id,obs\nA,2026-12-13,R,1,x\nA,2026-12-13,R,2,x", (0, 0)),
        # A column without a name is not used either.
        ("title,event_date,city,,obs\nA,2026-12-13,R,1,x\nA,2026-12-13,R,2,x", (0, 1)),
        ("title,event_date,city,\nA,2026-12-13,R,1\nA,2026-12-13,R,2", (0, 1)),
        # Delimiters at the end of a row are no cells.
        ("title,event_date,city,obs\nA,2026-12-13,R,x,,\nA,2026-12-13,R,x", (1, 0)),
    ],
)
def test_what_is_used_decides(content: str, expected: tuple[int, int]) -> None:
    assert counts(content) == expected


def test_a_column_that_is_unmapped_is_not_used() -> None:
    content = "title,event_date,city,description\nA,2026-12-13,R,x\nA,2026-12-13,R,y"
    assert warnings_of(content, mapping={"description": None})["same_event"]["names"] == ["description"]
