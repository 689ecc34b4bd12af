"""One validation of an event's fields, for JSON and CSV alike."""

from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.dates import DateOrder
from domain.events import Event, EventFields, fields_of, parse_fields
from domain.problems import Problem
from domain.venues import VENUE_TYPES, Venue

RECIFE = ZoneInfo("America/Recife")
GOOD: dict[str, Any] = {
    "title": "Evento 1",
    "description": "Descrição do evento",
    "event_date": "2025-07-01T10:00:00",
    "city": "Recife",
    "participants": ["Alice", "Bob"],
    "local_info": {"location_name": "Auditório Central", "capacity": 300, "venue_type": "auditorio"},
}


def parse(**changes: Any) -> EventFields:
    fields = parse_fields(GOOD | changes, timezone=RECIFE)
    assert isinstance(fields, EventFields), fields
    return fields


def problems(**changes: Any) -> list[tuple[str, str]]:
    answer = parse_fields(GOOD | changes, timezone=RECIFE)
    assert not isinstance(answer, EventFields)
    return [(problem.field, problem.code) for problem in answer]


def test_valid_members_become_an_event() -> None:
    fields = parse()
    assert fields.title == "Evento 1"
    assert fields.participants == ("Alice", "Bob")
    assert fields.local_info == Venue("Auditório Central", 300, "Auditório")
    assert fields.event_date == "2025-07-01T10:00:00"
    assert fields.instant_us == 1_751_374_800_000_000  # 13:00 UTC


def test_a_participant_with_a_semicolon_is_split_as_in_a_csv() -> None:
    assert parse(participants=["Ana; Bo ", ";", "Eva"]).participants == ("Ana", "Bo", "Eva")


def test_at_most_1000_problems_of_each_kind_are_reported() -> None:
    venue = {"location_name": "ab", "past_events": [0] * 100_000}
    found = parse_fields(
        GOOD | {f"x{n}": n for n in range(3000)} | {"participants": [0] * 3000, "local_info": venue},
        timezone=RECIFE,
        refuse_unknown=True,
    )
    assert isinstance(found, tuple)
    assert len(found) == 3000


def test_past_events_too_long_for_a_csv_cell_are_refused() -> None:
    venue = {"location_name": "ab", "past_events": ["x" * 1000] * 64}
    assert isinstance(parse(local_info=venue), EventFields)
    venue["past_events"] = ["x" * 1000] * 66
    assert problems(local_info=venue) == [("local_info.past_events", "too_long")]


def test_all_problems_are_reported_at_once() -> None:
    venue = {"location_name": "x", "capacity": -5, "venue_type": "Teatroo", "is_accessible": 1}
    assert problems(
        title=" ", event_date="01/07/2025", city=None, participants="Alice", local_info=venue
    ) == [
        ("title", "required"),
        ("event_date", "invalid_date"),
        ("city", "required"),
        ("participants", "invalid_type"),
        ("local_info.location_name", "too_short"),
        ("local_info.capacity", "out_of_range"),
        ("local_info.venue_type", "unknown_venue_type"),
        ("local_info.is_accessible", "invalid_type"),
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"title": "x" * 101}, [("title", "too_long")]),
        ({"title": 5}, [("title", "invalid_type")]),
        ({"title": "a\x00b"}, [("title", "control_character")]),
        ({"title": "a\u202eb"}, [("title", "control_character")]),
        ({"city": "a\u2066b"}, [("city", "control_character")]),
        ({"title": "a\ud800b"}, [("title", "invalid_unicode")]),
        ({"city": "x" * 101}, [("city", "too_long")]),
        ({"description": None}, [("description", "invalid_type")]),
        ({"description": "é" * 40_000}, [("description", "too_long")]),
        ({"event_date": 45839}, [("event_date", "invalid_type")]),
        ({"participants": ["a", 5]}, [("participants[1]", "invalid_type")]),
        ({"participants": [str(n) for n in range(1001)]}, [("participants", "too_many_items")]),
        ({"local_info": "{}"}, [("local_info", "invalid_type")]),
        ({"local_info": {}}, [("local_info.location_name", "required")]),
        ({"local_info": {"location_name": "x" * 201}}, [("local_info.location_name", "too_long")]),
        ({"local_info": {"location_name": 5}}, [("local_info.location_name", "invalid_type")]),
    ],
)
def test_each_broken_rule_reports_its_field_and_code(
    changes: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert problems(**changes) == expected


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        ("capacity", "300", "invalid_type"),
        ("capacity", True, "invalid_type"),
        ("capacity", 2.5, "invalid_type"),
        ("capacity", None, "invalid_type"),
        ("capacity", 2**31, "out_of_range"),
        ("capacity", float("inf"), "out_of_range"),
        ("capacity", 10**400, "out_of_range"),
        ("venue_type", 5, "invalid_type"),
        ("venue_type", "", "unknown_venue_type"),
        ("is_accessible", "true", "invalid_type"),
        ("manually_edited", None, "invalid_type"),
        ("address", 5, "invalid_type"),
        ("address", "x" * 301, "too_long"),
        ("past_events", "none", "invalid_type"),
    ],
)
def test_each_broken_venue_rule_reports_its_field_and_code(member: str, value: object, code: str) -> None:
    venue = {"location_name": "Teatro", member: value}
    assert problems(local_info=venue) == [(f"local_info.{member}", code)]


