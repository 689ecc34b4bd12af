"""Options that mean nothing in a kind of file are refused by name; the others are let through."""

from itertools import product
from typing import Any

import pytest

from domain.files.unfit_options import unfit_options, unused_key
from domain.imports import ImportOptions

GIVEN = {"sheet": "Agenda", "header_row": 3, "delimiter": ";", "encoding": "macintosh"}
FIT = {
    "csv": {"header_row", "delimiter", "encoding"},
    "json": {"encoding"},
    "ics": {"encoding"},
    "sheet": {"sheet", "header_row"},
}


@pytest.mark.parametrize(("kind", "name"), [*product(FIT, GIVEN)])
def test_an_option_is_applied_in_this_kind_of_file_or_refused(kind: str, name: str) -> None:
    options = ImportOptions(**{name: GIVEN[name]})  # type: ignore[arg-type]
    found = unfit_options(options, kind)  # type: ignore[arg-type]
    if name in FIT[kind]:
        assert found is None
    else:
        assert found is not None
        assert (found.field, found.code, found.value) == (name, "invalid_option", str(GIVEN[name]))
        assert name in found.message


@pytest.mark.parametrize("kind", FIT)
def test_that_there_is_no_header_can_be_said_of_tables_alone(kind: str) -> None:
    found = unfit_options(ImportOptions(header_row=0), kind)  # type: ignore[arg-type]
    assert (found is None) == ("header_row" in FIT[kind])


@pytest.mark.parametrize("kind", FIT)
def test_all_unfit_options_are_told_at_once(kind: str) -> None:
    found = unfit_options(ImportOptions(**GIVEN), kind)  # type: ignore[arg-type]
    assert found is not None
    assert found.params["unfit"] == tuple(name for name in GIVEN if name not in FIT[kind])  # type: ignore[index]


@pytest.mark.parametrize(
    ("options", "is_unused"),
    [
        ({"key": ("title",)}, True),
        ({"key": ("title",), "on_duplicate": "insert", "dry_run": True}, True),
        ({"key": ("title",), "on_duplicate": "skip"}, False),
        ({"key": ("title",), "on_duplicate": "update"}, False),
        ({"on_duplicate": "update"}, False),
        ({}, False),
        ({"key": ("title",), "repairs_of": "u"}, False),
    ],
)
def test_a_key_goes_with_what_is_done_by_it(options: dict[str, Any], *, is_unused: bool) -> None:
    found = unused_key(ImportOptions(**options))
    assert (found is not None) == is_unused
    if found is not None:
        assert (found.field, found.code, found.value) == ("key", "invalid_option", "title")
        assert "on_duplicate=update" in found.message


@pytest.mark.parametrize("kind", FIT)
def test_options_of_every_file_fit(kind: str) -> None:
    options = ImportOptions(
        mode="atomic",
        dry_run=True,
        date_format="dmy",
        mapping={"title": "A"},
        defaults={"city": "Recife"},
        values={"city": {"R": "Recife"}},
        on_duplicate="skip",
        key=("title",),
        stage=True,
    )
    assert unfit_options(options, kind) is None  # type: ignore[arg-type]
