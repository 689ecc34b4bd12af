"""Rows that came before are known, as by a dictionary."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import seen_rows
from domain.seen_rows import SeenRows


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2))))
def test_seen_rows_behaves_like_a_dictionary(rows: list[tuple[int, int]]) -> None:
    seen, model = SeenRows(), dict[int, int]()
    for event, row in rows:
        before = model.get(event)
        assert seen.has(("event", event)) == (event in model)
        assert seen.last(("event", event), ("row", row)) == (None if before is None else before == row)
        model[event] = row


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3))))
def test_renamed_events_are_found_by_their_last_key(renamed: list[tuple[int, int]]) -> None:
    seen, model = SeenRows(), dict[int, int]()
    for event, key in renamed:
        seen.rename(event, ("key", key))
        model[event] = key
    assert seen.has_renamed == bool(model)
    assert [seen.is_renamed(event) for event in range(6)] == [event in model for event in range(6)]
    for key in range(4):
        assert seen.renamed_to(("key", key)) == {event for event, its in model.items() if its == key}
    assert len(seen._renamed) <= len(model)


def test_only_so_many_renamed_events_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen_rows, "MOST_RENAMED", 2)
    seen = SeenRows()
    for event in range(3):
        seen.rename(event, "a")
    seen.rename(1, "b")
    assert (seen.renamed_to("a"), seen.renamed_to("b"), seen.is_renamed(2)) == ({0}, {1}, False)


def test_100000_rows_are_distinguished_in_little_memory() -> None:
    seen = SeenRows()
    assert {seen.last((number, "a"), number) for number in range(100_000)} == {None}
    assert {seen.last((number, "a"), number) for number in range(100_000)} == {True}
    taken = sum(len(bucket) for bucket in seen._buckets)
    assert taken == 100_000 * seen_rows._RECORD
