"""Which of several arrays is read, which are told, and events that are members instead of items."""

import json
from typing import Any

import pytest

from domain.files.json_reader import JsonReader
from domain.files.kinds import sniff
from domain.imports import ImportOptions
from tests.domain.files.test_json_reader import RECIFE, event, read, told

A, B = event(), event(title="B")
VENUE = {"id": 1, "name": "Casa"}
LONG = {"id": 2, "text": "x" * 400_000}

ARRAYS: dict[str, tuple[dict[str, Any], list[str], list[str]]] = {
    "behind": ({"items": [A], "events": [B]}, ["1 A"], ["events"]),
    "several behind": (
        {"items": [A], "n": -1.5, "t": "]}[{", "m": {"x": [1, {}]}, "past": [B], "none": [], "old": [A, B]},
        ["1 A"],
        ["past", "old"],
    ),
    "before, by another name": ({"past": [B, B], "items": [A]}, ["1 A"], ["past"]),
    "around a holder": ({"data": {"items": [A]}, "events": [B]}, ["1 A"], ["events"]),
    "features": ({"features": [{"properties": A}], "events": [B]}, ["1 A"], ["events"]),
    "venues before events": ({"data": [VENUE], "events": [A]}, ["1 A"], []),
    "venues under the name of the events": ({"items": [VENUE], "events": [A]}, ["1 A"], []),
    "venues behind": ({"events": [A], "data": [VENUE]}, ["1 A"], []),
    "much before the events": ({"data": [LONG], "events": [A]}, ["1 A"], []),
}


@pytest.mark.parametrize("chunk", [1 << 22, 4096, 1])
@pytest.mark.parametrize("name", ARRAYS)
def test_the_array_of_events_is_read_and_others_are_told(name: str, chunk: int) -> None:
    value, expected, others = ARRAYS[name]
    content = json.dumps(value).encode()
    if chunk == 1 and len(content) > 10_000:
        return
    reader, rows = read(content, chunk)
    assert reader.fault is None
    assert [told(row) for row in rows] == expected
    assert [w["names"] for w in reader.warnings if w["code"] == "other_arrays"] == (
        [others] if others else []
    )


@pytest.mark.parametrize("chunk", [1 << 22, 65_536, 4096])
def test_what_does_not_read_as_events_is_read_after_a_bounded_search(chunk: int) -> None:
    named = [{"T": f"{at}", "D": "2025-07-01", "x": "x" * 1000} for at in range(3000)]
    content = json.dumps({"data": named, "events": [A]}).encode()
    reader, rows = read(content, chunk, mapping={"title": "T", "event_date": "D"}, defaults={"city": "R"})
    assert len(rows) == 3000
    assert [w["names"] for w in reader.warnings if w["code"] == "other_arrays"] == [["events"]]


def test_of_arrays_that_do_not_read_as_events_the_name_decides() -> None:
    content = json.dumps({"data": [VENUE], "events": [{"T": "A", "D": "2025-07-01"}]}).encode()
    _, rows = read(content, mapping={"title": "T", "event_date": "D"}, defaults={"city": "R"})
    assert [told(row) for row in rows] == ["1 A"]


def test_other_arrays_are_told_when_reading_goes_on_after_a_crash() -> None:
    content = json.dumps({"past": [B], "items": [A] * 300, "later": [B]}).encode()
    for stop in (1, 100, 299, 300):
        reader = JsonReader(ImportOptions(), RECIFE)
        reader.feed(content)
        reader.close()
        count = 0
        while count < stop:
            count += len(reader.rows(max_rows=min(64, stop - count)))
        later = JsonReader.load(reader.dump(), ImportOptions(), RECIFE)
        later.feed(content[reader.offset :])
        later.close()
        while not later.is_hungry:
            count += len(later.rows())
        assert count == 300
        found = next(w for w in later.warnings if w["code"] == "other_arrays")
        assert (found["count"], found["names"]) == (2, ["past", "later"])
        assert "items" in found["message"]


MEMBERS: dict[str, tuple[str, list[str]]] = {
    "the values of events": (json.dumps({"events": {"a": A, "b": B}, "n": 1}), ["1 A", "1 B"]),
    "the values of the file": (json.dumps({"-Na": A, "-Nb": B}), ["1 A", "1 B"]),
    "one of them is none": (
        json.dumps({"-Na": A, "-Nb": B, "-Nc": A, "c": 5, "d": A}),
        ["1 A", "1 B", "1 A", "1 :invalid_type", "1 A"],
    ),
    "over lines": (json.dumps({"events": {"a": A, "b": B}}, indent=1), ["3 A", "8 B"]),
    "a single event": (json.dumps({"event": A}), ["1 A"]),
    "a single event in data": (json.dumps({"data": A, "meta": {"x": 1}}), ["1 A"]),
    "a single event by its key": (json.dumps({"events": {"a": A}}), ["1 A"]),
    "an array stands above": (json.dumps({"featured": A, "items": [B]}), ["1 B"]),
    "an event with objects": (json.dumps(event(before=B, after=B)), ["1 A"]),
    "a sequence": (f"\x1e{json.dumps(A)}\n\x1e{json.dumps(B)}\n", ["1 A", "2 B"]),
}


@pytest.mark.parametrize("chunk", [1 << 20, 5, 1])
@pytest.mark.parametrize("name", MEMBERS)
def test_events_that_are_members_are_read(name: str, chunk: int) -> None:
    text, expected = MEMBERS[name]
    reader, rows = read(text.encode(), chunk)
    assert reader.fault is None
    assert [told(row) for row in rows] == expected


def test_members_are_read_in_bounded_memory_and_after_a_crash() -> None:
    content = json.dumps({"events": {f"k{at}": A for at in range(20_000)}}).encode()
    reader = JsonReader(ImportOptions(), RECIFE)
    reader.feed(content[:100_000])
    assert len(reader.rows(max_rows=100)) == 100
    later = JsonReader.load(reader.dump(), ImportOptions(), RECIFE)
    later.feed(content[reader.offset :])
    later.close()
    count = 0
    while not later.is_hungry:
        count += len(later.rows())
    assert (count, later.fault) == (19_900, None)


@pytest.mark.parametrize(
    "value", [{"events": {"a": {"title": "A"}}}, {"errors": [{"x": 1}], "data": None}, {"event": {"id": 1}}]
)
def test_what_holds_no_events_is_no_field(value: dict[str, Any]) -> None:
    reader, rows = read(json.dumps(value).encode())
    assert rows == []
    assert reader.fault is not None
    assert (reader.fault.code, reader.fault.suggestion) == ("missing_columns", None)
    assert reader.fault.params["fields"] == ("title", "event_date", "city")  # type: ignore[index]
    assert "nested deeper" in reader.fault.message


def test_a_further_document_is_a_fault_and_a_sequence_is_json() -> None:
    page = json.dumps({"items": [A]})
    reader, rows = read(f"{page}\n{page}".encode())
    assert reader.fault is not None
    assert (reader.fault.rule, len(rows)) == ("after_end", 1)
    assert sniff(f"\x1e{json.dumps(A)}".encode(), closed=True) == "json"
