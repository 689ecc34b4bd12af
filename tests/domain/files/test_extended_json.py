"""Values of MongoDB's Extended JSON are what they stand for."""

import json
from typing import Any

import pytest

from domain.files.extended_json import plain_value
from tests.domain.files.test_json_reader import EVENT, read, told

VALUES: list[tuple[dict[str, Any], Any]] = [
    ({"$oid": "65a1"}, "65a1"),
    ({"$date": "2026-05-28T19:00:00Z"}, "2026-05-28T19:00:00Z"),
    ({"$date": 1779994800000}, "2026-05-28T19:00:00+00:00"),
    ({"$numberInt": "5"}, 5),
    ({"$numberLong": "-12"}, -12),
    ({"$numberDouble": "2.5"}, 2.5),
    ({"$numberDecimal": "300"}, 300.0),
    # These are no such values, and stay what they are.
    ({"$date": 10**20}, {"$date": 10**20}),
    ({"$date": True}, {"$date": True}),
    ({"$oid": 5}, {"$oid": 5}),
    ({"$numberInt": "five"}, {"$numberInt": "five"}),
    ({"$numberInt": "--5"}, {"$numberInt": "--5"}),
    ({"$numberDouble": "x"}, {"$numberDouble": "x"}),
    ({"$numberLong": 5}, {"$numberLong": 5}),
    ({"$other": "x"}, {"$other": "x"}),
]


@pytest.mark.parametrize(("written", "meant"), VALUES, ids=json.dumps)
def test_a_value_is_read_as_what_it_stands_for(written: dict[str, Any], meant: Any) -> None:
    assert plain_value(*next(iter(written.items()))) == meant


@pytest.mark.parametrize("lines", [True, False], ids=["lines", "array"])
@pytest.mark.parametrize("count", [1, 300])
def test_an_export_of_mongodb_is_read(*, lines: bool, count: int) -> None:
    number = {"$date": {"$numberLong": "1779994800000"}}
    record = {
        "_id": {"$oid": "65a1"},
        "title": "A",
        "date": number,
        "city": "Recife",
        "local_info": {"location_name": "Sé", "capacity": {"$numberInt": "300"}},
    }
    records = [record] * count
    content = "\n".join(map(json.dumps, records)) if lines else json.dumps(records)
    reader, rows = read(content.encode())
    assert reader.fault is None
    assert len(rows) == count
    for row in rows:
        assert row.fields is not None, told(row)
        assert row.fields.event_date == "2026-05-28T19:00:00+00:00"
        assert row.fields.local_info is not None
        assert row.fields.local_info.capacity == 300
        assert not row.event_id


def test_records_that_are_such_values_are_no_events() -> None:
    for content in ([{"$oid": "65"}], {"data": [{"$oid": "65"}]}, {"hits": [{"$oid": "65"}]}):
        _, rows = read(json.dumps(content).encode())
        assert all(row.fields is None for row in rows)
    assert told(read(json.dumps([EVENT, {"$oid": "65"}]).encode())[1][1]) == "1 :invalid_type"
