"""How rows of a file meet stored events: by which key, with which members of a venue, counted how."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.events import EventFields
from domain.imports import MergeCounts
from domain.merge import DEFAULT_KEY, NO_EVENT, Merged, id_in, key_of, merge_rule, merged_venue
from domain.venues import Venue

OLD = Venue("Teatro", capacity=500, venue_type="Teatro", address="Rua da Aurora")


@pytest.mark.parametrize(
    ("key", "columns", "expected"),
    [
        (None, ("title", "city"), (DEFAULT_KEY, False)),
        (None, ("id", "title"), (DEFAULT_KEY, True)),
        (("title", "city"), ("id", "title"), (("title", "city"), False)),
        (("id",), ("id", "title"), (DEFAULT_KEY, True)),
        (("id", "title"), ("id", "title"), (("title",), True)),
        (("id", "title"), ("title",), (("title",), False)),
    ],
)
def test_rows_are_found_by_id_where_the_file_has_one_and_the_key_does_not_leave_it_out(
    key: tuple[str, ...] | None, columns: tuple[str, ...], expected: tuple[tuple[str, ...], bool]
) -> None:
    rule = merge_rule("update", key, columns)
    assert rule is not None
    assert (rule.key, rule.has_ids) == expected
    assert rule.fields == {*columns}
    assert merge_rule("insert", key, columns) is None


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("132", " 132 ", "0132", "132.0", "132.00", "132,0", "132,00"), 132),
        (("133.493", "133,493", "133 493", "133\u00a0493", "133'493", "133.493,00", "133,493.0"), 133493),
        (("1.133.493", "1,133,493", "1 133 493", "1133493", "1133493.000"), 1133493),
        (("132 000", "132000", "132.000,0"), 132000),
        (("", " ", "NULL", "-", "n/a"), 0),
        # Of ours is none of these; 132.000 may be 132 or 132000.
        (("132.000", "132,000", "0.123", "0", "00", "-132", "+132", "#132", "EV-12", "abc"), NO_EVENT),
        (("1.33E+05", "132.5", "13.34.93", "1.33", "1.2345", "1,133.493", "\uff11\uff12"), NO_EVENT),
        (("1.133.493.00", "133.493.0", "9" * 19, "65f0c0ffee", '{"$oid":"65"}', "true"), NO_EVENT),
    ],
)
def test_an_id_is_read_as_spreadsheets_write_it_where_that_has_one_reading(
    texts: tuple[str, ...], expected: int
) -> None:
    assert {text: id_in(text) for text in texts} == dict.fromkeys(texts, expected)


@given(st.integers(1, 10**15))
def test_every_id_is_read_back_in_groups_of_thousands_or_not_at_all(number: int) -> None:
    for mark in ".,' ":
        assert id_in(f"{number:,}".replace(",", mark)) in (number, NO_EVENT)
    assert id_in(f"{number:,}".replace(",", " ")) == number


@given(st.text())
def test_any_text_is_an_id_or_none(text: str) -> None:
    assert id_in(text) >= NO_EVENT


def test_defaults_without_a_column_are_for_new_events() -> None:
    given_ones = {"city": "Recife", "description": "x", "local_info.capacity": "5", "participants": " "}
    rule = merge_rule("update", None, ("title", "city"), given_ones)
    assert rule is not None
    assert rule.defaults == {"description", "local_info.capacity"}
    assert rule.fields == {"title", "city"}


def test_a_key_may_name_members_of_the_venue() -> None:
    fields = EventFields("Ópera", "", "2026-01-01T10:00:00", "Recife", (), OLD, 0)
    assert key_of(fields, ("title", "local_info.location_name")) == ("Ópera", "Teatro")
    bare = EventFields("Ópera", "", "2026-01-01T10:00:00", "Recife", (), None, 0)
    assert key_of(bare, ("local_info.location_name",)) == (None,)


@pytest.mark.parametrize(
    ("new", "columns", "expected"),
    [
        (Venue("Arena", capacity=9), {"title"}, OLD),
        (None, {"title", "local_info.capacity"}, OLD),
        (None, {"local_info.location_name"}, None),
        (
            Venue("Teatro", capacity=9),
            {"local_info.capacity"},
            Venue("Teatro", 9, "Teatro", False, OLD.address),
        ),
        (Venue("Arena", capacity=9), {"local_info"}, Venue("Arena", capacity=9)),
        (None, {"local_info"}, None),
        (Venue("Arena"), {"local"}, Venue("Arena", 500, "Teatro", False, OLD.address)),
        (Venue("Arena", capacity=9), {"local"}, Venue("Arena", 9, "Teatro", False, OLD.address)),
    ],
)
def test_a_venue_keeps_the_members_that_the_file_has_no_columns_for(
    new: Venue | None, columns: set[str], expected: Venue | None
) -> None:
    assert merged_venue(OLD, new, frozenset(columns)) == expected


@given(st.lists(st.binary(max_size=5).map(lambda some: bytes(b % 4 for b in some)), max_size=5))
def test_counts_of_parts_add_up_to_those_of_the_whole(parts: list[bytes]) -> None:
    whole = Merged(b"".join(parts))
    assert sum((Merged(part).counts() for part in parts), MergeCounts()) == whole.counts()
    assert sum(whole.counts(3).all()) == min(3, len(whole.outcomes))


def test_bounds_of_two_batches_are_those_of_both() -> None:
    first = Merged(b"\0", 5, 9, None, None, {"repeated_key": 1}, 4, 4)
    later = Merged(b"\1", 2, 7, 7, 7, {"repeated_key": 2, "unknown_id": 1}, 3, 2)
    # What both changed counts once.
    assert first.followed_by(later) == Merged(b"", 2, 9, 7, 7, {"repeated_key": 3, "unknown_id": 1}, 6, 6)
    assert Merged(b"").followed_by(later) == Merged(b"", 2, 7, 7, 7, later.warnings, 2, 2)
    assert Merged.all_created(range(3, 6)) == Merged(bytes(3), 3, 5, 3, 5, {}, 3, 3)
