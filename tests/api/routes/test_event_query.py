"""Cursors of lists: whatever comes in, an answer."""

from urllib.parse import parse_qsl, urlencode

from hypothesis import given
from hypothesis import strategies as st

from api.routes.event_query import format_cursor, next_link, parse_cursor

positions = st.lists(st.integers(-(2**62), 2**62) | st.text(), min_size=1, max_size=2)


@given(positions, st.binary())
def test_a_formatted_cursor_parses_to_its_position(position, binding):
    assert parse_cursor(format_cursor(position, binding), binding) == tuple(position)


@given(positions, st.binary(), st.binary())
def test_a_cursor_of_another_list_is_refused(position, binding, other):
    assert (parse_cursor(format_cursor(position, binding), other) is None) is (binding != other)


@given(st.text())
def test_any_text_is_a_cursor_or_none(text):
    assert parse_cursor(text, b"list") is None


@given(positions, st.integers(0, 200), st.sampled_from("AZaz09-_"))
def test_a_modified_cursor_is_refused_or_equal(position, place, character):
    text = format_cursor(position, b"list")
    place %= len(text)
    changed = text[:place] + character + text[place + 1 :]
    assert parse_cursor(changed, b"list") in (None, tuple(position))


names = st.sampled_from(["city", "q", "limit", "sort", "cursor", "skip"])


@given(st.lists(st.tuples(names, st.text(max_size=20)), max_size=6), positions)
def test_the_next_page_has_the_parameters_of_this_one(asked, position):
    cursor = format_cursor(position, b"list")
    link = next_link("/list", urlencode(asked).encode(), cursor)
    address, rel = link.removeprefix("<").split(">")
    assert rel == '; rel="next"'
    lasting = [(name, value) for name, value in asked if name not in ("cursor", "skip")]
    query = address.removeprefix("/list?")
    assert parse_qsl(query, keep_blank_values=True) == [*lasting, ("cursor", cursor)]


@given(st.binary(max_size=40).filter(bytes.isascii))
def test_no_query_string_ends_the_link_before_its_end(query_string):
    link = next_link("/list", query_string, "x")
    assert link.count(">") == 1
    assert link.isprintable()
