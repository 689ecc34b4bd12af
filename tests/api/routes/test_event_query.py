"""Cursors of lists: whatever comes in, an answer."""

import base64
import json
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.routes.event_query import POSITIONS, SORTS, _seal, format_cursor, next_link, parse_cursor
from api.storage.event_filters import SORTS as ORDERS

integers = st.integers(-(2**63), 2**63 - 1)
titles = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
values = {"id": st.tuples(integers), "event_date": st.tuples(integers, integers)}
values |= {"-id": values["id"], "-event_date": values["event_date"], "title": st.tuples(titles, integers)}
sorts_and_positions = st.sampled_from(SORTS).flatmap(lambda sort: st.tuples(st.just(sort), values[sort]))
positions = sorts_and_positions.map(lambda pair: pair[1])


def test_a_position_has_a_type_for_each_column_of_its_order():
    assert {sort: len(form.__args__) for sort, form in POSITIONS.items()} == {
        sort: len(order.columns) for sort, order in ORDERS.items()
    }


@given(sorts_and_positions, st.binary())
def test_a_formatted_cursor_parses_to_its_position(pair, binding):
    sort, position = pair
    assert parse_cursor(format_cursor(position, binding), binding, sort) == position


@given(sorts_and_positions, st.binary(), st.binary())
def test_a_cursor_of_another_list_is_refused(pair, binding, other):
    sort, position = pair
    assert (parse_cursor(format_cursor(position, binding), other, sort) is None) is (binding != other)


@given(st.text(), st.sampled_from(SORTS))
def test_any_text_is_a_cursor_or_none(text, sort):
    assert parse_cursor(text, b"list", sort) is None


@given(sorts_and_positions, st.integers(0, 200), st.sampled_from("AZaz09-_"))
def test_a_modified_cursor_is_refused_or_equal(pair, place, character):
    sort, position = pair
    text = format_cursor(position, b"list")
    place %= len(text)
    changed = text[:place] + character + text[place + 1 :]
    assert parse_cursor(changed, b"list", sort) in (None, position)


def forged(content: bytes, binding: bytes) -> str:
    """Return a cursor with any content and a right seal, which every client can make."""
    return base64.urlsafe_b64encode(_seal(content, binding) + content).decode().rstrip("=")


FORGED = ["[]", "{}", "5", "null", "", "x", "[1,2,3]", "[[1]]", "[99999999999999999999]", "[null]", "[1.5]"]
FORGED += [
    "[1.0]",
    "[1e0]",
    "[ 1]",
    "[true]",
    '["1"]',
    '["x"]',
    '["x","1"]',
    "[1,null]",
    "[{},1]",
    "[-1e400,1]",
]
FORGED += ["[9223372036854775808]", "[-9223372036854775809]", "[1,9223372036854775808]", '["x",1.5]']
FORGED += [r'["\u0000",1]', r'["\ud800",1]', '["x",9223372036854775808]', "[1" + "0" * 5000 + "]", "[" * 5000]


@pytest.mark.parametrize("sort", SORTS)
def test_a_forged_cursor_has_the_types_of_its_order_or_is_refused(sort):
    contents = [*(text.encode() for text in FORGED), b"\xff", b'["\xff",1]', b'["\xed\xa0\x80",1]']
    assert [text for text in contents if parse_cursor(forged(text, b"list"), b"list", sort) is not None] == []


@given(
    st.sampled_from(SORTS),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=3),
    ),
)
def test_whatever_a_forged_cursor_holds_it_is_a_position_or_none(sort, value):
    found = parse_cursor(forged(json.dumps(value).encode(), b"list"), b"list", sort)
    assert found is None or tuple(map(type, found)) in {(int,), (int, int), (str, int)}


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
