"""An export as CSV, imported again, gives the events that it was made of."""

from codecs import BOM_UTF8
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from api.routes.event_formats import CsvFile
from domain.csv_rows import RowReader
from domain.events import Event, EventFields, parse_fields
from domain.imports import ImportOptions
from domain.venues import VENUE_TYPES

RECIFE = ZoneInfo("America/Recife")

ODD = st.sampled_from([*"'=+-@\t\r\n\\\";,| ", '\\"', '""', "''=", "'@", "\u2028", "e\u0301", "\u00a0", "{}"])
TEXT = st.lists(ODD | st.characters(blacklist_categories=("Cs", "Cc")), max_size=12).map("".join)
VENUE = st.fixed_dictionaries(
    {"location_name": TEXT.map(lambda text: f"Xy{text}")},
    optional={
        "capacity": st.integers(0, 2**31 - 1),
        "venue_type": st.sampled_from([None, *VENUE_TYPES]),
        "is_accessible": st.booleans(),
        "address": st.none() | TEXT,
        "past_events": st.lists(TEXT, max_size=3),
        "manually_edited": st.booleans(),
    },
)
MEMBERS = st.fixed_dictionaries(
    {
        "title": TEXT,
        "description": TEXT,
        "event_date": st.sampled_from(
            ["2025-07-01", "2025-07-01T10:00:00.5-03:00", "2200-12-31 23:59z", "1900-01-01T00:00"]
        ),
        "city": TEXT,
        "participants": st.lists(TEXT, max_size=4),
        "local_info": st.none() | VENUE,
    }
)


def event_of(number: int, fields: EventFields) -> Event:
    return Event(
        number,
        fields.title,
        fields.description,
        fields.event_date,
        fields.city,
        fields.participants,
        fields.local_info,
        None,
        1,
        "",
        "",
    )


@given(st.lists(MEMBERS, max_size=4))
def test_what_was_exported_is_imported_as_it_was(all_members: list[dict[str, Any]]) -> None:
    parsed = [parse_fields(members, timezone=RECIFE) for members in all_members]
    kept = [fields for fields in parsed if isinstance(fields, EventFields)]
    file = CsvFile()
    content = file.opening() + file.part([event_of(n, fields) for n, fields in enumerate(kept)])
    assert content.startswith(BOM_UTF8)  # Which Excel needs, and the reader drops.

    reader = RowReader(ImportOptions(), RECIFE)
    reader.feed(content)
    reader.close()
    rows = []
    while not reader.is_hungry:
        rows += reader.rows()
    assert [row.fields for row in rows] == kept, [row.errors for row in rows]
