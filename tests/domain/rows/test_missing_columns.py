"""Why a required column is missing, in the words that help."""

import pytest

from domain.problems import Problem
from domain.rows.columns import Columns, match_columns
from domain.rows.missing_columns import missing_columns, unplaced_columns

BELOW = [["b", "c"]]
HEAD = ["title", "event_date", "city"]
ROWS = [["A", "2026-07-01", "Recife"]]


@pytest.mark.parametrize(
    ("mapping", "fields", "rule", "params"),
    [
        ({"title": None}, ("title",), "unmapped", {"targets": ("title",)}),
        ({"title": None, "city": None}, ("title", "city"), "unmapped", {"targets": ("title", "city")}),
        (
            {"title": "city"},
            ("city",),
            "taken",
            {"column": "city", "target": "city", "used_as": "title"},
        ),
        (
            {"local_info.address": "city"},
            ("city",),
            "taken",
            {"column": "city", "target": "city", "used_as": "local_info.address"},
        ),
        ({"description": "event_date"}, ("event_date",), "taken", {"used_as": "description"}),
        ({"description": None}, (), None, {}),
    ],
)
@pytest.mark.parametrize("sample", [ROWS, None])
def test_the_uploaders_own_mapping_is_named_as_the_reason(
    mapping: dict[str, str | None],
    fields: tuple[str, ...],
    rule: str | None,
    params: dict[str, object],
    sample: list[list[str]] | None,
) -> None:
    found = match_columns(HEAD, mapping, None, sample)
    if rule is None:
        assert isinstance(found, Columns)
        return
    assert isinstance(found, Problem)
    assert (found.code, found.rule) == ("missing_columns", rule)
    assert found.params is not None
    assert found.params.items() >= {"fields": fields, **params}.items()
    assert "because of its values" not in found.message


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
    assert ("option header_row" in found.message) == (rule == "no_names")
    assert ("header_row=0" in found.message) == (rule == "no_header")


@pytest.mark.parametrize(
    ("names", "rule"),
    [
        (["Show", "01/07/2026", "Recife"], "no_header"),
        (["Show", "1 de julho de 2026", "Recife"], "no_header"),
        (["12", "2026-07-01T10:00:00", ""], "no_header"),
        (["Evento", "Local", "01/07/2026"], None),
        (["foo", "bar 2026", "1 de"], "no_names"),
    ],
)
def test_a_first_row_with_a_date_is_told_with_the_places_of_its_cells(
    names: list[str], rule: str | None
) -> None:
    found = missing_columns(["city"], names, BELOW)
    assert (found.rule or None) == rule
    if rule == "no_header":
        shown = tuple(f"#{at} {name}" for at, name in enumerate(names, 1) if name)
        assert found.params["columns"] == shown  # type: ignore[index]


def test_members_of_json_are_no_first_row() -> None:
    assert not missing_columns(["city"], ["2026-07-01", "x"], None).rule


def test_fields_without_a_place_are_told_with_the_first_value_of_each_column() -> None:
    found = unplaced_columns(["city"], [["TOTAL", "", "9"], ["A", "", "2026-07-01"], ["B", "", "", "x" * 99]])
    assert found.code == "missing_columns"
    assert found.params == {"fields": ("city",), "columns": ("#1 A", "#3 2026-07-01", "#4 " + "x" * 40)}