def test_problems_in_past_events_name_the_index_of_the_item() -> None:
    venue = {"location_name": "Teatro", "past_events": [1, "a", None]}
    assert problems(local_info=venue) == [
        ("local_info.past_events[0]", "invalid_type"),
        ("local_info.past_events[2]", "invalid_type"),
    ]


def test_a_number_without_fraction_is_an_integer() -> None:
    venue = parse(local_info={"location_name": "Teatro", "capacity": 300.0}).local_info
    assert venue is not None
    assert (venue.capacity, type(venue.capacity)) == (300, int)


@pytest.mark.parametrize("written", [f" {name.upper()} " for name in VENUE_TYPES])
def test_venue_types_match_without_case_and_are_stored_as_documented(written: str) -> None:
    venue = parse(local_info={"location_name": "ab", "venue_type": written}).local_info
    assert venue is not None
    assert venue.venue_type in VENUE_TYPES


def test_an_unknown_venue_type_suggests_the_nearest() -> None:
    answer = parse_fields(
        GOOD | {"local_info": {"location_name": "ab", "venue_type": "Auditorioo"}}, timezone=UTC
    )
    assert isinstance(answer, tuple)
    assert answer[0].suggestion == "Auditório"


def test_text_is_normalised_and_participants_deduplicated() -> None:
    fields = parse(
        title="  Um\r\n  dia ",
        city=" Sa\u0303o Paulo ",
        participants=[" Ana ", "", "Ana", "Bo"],
        local_info=None,
    )
    assert (fields.title, fields.city, fields.participants) == ("Um dia", "São Paulo", ("Ana", "Bo"))


def test_absent_members_are_empty() -> None:
    members = {name: GOOD[name] for name in ("title", "event_date", "city")}
    fields = parse_fields(members, timezone=RECIFE)
    assert isinstance(fields, EventFields)
    assert (fields.description, fields.participants, fields.local_info) == ("", (), None)


def test_repaired_values_give_warnings() -> None:
    seen: list[str] = []
    members = GOOD | {"participants": ["A", "A"], "local_info": {"location_name": "ab", "x": 1}}
    parse_fields(members, timezone=RECIFE, warn=seen.append)
    assert seen == ["repeated_participant", "unknown_member"]


@pytest.mark.parametrize(
    ("order", "codes"),
    [
        (DateOrder("mdy", 2), ["contradicting_dates"]),
        # The uploader said so, and no other date is read by a proof.
        (DateOrder("mdy"), []),
        (DateOrder("auto"), []),
        (DateOrder("dmy", 2), []),
    ],
)
def test_a_date_that_contradicts_a_proof_is_warned_of(order: DateOrder, codes: list[str]) -> None:
    seen: list[str] = []
    members = GOOD | {"event_date": "15/05/2026"}
    parse_fields(members, timezone=RECIFE, date_order=order, warn=seen.append)
    assert seen == codes


EVENT = Event(
    7,
    "T",
    "d",
    "2025-07-01T10:00:00",
    "Recife",
    ("A",),
    Venue("Teatro", 5),
    None,
    1,
    "2025-01-01",
    "2025-01-01",
)


def test_the_fields_of_a_parsed_event_are_valid_input() -> None:
    fields = parse_fields(fields_of(EVENT), timezone=UTC)
    assert isinstance(fields, EventFields)
    assert fields.local_info == EVENT.local_info


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(GOOD, json_values)), st.booleans())
def test_any_members_give_a_result_that_can_be_encoded(members: dict[str, Any], unknown: bool) -> None:
    answer = parse_fields(members, timezone=RECIFE, refuse_unknown=unknown)
    assert msgspec.json.encode(answer)
    if isinstance(answer, tuple):
        assert answer
        assert all(isinstance(problem, Problem) and len(problem.value or "") <= 80 for problem in answer)


@pytest.mark.parametrize(
    "city", ["São  Paulo", "São\nPaulo", "São \u200bPaulo", "São\u00a0Pau\u00adlo", "\ufeffSão Paulo"]
)
def test_city_and_place_are_one_line_without_invisible_marks(city: str) -> None:
    fields = parse(city=city, local_info={"location_name": city, "address": city})
    assert fields.local_info is not None
    assert {fields.city, fields.local_info.location_name, fields.local_info.address} == {"São Paulo"}


def test_joiners_that_shape_letters_stay() -> None:
    assert parse(city="\u0646\u200c\u0645").city == "\u0646\u200c\u0645"
