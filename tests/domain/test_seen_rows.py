"""Rows that came before are known, as by a dictionary."""

from hypothesis import given
from hypothesis import strategies as st

from domain import seen_rows
from domain.seen_rows import SeenRows


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2))))
def test_seen_rows_behaves_like_a_dictionary(rows: list[tuple[int, int]]) -> None:
    seen, model = SeenRows(), dict[int, int]()
    for event, row in rows:
        before = model.get(event)
        assert seen.last(("event", event), ("row", row)) == (None if before is None else before == row)
        model[event] = row


def test_100000_rows_are_distinguished_in_little_memory() -> None:
    seen = SeenRows()
    assert {seen.last((number, "a"), number) for number in range(100_000)} == {None}
    assert {seen.last((number, "a"), number) for number in range(100_000)} == {True}
    taken = sum(len(bucket) for bucket in seen._buckets)
    assert taken == 100_000 * seen_rows._RECORD
