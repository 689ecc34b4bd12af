"""Where the events of a JSON document are does not depend on the order of its members."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.files.json_names import ARRAY_NAMES, COMMON_ARRAY_NAMES, HOLDER_NAMES, OTHER_ARRAY_NAMES
from domain.files.json_reader import JsonReader
from tests.domain.files.test_json_reader import event, read

OUTER, INNER = event(title="Outer"), event(title="Inner")
NAMES = (*ARRAY_NAMES, *OTHER_ARRAY_NAMES, *COMMON_ARRAY_NAMES)
# A column that may be the date as well is asked about; here it says that it is none.
NO_DATE = {"mapping": {"event_date": "event_date"}}

Outcome = tuple[list[str | None], str]


def outcome(document: Any, chunk: int = 1 << 20, **options: Any) -> Outcome:
    """Return the titles of the rows and the code of the fault."""
    reader, rows = read(json.dumps(document).encode(), chunk, **options)
    return [row.fields.title if row.fields else None for row in rows], code_of(reader)


def code_of(reader: JsonReader) -> str:
    return reader.fault.code if reader.fault else ""


ARRAYS: dict[str, list[Any]] = {
    "no events": [{"name": "x"}],
    "an event": [INNER],
    "a wrapped event": [{"properties": INNER}],
    "nothing": [],
    "texts": ["x"],
    "lists": [["x"]],
}


@pytest.mark.parametrize("chunk", [1 << 20, 7])
@pytest.mark.parametrize("array", ARRAYS)
@pytest.mark.parametrize("name", NAMES)
def test_only_items_and_events_count_in_what_is_an_event_itself(name: str, array: str, chunk: int) -> None:
    values = ARRAYS[array]
    before, behind = ({name: values, **OUTER}, {**OUTER, name: values})
    if name in ARRAY_NAMES and array in ("no events", "an event", "a wrapped event"):
        expected: Outcome = (["Inner"], "") if array != "no events" else ([], "missing_columns")
    else:
        expected = ["Outer"], ""
    for document in (before, behind, {"city": "Recife", name: values, **OUTER}):
        assert outcome(document, chunk, **NO_DATE) == expected


@pytest.mark.parametrize("chunk", [1 << 20, 7])
@pytest.mark.parametrize("array", ["no events", "an event"])
@pytest.mark.parametrize("name", ["items", "eventos", "results", "nodes"])
@pytest.mark.parametrize("holder", HOLDER_NAMES)
def test_arrays_in_objects_of_an_event_do_not_count(holder: str, name: str, array: str, chunk: int) -> None:
    held = {holder: {name: ARRAYS[array]}}
    for document in ({**held, **OUTER}, {**OUTER, **held}):
        assert outcome(document, chunk, **NO_DATE) == (["Outer"], "")


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_array_beside_a_title_is_no_file_of_no_rows_unless_its_name_is_items_or_events(
    name: str,
) -> None:
    lacking = {"title": "Outer", "city": "Recife"}
    expected = "" if name in ARRAY_NAMES else "missing_columns"
    for document in ({name: [], **lacking}, {**lacking, name: []}):
        assert outcome(document, **NO_DATE) == ([], expected)


@given(st.permutations([*OUTER]), st.sampled_from(NAMES), st.sampled_from([*ARRAYS]), st.integers(0, 3))
def test_no_order_of_the_members_changes_what_is_read(
    order: list[str], name: str, array: str, place: int
) -> None:
    members = [(member, OUTER[member]) for member in order]
    members.insert(place, (name, ARRAYS[array]))
    assert outcome(dict(members), **NO_DATE) == outcome({**OUTER, name: ARRAYS[array]}, **NO_DATE)


def test_lines_that_begin_with_an_array_are_events_from_the_first_on() -> None:
    lines = [{"results": [INNER], **OUTER}] * 3
    _, rows = read("\n".join(map(json.dumps, lines)).encode())
    assert [row.fields and row.fields.title for row in rows] == ["Outer"] * 3


@pytest.mark.parametrize("chunk", [1 << 22, 65_536])
@pytest.mark.parametrize(("size", "title"), [(900, "Outer"), (1100, "T0")])
def test_what_is_behind_the_first_mebibyte_does_not_count(size: int, title: str, chunk: int) -> None:
    many = [event(title=f"T{at}", note="y" * 900) for at in range(size)]
    titles, fault = outcome({"results": many, **OUTER}, chunk)
    assert (titles[0], fault) == (title, "")
