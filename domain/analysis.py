"""Analyses all events in one pass with bounded memory."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, tzinfo
from hashlib import blake2b
from typing import Any

from domain.events import Event

LISTED = 20
"""Events that a finding lists; all of them are counted."""
DUPLICATE_KEYS = 500_000
"""Events that are looked at for repeats: 16 bytes each, and the memory that a set takes for them."""
DISTINCT_LIMIT = 10_000
"""Distinct cities that are counted by name; the rest are counted together."""

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Analysis:
    """Totals and findings over the events that `add` was given."""

    def __init__(self, *, now: datetime, timezone: tzinfo) -> None:
        """Start with no events.

        Args:
            now: aware; what is before it is past.
            timezone: that of events without an offset.
        """
        self._now = now
        self._timezone = timezone
        self._totals: Counter[str] = Counter()
        self._by_city: Counter[str] = Counter()
        self._by_month: Counter[str] = Counter()
        self._by_weekday: Counter[int] = Counter()
        self._by_venue_type: Counter[str | None] = Counter()
        self._findings = {name: _Finding() for name in ("over_capacity", "duplicates", "not_accessible")}
        self._seen: dict[bytes, int] = {}

    @property
    def events(self) -> int:
        """Events added so far."""
        return self._totals["events"]

    def add(self, events: Iterable[Event]) -> None:
        """Fold more events in."""
        for event in events:
            self._count(event)
            self._look_for_repeat(event)

    def result(self) -> dict[str, Any]:
        """Return the analysis as JSON-ready members."""
        totals, findings = self._totals, self._findings
        return {
            "events": totals["events"],
            "upcoming": totals["events"] - totals["past"],
            "past": totals["past"],
            "participants": totals["participants"],
            "capacity": totals["capacity"],
            "without_venue": totals["without_venue"],
            "by_city": _ranked(self._by_city, "city"),
            "by_month": [{"month": month, "events": n} for month, n in sorted(self._by_month.items())],
            "by_weekday": [
                {"weekday": name, "events": self._by_weekday[day]} for day, name in enumerate(WEEKDAYS)
            ],
            "by_venue_type": _ranked(self._by_venue_type, "venue_type"),
            "capacity_against_participants": {
                "occupied_percent": _percent(totals["participants_with_capacity"], totals["capacity"]),
                "over_capacity": findings["over_capacity"].told(),
            },
            "likely_duplicates": {
                "looked_at": min(totals["events"], DUPLICATE_KEYS),
                **findings["duplicates"].told(),
            },
            "past_events_not_accessible": findings["not_accessible"].told(),
        }

    def _count(self, event: Event) -> None:
        when = datetime.fromisoformat(event.event_date)
        city = event.city if event.city in self._by_city or len(self._by_city) < DISTINCT_LIMIT else "…"
        self._by_city[city] += 1
        self._by_month[event.event_date[:7]] += 1
        self._by_weekday[when.weekday()] += 1
        past = (when if when.tzinfo else when.replace(tzinfo=self._timezone)) < self._now
        self._totals.update(events=1, past=past, participants=len(event.participants))
        self._count_venue(event, past=past)

    def _count_venue(self, event: Event, *, past: bool) -> None:
        venue = event.local_info
        # An event without a venue has no type of venue, as on the dashboard: all events are in the breakdown.
        self._by_venue_type[venue.venue_type if venue else None] += 1
        if venue is None:
            self._totals["without_venue"] += 1
            return
        present = len(event.participants)
        self._totals.update(capacity=venue.capacity, participants_with_capacity=present)
        if present > venue.capacity:
            self._findings["over_capacity"].add(event, capacity=venue.capacity, participants=present)
        if past and not venue.is_accessible:
            self._findings["not_accessible"].add(event, location_name=venue.location_name)

    def _look_for_repeat(self, event: Event) -> None:
        """Two events are likely the same when title, city and day agree, but for case and blanks."""
        text = f"{event.title}\0{event.city}\0{event.event_date[:10]}".casefold()
        key = blake2b(" ".join(text.split()).encode(), digest_size=16).digest()
        first = self._seen.get(key)
        if first is not None:
            self._findings["duplicates"].add(event, same_as=first)
        elif len(self._seen) < DUPLICATE_KEYS:
            self._seen[key] = event.id


class _Finding:
    """Events that share a fault: all counted, the first few listed."""

    def __init__(self) -> None:
        self.count = 0
        self.listed: list[dict[str, Any]] = []

    def add(self, event: Event, **members: Any) -> None:
        self.count += 1
        if len(self.listed) < LISTED:
            named = {"id": event.id, "title": event.title, "event_date": event.event_date}
            self.listed.append({**named, **members})

    def told(self) -> dict[str, Any]:
        return {"count": self.count, "events": self.listed}


def _ranked(counter: Counter[Any], name: str) -> list[dict[str, Any]]:
    """Most first; equal ones by name, so that the same events always give the same answer."""
    ranked = sorted(counter.items(), key=lambda item: (-item[1], item[0] or ""))
    return [{name: key, "events": n} for key, n in ranked]


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole else None
