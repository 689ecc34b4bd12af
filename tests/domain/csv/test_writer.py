"""What is written as CSV is read as it was: any cells, any delimiter, any row after another."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.csv.record_scanner import scan
from domain.csv.writer import csv_lines

cells = st.text(alphabet="a1'\",;\t |=\ufeff\r\né", max_size=6)
tables = st.integers(1, 3).flatmap(
    lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1, max_size=4)
)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@given(rows=tables)
@example(rows=[["\ufeff'"], ["\ufeff"], ["\ufeff\ufeff", "a"]])
@example(rows=[["a", "b"], ["\ufeffa", "b"]])
@example(rows=[[""], ["\r"], ['\ufeff"']])
def test_rows_are_read_as_they_were_written(delimiter: str, rows: list[list[str]]) -> None:
    text = csv_lines(rows, delimiter).decode()
    read, position = [], 0
    while position < len(text):
        record = scan(text, position, len(text), delimiter, backslash=False, final=True)
        assert record is not None
        assert record.fault is None
        read.append(record.cells)
        position = record.end
    assert read == rows
