"""The calendar, read back by a parser that is not its writer's."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
import vobject

from api.services.exports.calendar import CALENDAR_END, calendar_events, calendar_start
from domain.events import Event
from domain.venues import Venue

PLAIN = Event(
    id=7,
    title="Show; com vírgula, e \\ barra",
    description="Linha 1\nLinha 2",
    event_date="2025-07-01T10:00:00",
    city="Recife",
    participants=("Alice", "Bob"),
    local_info=Venue("Auditório Central", 300, "Auditório", address="Rua Exemplo, 123"),
    upload_id=None,
    version=3,
    created_at="2025-01-01T00:00:00.000Z",
    updated_at="2025-01-02T00:00:00.123Z",
)


def read_back(*events: Event) -> Any:
    text = (calendar_start("Eventos") + calendar_events(events, epoch="k3f9") + CALENDAR_END).decode()
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    return vobject.readOne(text)


def test_every_member_survives_export_and_import() -> None:
    vevent = read_back(PLAIN).vevent
    assert vevent.uid.value == "7.k3f9@fasttrack"
    assert vevent.summary.value == PLAIN.title
    assert vevent.description.value == PLAIN.description
    assert vevent.location.value == "Auditório Central, Rua Exemplo, 123, Recife"
    assert vevent.categories.value == ["Auditório"]
    assert vevent.comment.value == "Alice; Bob"
    assert vevent.sequence.value == "2"
    assert vevent.dtstamp.value == datetime(2025, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("event_date", "start"),
    [
        ("2025-07-01T10:00:00", datetime(2025, 7, 1, 10)),  # noqa: DTZ001 - floating stays floating
        ("2025-07-01T10:00:00.250", datetime(2025, 7, 1, 10)),  # noqa: DTZ001
        ("2025-07-01T10:00:00Z", datetime(2025, 7, 1, 10, tzinfo=UTC)),
        ("2025-07-01T10:00:00-03:00", datetime(2025, 7, 1, 13, tzinfo=UTC)),
    ],
)
def test_naive_times_stay_floating_and_offsets_become_utc(event_date: str, start: datetime) -> None:
    found = read_back(msgspec.structs.replace(PLAIN, event_date=event_date)).vevent.dtstart.value
    assert found == start
    assert (found.tzinfo is None) == (start.tzinfo is None)


def test_an_event_without_a_venue_has_its_city_as_location() -> None:
    bare = msgspec.structs.replace(PLAIN, local_info=None, description="", participants=())
    vevent = read_back(bare).vevent
    assert vevent.location.value == "Recife"
    assert not hasattr(vevent, "categories")


def test_a_calendar_without_events_is_valid() -> None:
    assert read_back().name == "VCALENDAR"


def test_text_cannot_inject_a_calendar_component() -> None:
    hostile = msgspec.structs.replace(PLAIN, description="x\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nSUMMARY:evil")
    calendar = read_back(hostile)
    assert len(calendar.vevent_list) == 1
