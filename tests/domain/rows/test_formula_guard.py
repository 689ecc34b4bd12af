"""What an export guards, an import reads as it was; what a spreadsheet shows as an error is none of ours."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.csv.reader import CsvReader
from domain.csv.writer import csv_lines
from domain.imports import ImportOptions
from domain.rows.formula_guard import (
    error_as_text,
    exported,
    guarded,
    imported,
    may_be_guarded,
    unguarded,
)

ERRORS = ["#N/A", "#REF!", "#VALOR!", "Err:502", "Erro:508", "#n/d", "#DIV/0!"]
TEXTS = st.builds(
    str.__add__,
    st.text(alphabet="' ", max_size=3),
    st.sampled_from([*ERRORS, "=1+1", "-", "@x", "\tx", "", "#1", "A", "#REF! x"]),
)


@given(TEXTS)
def test_each_text_is_read_as_it_was_exported(text: str) -> None:
    assert imported(exported(text)) == text
    assert imported(error_as_text(text)) in (text, unguarded(text))
    assert unguarded(guarded(text)) == text
    if imported(text) != text:
        assert may_be_guarded(text)


@pytest.mark.parametrize("write", [str, exported], ids=["an error", "a text"])
@pytest.mark.parametrize("text", ERRORS)
@pytest.mark.parametrize("rows", [1, 50])
def test_a_table_tells_an_error_from_a_text_like_one(
    text: str, write: Callable[[str], str], rows: int
) -> None:
    lines = csv_lines([["title", "event_date", "city"], *[[write(text), "2026-05-28", "R"]] * rows], ",")
    reader = CsvReader(ImportOptions(), ZoneInfo("America/Recife"))
    reader.feed(lines)
    reader.close()
    found = []
    while not reader.is_hungry:
        found += reader.rows()
    told = [row.fields.title if row.fields else row.errors[0].code for row in found]
    assert told == [text if write is exported else "cell_error"] * rows
