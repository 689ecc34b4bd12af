"""What the interface's description says of an event is what the rules hold."""

import importlib
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from api.http.problems import HttpProblem
from api.routes import event_input
from domain import limits
from domain.events import Event, EventFields
from domain.venues import Venue

RECIFE = ZoneInfo("America/Recife")
PLAIN = {"title": "A", "event_date": "2026-05-28T19:00:00", "city": "Recife"}
STAMP = "2026-01-01T00:00:00.000Z"
VENUE = Venue("Arena", 900, "Arena", True, "Rua A", ("B",), True)
EVENT = Event(7, "A", "", "2026-05-28T19:00:00-22:00", "Recife", (), VENUE, None, 1, STAMP, STAMP)
UNKNOWN: list[tuple[dict[str, Any], str, str | None]] = [
    ({"tittle": "A"}, "tittle", "title"),
    ({"foo": 1}, "foo", None),
    ({"local_info": {"location_name": "Arena", "capacidade": 900}}, "local_info.capacidade", "capacity"),
    ({"local_info": {"location_name": "Arena", "foo": {}}}, "local_info.foo", None),
    ({"foo": None}, "foo", None),
    ({"local_info": {"location_name": "Arena", "capacty": None}}, "local_info.capacty", "capacity"),
]


@pytest.mark.parametrize(("members", "field", "suggestion"), UNKNOWN, ids=str)
def test_no_call_takes_a_member_that_no_event_has(
    members: dict[str, Any], field: str, suggestion: str | None
) -> None:
    with pytest.raises(HttpProblem) as one:
        event_input.one_event(PLAIN | members, RECIFE)
    with pytest.raises(HttpProblem) as many:
        event_input.many_events(iter([PLAIN, PLAIN | members]), RECIFE, 9)
    put = event_input.replacement(PLAIN | members, RECIFE)(EVENT)
    patched = event_input.patch(members, RECIFE)(EVENT)
    told = [one.value.errors, many.value.errors, put, patched]
    expected = [(field, "unknown_member", suggestion)]
    assert isinstance(many.value.errors, list)
    many.value.errors[:] = [
        msgspec.structs.replace(error, field=error.field.removeprefix("[1].")) for error in many.value.errors
    ]
    assert [[(error.field, error.code, error.suggestion) for error in errors] for errors in told] == [  # type: ignore[union-attr]
        expected
    ] * 4


@pytest.mark.parametrize("name", ["id", "version", "created_at", "updated_at"])
def test_null_is_another_value_for_what_the_server_sets(name: str) -> None:
    (refused,) = event_input.patch({name: None}, RECIFE)(EVENT)
    assert (refused.field, refused.code) == (name, "read_only")  # type: ignore[union-attr]


def test_an_event_is_taken_back_as_it_was_sent() -> None:
    sent = msgspec.to_builtins(EVENT)
    for change in (event_input.replacement, event_input.patch):
        fields = change(sent, RECIFE)(EVENT)
        assert isinstance(fields, EventFields)
        assert (fields.local_info, fields.event_date) == (VENUE, EVENT.event_date)


def test_a_stored_offset_that_no_place_has_may_stay_and_no_other_come() -> None:
    kept = event_input.patch({"title": "B"}, RECIFE)(EVENT)
    assert isinstance(kept, EventFields)
    assert (kept.title, kept.event_date) == ("B", EVENT.event_date)
    (refused,) = event_input.patch({"event_date": "2026-05-29T19:00:00-22:00"}, RECIFE)(EVENT)
    assert (refused.field, refused.code) == ("event_date", "invalid_date")  # type: ignore[union-attr]


def test_a_member_of_a_place_is_removed_by_null() -> None:
    fields = event_input.patch({"local_info": {"address": None}, "description": None}, RECIFE)(EVENT)
    assert isinstance(fields, EventFields)
    assert fields.local_info == msgspec.structs.replace(VENUE, address=None)


@pytest.fixture
def restored() -> Iterator[None]:
    yield
    importlib.reload(event_input)


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize(
    ("name", "path", "word"),
    [
        ("TITLE_CHARACTERS", ("title",), "maxLength"),
        ("CITY_CHARACTERS", ("city",), "maxLength"),
        ("PARTICIPANTS", ("participants",), "maxItems"),
        ("LOCATION_NAME_LEAST_CHARACTERS", ("local_info", "location_name"), "minLength"),
        ("LOCATION_NAME_CHARACTERS", ("local_info", "location_name"), "maxLength"),
        ("ADDRESS_CHARACTERS", ("local_info", "address"), "maxLength"),
        ("CAPACITY", ("local_info", "capacity"), "maximum"),
    ],
)
def test_the_json_schema_has_the_limits_of_the_domain(
    name: str, path: tuple[str, ...], word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as lowered:
        lowered.setattr(limits, name, getattr(limits, name) - 1)
        schema = importlib.reload(event_input).EVENT_SCHEMA
        for member in path:
            either = [schema, *schema.get("anyOf", []), *schema.get("oneOf", [])]
            schema = next(one["properties"][member] for one in either if "properties" in one)
        assert schema[word] == getattr(limits, name)
