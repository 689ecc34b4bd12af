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
def test_only_items_and_the_like_count_in_what_is_an_event_itself(name: str, array: str, chunk: int) -> None:
    values = ARRAYS[array]
    before, behind = ({name: values, **OUTER}, {**OUTER, name: values})
    if name in ARRAY_NAMES and array in ("no events", "an event", "a wrapped event"):
        expected: Outcome = (["Inner"], "") if array != "no events" else ([], "missing_columns")
    elif array in ("an event", "a wrapped event"):
        expected = [], "invalid_json"
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
def test_an_empty_array_beside_a_title_is_no_file_of_no_rows_unless_its_name_is_as_items(
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
    lines = [{"results": [{"name": "x"}], **OUTER}] * 3
    _, rows = read("\n".join(map(json.dumps, lines)).encode())
    assert [row.fields and row.fields.title for row in rows] == ["Outer"] * 3


@pytest.mark.parametrize("chunk", [1 << 22, 65_536])
@pytest.mark.parametrize(("size", "title", "code"), [(900, None, "invalid_json"), (1100, "T0", "")])
def test_what_is_behind_the_first_mebibyte_does_not_count(
    size: int, title: str | None, code: str, chunk: int
) -> None:
    many = [event(title=f"T{at}", note="y" * 900) for at in range(size)]
    titles, fault = outcome({"results": many, **OUTER}, chunk)
    assert (titles[0] if titles else None, fault) == (title, code)


OTHERS = [name for name in NAMES if name not in ARRAY_NAMES]
DATED = {"title": "Inner", "date": "2027-05-01"}
SESSIONS: dict[str, list[Any]] = {
    "people": [{"name": "Ana"}],
    "people in a city": [{"name": "Ana", "city": "Recife"}],
    "sessions without a date": [{"title": "A", "date": None}, {"title": "B", "room": "1"}],
    "sessions of a day": [{"date": "2027-01-01", "room": "1"}],
    "tags": ["a"],
    "images": [{"url": "http://x", "width": 1}],
}
AROUND: dict[str, dict[str, Any]] = {
    "a place": {"title": "Agenda", "date": "2027-01-01", "city": "Z"},
    "no place": {"title": "Agenda", "date": "2027-01-01"},
}


def parts(reader: JsonReader) -> Any:
    """Return the names of the parts that the uploader is asked about; None without that question."""
    fault = reader.fault
    return fault.params["names"] if fault and fault.rule == "several" and fault.params else None


def orders(around: dict[str, Any], name: str, values: list[Any]) -> list[dict[str, Any]]:
    """Return an object with an array at each place among its members."""
    members = [*around.items()]
    return [dict([*members[:at], (name, values), *members[at:]]) for at in range(len(members) + 1)]


@pytest.mark.parametrize("chunk", [1 << 20, 16, 1])
@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("name", NAMES)
def test_events_in_an_array_of_an_event_are_never_lost_in_silence(name: str, around: str, chunk: int) -> None:
    for inner in (INNER, DATED, {"attributes": INNER}, {"node": DATED}):
        for document in orders(AROUND[around], name, [{"note": "x"}, inner]):
            reader, rows = read(json.dumps(document).encode(), chunk)
            if name in ARRAY_NAMES:
                assert len(rows) == 2 or code_of(reader) == "missing_columns"
                continue
            assert (rows, parts(reader)) == ([], ("Agenda", name))


@pytest.mark.parametrize("chunk", [1 << 20, 16])
@pytest.mark.parametrize("array", SESSIONS)
@pytest.mark.parametrize("name", OTHERS)
def test_arrays_of_what_is_no_event_are_ignored(name: str, array: str, chunk: int) -> None:
    for defaults in ({}, {"event_date": "2027-01-01", "city": "Recife"}):
        for document in orders(AROUND["a place"], name, SESSIONS[array]):
            reader, rows = read(json.dumps(document).encode(), chunk, defaults=defaults)
            assert "other_arrays" not in [one["code"] for one in reader.warnings]
            # A column of this name may be the date as well, and is asked about.
            is_asked = name == "data"
            assert ([row.fields.title for row in rows if row.fields], code_of(reader)) == (
                ([], "duplicate_columns") if is_asked else (["Agenda"], "")
            )


@pytest.mark.parametrize("holder", ["event", "evento", "item", "response", "data"])
@pytest.mark.parametrize("name", OTHERS)
def test_the_event_that_a_document_is_about_is_asked_about_as_well(name: str, holder: str) -> None:
    for document in orders(AROUND["a place"], name, [INNER]):
        reader, rows = read(json.dumps({holder: document}).encode())
        named = (holder, f"{holder}.{name}") if holder in HOLDER_NAMES else ("Agenda", name)
        assert (rows, parts(reader)) == ([], named)


MAPPED: dict[str, tuple[dict[str, str], list[str], list[str]]] = {
    "members of both": ({"title": "title"}, [], []),
    "members of the array": ({"description": "inner", "title": "title"}, ["Inner"], []),
    "members of the object": ({"description": "outer", "title": "title"}, ["Outer"], ["results"]),
    "a title of the object": ({"title": "outer"}, ["x"], ["results"]),
    "a title of the array": ({"title": "inner"}, ["y"], []),
}


@pytest.mark.parametrize("chunk", [1 << 20, 16])
@pytest.mark.parametrize("names", MAPPED)
def test_the_mapping_tells_which_of_both_is_meant(names: str, chunk: int) -> None:
    mapping, titles, others = MAPPED[names]
    for document in orders({**OUTER, "outer": "x"}, "results", [{**INNER, "inner": "y"}]):
        reader, rows = read(json.dumps(document).encode(), chunk, mapping=mapping)
        assert [row.fields.title for row in rows if row.fields] == titles
        assert code_of(reader) == ("" if titles else "invalid_json")
        told = [name for one in reader.warnings if one["code"] == "other_arrays" for name in one["names"]]
        assert told == others
