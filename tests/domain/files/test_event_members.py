"""Which objects are events, by their members, the mapping and the defaults."""

from typing import Any

import pytest

from domain.files.event_members import EventMembers

DATE, CITY = "2025-07-01", "Recife"

CASES: list[tuple[dict[str, Any], dict[str, Any], bool]] = [
    ({"title": "A", "date": DATE}, {}, True),
    ({"title": "A", "time": "20:00"}, {}, True),
    ({"title": "A", "date": None}, {}, False),
    ({"title": "A", "city": CITY}, {}, False),
    ({"title": "A", "city": CITY}, {"defaults": {"event_date": DATE}}, True),
    ({"title": "A", "city": CITY}, {"defaults": {"event_date": " "}}, False),
    ({"date": DATE, "city": CITY}, {"defaults": {"title": "x"}}, True),
    ({"title": "A"}, {"defaults": {"event_date": DATE, "city": CITY}}, False),
    ({"city": CITY}, {"defaults": {"event_date": DATE, "title": "x"}}, False),
    ({"T": "A"}, {"mapping": {"title": "T"}, "defaults": {"event_date": DATE}}, True),
    ({"T": "A", "D": DATE}, {"mapping": {"title": "T", "event_date": "D"}}, True),
    ({"t": "A", "d": DATE}, {"mapping": {"title": "T", "event_date": "D"}}, True),
    ({"T": "A", "D": DATE}, {"mapping": {"title": "#1", "event_date": "#2"}}, True),
    ({"T": "A"}, {"mapping": {"title": "#1", "event_date": "#2"}}, False),
    ({"T": "A", "D": None}, {"mapping": {"title": "T", "event_date": "D"}}, False),
    ({"title": "A", "date": DATE}, {"mapping": {"title": "T"}}, False),
    ({"title": "A", "date": DATE}, {"mapping": {"event_date": None}}, False),
    ({"attributes": {"title": "A", "date": DATE}}, {}, True),
    ({"event": {"title": "A", "date": DATE}}, {}, True),
    ({"event": {"id": 1}}, {}, False),
]


@pytest.mark.parametrize(("members", "options", "expected"), CASES)
def test_an_event_has_title_and_date_or_what_the_options_say(
    members: dict[str, Any], options: dict[str, Any], expected: bool
) -> None:
    assert EventMembers(**options).fields(members).is_single is expected


@pytest.mark.parametrize("value", [None, 1, "title", [], {}, [{"title": "A", "date": DATE}]])
def test_what_is_no_object_is_no_event(value: Any) -> None:
    events = EventMembers({"title": "T"}, {"city": CITY})
    for in_array in (False, True):
        fields = events.fields(value, in_array=in_array)
        assert not fields.is_single
        assert not fields.is_whole
        assert not fields.mapped_count


def test_news_are_no_whole_events_and_those_in_other_objects_are_found() -> None:
    events, news = EventMembers(), {"id": 1, "title": "A", "date": DATE, "description": "x"}
    assert not events.fields(news).is_whole
    whole = {**news, "city": CITY}
    assert events.fields(whole).is_whole
    assert events.has_events({"name": "Casa", "shows": [whole]})
    assert events.has_events({"name": "Casa", "shows": [{"id": 1}, whole]})
    assert not events.has_events({"a": {"b": {"c": {"d": whole}}}})


def test_what_the_mapping_names_otherwise_is_an_event_that_is_told_all_the_same() -> None:
    events = EventMembers({"title": "T"})
    whole = {"title": "A", "date": DATE, "city": CITY}
    assert events.has_events(whole)
    assert not events.fields(whole).is_single
    assert not events.fields(whole, in_array=True).mapped_count
