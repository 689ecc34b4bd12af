"""A limit is one number: lowered by one, every way in refuses what it let in before."""

from collections.abc import Callable
from datetime import UTC
from typing import Any

import msgspec
import pytest

from domain import limits
from domain.csv.reader import CsvReader
from domain.events import parse_fields
from domain.imports import ImportOptions
from domain.rows.row_batch import RowBatch

DATE = "2025-07-01T10:00:00"
CASES: dict[str, tuple[str, Callable[[int], dict[str, Any]]]] = {
    "TITLE_CHARACTERS": ("title", lambda n: {"title": "x" * n}),
    "CITY_CHARACTERS": ("city", lambda n: {"city": "x" * n}),
    "PARTICIPANTS": ("participants", lambda n: {"participants": [str(i) for i in range(n)]}),
    "CELL_BYTES": ("description", lambda n: {"description": "x" * n}),
    "LOCATION_NAME_CHARACTERS": ("local_info.location_name", lambda n: _venue(location_name="x" * n)),
    "ADDRESS_CHARACTERS": ("local_info.address", lambda n: _venue(address="x" * n)),
    "CAPACITY": ("local_info.capacity", lambda n: _venue(capacity=n)),
    "LAST_YEAR": ("event_date", lambda n: {"event_date": f"{n}-01-01"}),
}


def _venue(**members: Any) -> dict[str, Any]:
    return {"local_info": {"location_name": "ab", **members}}


def _as_json(members: dict[str, Any]) -> list[str]:
    read = parse_fields(members, timezone=UTC)
    return [problem.field for problem in read] if isinstance(read, tuple) else []


def _as_csv(members: dict[str, Any], *, careful: bool) -> list[str]:
    venue = members.get("local_info") or {}
    flat = {name: venue.get(name, "") for name in ("location_name", "capacity", "address")}
    people = ";".join(members["participants"])
    cells = [members["title"], members["description"], members["event_date"], members["city"], people]
    header = ["title", "description", "event_date", "city", "participants", *flat]
    lines = [";".join(header).replace(";", "|"), "|".join(map(str, [*cells, *flat.values()]))]
    reader = CsvReader(ImportOptions(), UTC)
    if careful:
        reader._read_fast = lambda _stop, _rows: RowBatch.empty()  # type: ignore[method-assign]
    reader.feed("\n".join(lines).encode() + b"\n")
    reader.close()
    rows = []
    while not reader.is_hungry:
        rows += reader.rows()
    assert len(rows) == 1
    return [error.field for error in rows[0].errors]


@pytest.mark.parametrize("name", CASES)
def test_a_lowered_limit_applies_to_csv_fast_csv_careful_and_json(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    field, members = CASES[name]
    limit = getattr(limits, name)
    event = {"title": "T", "description": "", "event_date": DATE, "city": "R", "participants": []}

    def refused(value: int) -> list[list[str]]:
        given = msgspec.json.decode(msgspec.json.encode(event | members(value)))
        return [_as_json(given), _as_csv(given, careful=False), _as_csv(given, careful=True)]

    assert refused(limit) == [[], [], []]
    assert refused(limit + 1) == [[field]] * 3
    monkeypatch.setattr(limits, name, limit - 1)
    assert refused(limit - 1) == [[], [], []]
    assert refused(limit) == [[field]] * 3


def test_the_minimum_length_of_a_location_name_applies_to_csv_and_json(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "LOCATION_NAME_LEAST_CHARACTERS", 3)
    event = {"title": "T", "description": "", "event_date": DATE, "city": "R", "participants": []}
    event |= _venue()
    assert _as_json(event) == ["local_info.location_name"]
    assert _as_csv(event, careful=False) == _as_csv(event, careful=True) == ["local_info.location_name"]
