"""Cursors of lists: whatever comes in, an answer."""

import base64
import json
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.http.problems import HttpProblem
from api.routes.event_query import (
    POSITIONS,
    SORTS,
    _seal,
    format_cursor,
    next_link,
    parse_cursor,
    read_only_filter,
)
from api.routes.url_parameters import UrlParameters
from api.storage.event_filters import SORTS as ORDERS
from domain.dates import parse_event_date

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


CHANGES = [
    ("America/New_York", "2026-03-08", 23),
    ("America/New_York", "2026-11-01", 25),
    ("America/New_York", "2026-05-01", 24),
    ("America/Sao_Paulo", "2018-11-03", 24),  # The next midnight does not exist.
    ("America/Sao_Paulo", "2018-11-04", 23),
    ("America/Sao_Paulo", "2018-02-17", 25),
    ("Asia/Beirut", "2026-03-28", 24),
    ("Asia/Beirut", "2026-03-29", 23),
    ("Australia/Lord_Howe", "2026-10-04", 23.5),
    ("UTC", "2200-12-31", 24),
    ("UTC", "1900-01-01", 24),
]


@pytest.mark.parametrize(("zone", "day", "hours"), CHANGES)
def test_a_day_ends_at_the_next_midnight_of_the_zone(zone: str, day: str, hours: float):
    where = read_only_filter(urlencode({"from": day, "to": day}).encode(), ZoneInfo(zone))
    assert where.to_us - where.from_us == hours * 3_600_000_000


@pytest.mark.parametrize(("zone", "day", "hours"), CHANGES)
@given(minutes=st.integers(-1440, 2 * 1440 - 1))
def test_the_events_of_a_day_are_those_with_its_date(zone: str, day: str, hours: float, minutes: int):
    timezone = ZoneInfo(zone)
    wall = datetime.fromisoformat(day) + timedelta(minutes=minutes)
    if not 1900 <= wall.year <= 2200:
        return
    where = read_only_filter(urlencode({"from": day, "to": day}).encode(), timezone)
    (_, at) = parse_event_date(wall.isoformat(), timezone=timezone)
    shown = datetime.fromtimestamp(at // 1_000_000, UTC).astimezone(timezone) if wall.year > 1969 else wall
    if shown.replace(tzinfo=None) == wall:  # Others are skipped by the clock.
        assert (where.from_us <= at < where.to_us) is (wall.date() == date.fromisoformat(day))


@pytest.mark.parametrize("name", ["from", "to"])
@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-03-01T00:00:00 09:00", "2026-03-01T00:00:00+09:00"),
        ("2026-03-01T00:00 09", "2026-03-01T00:00:00+09:00"),
        ("2026-03-01 10:30 03:00", "2026-03-01T10:30:00+03:00"),
        ("2026-03-01 10:30", "2026-03-01T10:30:00"),
    ],
)
def test_a_plus_that_was_not_escaped_is_a_plus(name: str, text: str, meant: str):
    both = [read_only_filter(urlencode({name: one}).encode(), UTC) for one in (text, meant)]
    assert both[0] == both[1]


def test_an_offset_without_a_colon_has_its_suggestion_whether_or_not_the_plus_is_escaped():
    told = []
    for text in ("2026-03-01T00:00:00+0900", "2026-03-01T00:00:00%2B0900"):
        with pytest.raises(HttpProblem) as refused:
            read_only_filter(f"from={text}".encode(), UTC)
        told.append([(one.code, one.suggestion) for one in refused.value.errors])
    assert told == [[("invalid_date", "2026-03-01T00:00:00+09:00")]] * 2


@pytest.mark.parametrize(
    ("text", "code"),
    [("-1", "out_of_range"), ("0", "out_of_range"), ("-", "invalid_type"), ("x", "invalid_type")],
)
def test_a_number_below_a_range_is_out_of_it(text: str, code: str):
    parameters = UrlParameters(f"limit={text}".encode(), frozenset({"limit"}))
    parameters.whole("limit", 5, low=1, high=9)
    assert [one.code for one in parameters.problems] == [code]


@pytest.mark.parametrize("name", ["q", "city"])
@pytest.mark.parametrize(
    ("text", "sought"),
    [
        ("Feira  do   Livro", "Feira do Livro"),
        ("Feira\u00a0 do Livro", "Feira do Livro"),
        ("Feira do Livro", "Feira do Livro"),
        ("Feira\ndo Livro", "Feira\ndo Livro"),
    ],
)
def test_runs_of_blanks_are_sought_as_they_are_stored(name: str, text: str, sought: str):
    where = read_only_filter(urlencode({name: text}).encode(), UTC)
    assert getattr(where, name) == sought
