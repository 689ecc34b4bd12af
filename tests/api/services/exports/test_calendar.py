"""The calendar, read back by a parser that is not its writer's."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
import vobject
from hypothesis import example, given
from hypothesis import strategies as st

from api.services.exports.calendar import CALENDAR_END, calendar_events, calendar_start
from domain.events import Event
from domain.files.calendar_reader import CalendarReader
from domain.imports import ImportOptions
from domain.venues import Venue

ZONE = "America/Sao_Paulo"

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
    text = (
        calendar_start("Eventos", ZONE) + calendar_events(events, epoch="k3f9", timezone=ZONE) + CALENDAR_END
    ).decode()
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


STARTS = [
    ("2025-07-01T10:00:00", datetime(2025, 7, 1, 13, tzinfo=UTC)),
    ("2025-07-01T10:00:00.250", datetime(2025, 7, 1, 13, tzinfo=UTC)),
    # In the summer time that Brazil had.
    ("2018-12-01T10:00:00", datetime(2018, 12, 1, 12, tzinfo=UTC)),
    ("1900-01-01T10:00:00", datetime(1900, 1, 1, 13, 6, 28, tzinfo=UTC)),
    ("2200-12-31T10:00:00", datetime(2200, 12, 31, 13, tzinfo=UTC)),
    ("2025-07-01T10:00:00Z", datetime(2025, 7, 1, 10, tzinfo=UTC)),
    ("2025-07-01T10:00:00-03:00", datetime(2025, 7, 1, 13, tzinfo=UTC)),
    ("2025-07-01T00:00:00Z", datetime(2025, 7, 1, tzinfo=UTC)),
    ("2025-07-01T00:00:00.250", datetime(2025, 7, 1, 3, tzinfo=UTC)),
]


@pytest.mark.parametrize(("event_date", "start"), STARTS)
def test_each_time_is_a_moment_that_no_reader_has_to_guess_the_zone_of(
    event_date: str, start: datetime
) -> None:
    calendar = read_back(msgspec.structs.replace(PLAIN, event_date=event_date))
    found = calendar.vevent.dtstart.value
    assert found.tzinfo is not None
    assert found.astimezone(UTC) == start


DATES = st.datetimes(datetime(1900, 1, 2), datetime(2200, 12, 30)).map(  # noqa: DTZ001 - wall clocks.
    lambda moment: moment.replace(microsecond=0).isoformat()
)


@given(DATES, st.sampled_from(["America/Recife", "Africa/Monrovia", "Europe/Dublin", "Asia/Kathmandu"]))
@example("1913-12-31T10:00:00", "America/Recife")
@example("1965-01-01T10:00:00", "Africa/Monrovia")
@example("1916-06-01T10:00:00", "Europe/Dublin")
def test_a_date_of_any_time_is_imported_as_it_was_stored(event_date: str, zone: str) -> None:
    event = msgspec.structs.replace(PLAIN, event_date=event_date)
    reader = CalendarReader(ImportOptions(), ZoneInfo("America/Recife"))
    reader.feed(
        calendar_start("Eventos", zone) + calendar_events([event], epoch="x", timezone=zone) + CALENDAR_END
    )
    reader.close()
    [row] = reader.rows(max_rows=2)
    assert (row.fields and row.fields.event_date, row.errors) == (event_date, ())


def test_a_date_alone_is_a_whole_day() -> None:
    found = read_back(msgspec.structs.replace(PLAIN, event_date="2025-07-01T00:00:00")).vevent.dtstart.value
    assert found == date(2025, 7, 1)


def test_a_calendar_says_its_zone_and_how_often_to_ask() -> None:
    text = calendar_start("Eventos", "Europe/Lisbon").decode().split("\r\n")
    assert {
        "X-WR-CALNAME:Eventos",
        "X-WR-TIMEZONE:Europe/Lisbon",
        "TZID:Europe/Lisbon",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL:PT1H",
    } <= set(text)


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
