"""Why a required column is missing, in the words that help."""

import pytest

from domain.rows.missing_columns import missing_columns

BELOW = [["b", "c"]]


@pytest.mark.parametrize(
    ("names", "sample", "rule"),
    [
        (["Nota 1 da agenda"], BELOW, "no_names"),
        (["x"], BELOW, "no_names"),
        (["foo", "bar"], BELOW, "no_names"),
        (["foo", "bar"], [], None),
        (["title", "bar"], BELOW, None),
        (["1", "2", "3"], BELOW, "no_header"),
        (["A", "2026-07-01", "R"], BELOW, "no_header"),
        (["2026-07-01"], BELOW, "no_header"),
    ],
)
def test_a_header_further_down_is_thought_of(
    names: list[str], sample: list[list[str]], rule: str | None
) -> None:
    found = missing_columns(["event_date", "city"], names, sample)
    assert (found.rule or None) == rule
    assert ("header_row" in found.message) == (rule == "no_names")
