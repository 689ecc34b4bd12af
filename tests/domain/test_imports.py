"""The states of an import, and what counts as being in the store."""

from typing import get_args

import msgspec
import pytest

from domain.imports import (
    AT_THE_END,
    ENDED,
    OPEN,
    UNDER_WAY,
    UNFINISHED,
    ImportOptions,
    MergeCounts,
    Upload,
    UploadState,
)

UPLOAD = Upload("x", "completed", "a.csv", ImportOptions(), "ana", 0, 0)


def test_every_state_is_open_or_ended_and_never_both() -> None:
    assert sorted([*OPEN, *ENDED]) == sorted(get_args(UploadState))


def test_only_an_undo_that_goes_on_is_ended_and_unfinished() -> None:
    assert {*UNFINISHED} & {*ENDED} == {"undoing"}
    assert {*UNFINISHED} - {*ENDED} == {*OPEN}
    assert {*UNDER_WAY} < {*OPEN}
    assert {*ENDED} - {*AT_THE_END} == {"undoing", "undone"}


@pytest.mark.parametrize(
    ("dialect", "sheet", "may"),
    [
        (None, None, True),
        (None, "A", True),
        ({"encoding": "utf-8"}, "A", True),
        ({"sheet": "A"}, None, True),
        ({"sheet": "A"}, " a ", True),
        ({"sheet": "A"}, "1", True),
        ({"sheet": "A"}, "2", False),
        ({"sheet": "A"}, "B", False),
        ({"sheet": "B", "sheet_number": "2 of 12"}, "2", True),
        ({"sheet": "B", "sheet_number": "2 of 12"}, "b", True),
        ({"sheet": "B", "sheet_number": "2 of 12"}, "12", False),
        ({"sheet": "B", "sheet_number": "2 of 12"}, "A", False),
    ],
)
def test_the_import_of_another_sheet_has_not_read_it(
    dialect: dict[str, str] | None, sheet: str | None, may: bool
) -> None:
    assert msgspec.structs.replace(UPLOAD, dialect=dialect).may_have_read(sheet) is may


@pytest.mark.parametrize(
    ("changes", "has"),
    [
        ({"first_event_id": 1}, True),
        ({"updated": 1}, True),
        ({}, False),
        ({"first_event_id": 1, "state": "undoing"}, False),
        ({"first_event_id": 1, "state": "undone", "undone": {"kept": 0}}, False),
        ({"first_event_id": 1, "state": "undone", "undone": {"kept": 1}}, True),
        ({"state": "failed", "undone": {"kept": 1}}, True),
        ({"updated": 1, "options": ImportOptions(dry_run=True)}, False),
    ],
)
def test_rows_are_in_where_something_was_created_or_changed_and_not_taken_out(
    changes: dict[str, object], has: bool
) -> None:
    assert msgspec.structs.replace(UPLOAD, **changes).has_rows_in is has


@pytest.mark.parametrize(
    ("changes", "stored_events", "has"),
    [
        ({"first_event_id": 1}, 1, True),
        ({"first_event_id": 1}, 0, False),
        ({"first_event_id": 1, "updated": 1}, 0, True),
        ({"updated": 1}, 0, True),
        ({}, 0, False),
        ({"first_event_id": 1, "state": "undone", "undone": {"kept": 2}}, 2, True),
        ({"first_event_id": 1, "state": "undone", "undone": {"kept": 2}}, 0, False),
        ({"first_event_id": 1, "state": "undone", "undone": {"kept": 0}}, 0, False),
        ({"state": "failed", "undone": {"kept": 1}}, 0, True),
    ],
)
def test_rows_that_were_deleted_since_are_in_no_longer(
    changes: dict[str, object], stored_events: int, has: bool
) -> None:
    assert msgspec.structs.replace(UPLOAD, **changes).still_has_rows_in(stored_events) is has


def test_counts_add_up_member_by_member() -> None:
    assert MergeCounts(1, 2, 3, 4) + MergeCounts(10, 20, 30, 40) == MergeCounts(11, 22, 33, 44)
