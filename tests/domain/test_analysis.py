from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import analysis
from domain.analysis import Analysis
from domain.events import Event
from domain.venues import Venue

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RECIFE = timezone(timedelta(hours=-3))
EVENT = Event(1, "Show", "", "2025-07-01T10:00:00", "Recife", ("Ana",), None, None, 1, "", "")


def event(event_id: int, **members: Any) -> Event:
    return msgspec.structs.replace(EVENT, id=event_id, **members)


def analysed(*events: Event) -> dict[str, Any]:
    fold = Analysis(now=NOW, timezone=RECIFE)
    fold.add(events)
    return fold.result()


def test_an_analysis_of_no_events_is_empty() -> None:
    result = analysed()
    assert result["events"] == 0
    assert result["by_city"] == []
    assert result["capacity_against_participants"]["occupied_percent"] is None


def test_counts_by_city_month_weekday_and_venue_type() -> None:
    hall, park = Venue("Hall", 100, "Teatro"), Venue("Park", 100, None)
    result = analysed(
        event(1, local_info=hall), event(2, city="Olinda", local_info=park), event(3, local_info=hall)
    )
    assert result["by_city"] == [{"city": "Recife", "events": 2}, {"city": "Olinda", "events": 1}]
    assert result["by_month"] == [{"month": "2025-07", "events": 3}]
    assert {"weekday": "tuesday", "events": 3} in result["by_weekday"]
    assert result["by_venue_type"] == [
        {"venue_type": "Teatro", "events": 2},
        {"venue_type": None, "events": 1},
    ]


def test_an_event_without_a_venue_is_one_without_a_type_of_venue() -> None:
    result = analysed(event(1, local_info=Venue("Park", 100, None)), event(2), event(3))
    assert result["by_venue_type"] == [{"venue_type": None, "events": 3}]
    assert result["without_venue"] == 2


@pytest.mark.parametrize(
    ("event_date", "past"),
    [
        ("2025-12-31T20:59:59", 1),
        ("2025-12-31T21:00:00", 0),
        ("2025-12-31T23:00:00Z", 1),
        ("2026-01-01T00:00:00+00:00", 0),
    ],
)
def test_a_naive_date_is_past_by_the_configured_zone(event_date: str, past: int) -> None:
    assert analysed(event(1, event_date=event_date))["past"] == past


def test_events_with_more_participants_than_capacity_are_listed() -> None:
    result = analysed(event(4, participants=("a", "b"), local_info=Venue("Sala", 1)))
    told = result["capacity_against_participants"]
    assert told["occupied_percent"] == 200.0
    assert told["over_capacity"]["count"] == 1
    assert told["over_capacity"]["events"][0] == {
        "id": 4,
        "title": "Show",
        "event_date": "2025-07-01T10:00:00",
        "capacity": 1,
        "participants": 2,
    }


def test_only_past_events_in_inaccessible_venues_are_listed() -> None:
    barred, open_to_all = Venue("Sala", 9), Venue("Praça", 9, is_accessible=True)
    result = analysed(
        event(1, local_info=barred),
        event(2, local_info=open_to_all),
        event(3, local_info=barred, event_date="2027-01-01T00:00:00"),
        event(4),
    )
    assert [found["id"] for found in result["past_events_not_accessible"]["events"]] == [1]


def test_same_title_city_and_day_are_likely_duplicates_whatever_the_case() -> None:
    result = analysed(
        event(1), event(2, title="SHOW"), event(3, city="Olinda"), event(4, event_date="2025-07-02T10:00:00")
    )
    assert result["likely_duplicates"]["count"] == 1
    assert result["likely_duplicates"]["events"][0]["same_as"] == 1


def test_an_analysis_beyond_its_memory_limit_says_that_it_is_partial(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis, "DUPLICATE_KEYS", 3)
    monkeypatch.setattr(analysis, "DISTINCT_LIMIT", 2)
    result = analysed(*(event(n, title=f"T{n}", city=f"C{n}") for n in range(10)))
    assert result["likely_duplicates"]["looked_at"] == 3
    assert result["by_city"][0] == {"city": "…", "events": 8}


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.integers(1, 28), st.integers(0, 3)), max_size=30))
def test_counts_equal_a_plain_recount(rows: list[tuple[str, int, int]]) -> None:
    events = [
        event(n, city=city, event_date=f"2025-02-{day:02}T00:00:00", participants=tuple("xyz"[:people]))
        for n, (city, day, people) in enumerate(rows)
    ]
    result = analysed(*events)
    assert {row["city"]: row["events"] for row in result["by_city"]} == Counter(city for city, _, _ in rows)
    for breakdown in ("by_weekday", "by_month", "by_venue_type"):
        assert sum(row["events"] for row in result[breakdown]) == len(rows) == result["events"]
    assert result["participants"] == sum(people for _, _, people in rows)
