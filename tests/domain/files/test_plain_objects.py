"""The fast path of JSON gives what the careful way gives, however objects are written."""

import json
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.files import json_reader, json_scanner, record_reader
from domain.files.json_reader import JsonReader
from domain.files.plain_objects import PlainRun, cut, last_boundary
from domain.imports import ImportOptions
from domain.rows.row_parser import Row

RECIFE = ZoneInfo("America/Recife")
EVENT = {"title": "A", "event_date": "2026-07-01", "city": "Recife", "participants": ["Ana"]}
VENUE = {
    "location_name": "Praça",
    "capacity": 3,
    "venue_type": "Praça",
    "is_accessible": True,
    "address": None,
    "past_events": [],
    "manually_edited": False,
}
# A file has one of two ways to name a place.
FIRST = {
    "nested": [{**EVENT, "local_info": VENUE, "note": n} for n in range(4)],
    "flat": [
        {**EVENT, "location_name": "Sé", "capacity": 1, "is_accessible": True, "note": n} for n in range(4)
    ],
}

texts = st.sampled_from(
    ["B", 'a "quoted" one', "back\\slash", '":', "ç\u2028", "", "a\x00b", "S\u00c3\u00a3o", "#REF!"]
)
venues = st.one_of(
    st.none(),
    st.just(VENUE),
    st.sampled_from(
        [json.dumps(VENUE), "Arena", {"location_name": "Teatro"}, {**VENUE, "x": {"y": 1}}, [], 5]
    ),
    st.fixed_dictionaries(
        {**{name: st.just(value) for name, value in VENUE.items()}, "location_name": texts}
    ),
)
common = {
    "title": texts | st.none() | st.integers(0, 3),
    "event_date": st.sampled_from(["2026-07-01T10:00:00", "01/07/2026", None, 20260701]),
    "city": texts,
    "participants": st.lists(texts, max_size=3) | texts | st.none() | st.just([1]),
    "note": st.integers() | st.floats(allow_nan=False) | texts | st.just({"a": 1}) | st.just([{"b": 2}]),
}
of_its_kind = {
    "nested": {"local_info": venues},
    "flat": {
        "location_name": texts,
        "capacity": st.integers(0, 9) | st.booleans() | st.just("300") | st.just(1.5),
        "is_accessible": st.booleans() | st.just("sim"),
    },
}


def items_of(kind: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    some = st.fixed_dictionaries({}, optional={**common, **of_its_kind[kind]}).map(
        lambda some: {**EVENT, **some}
    )
    plain = st.sampled_from(FIRST[kind]).map(lambda one: {**one, "title": "B"})
    later = st.just({**EVENT, "later": "x"})
    return st.lists(plain | some, min_size=8, max_size=20) | st.lists(
        plain | some | later, min_size=8, max_size=20
    )


spellings = st.sampled_from(
    [
        json.dumps,
        lambda item: json.dumps(item, ensure_ascii=False),
        lambda item: json.dumps(item, separators=(",", ":")),
        lambda item: json.dumps(item)[:-1] + ', "title": "twice"}',
        lambda item: json.dumps(item).replace('"title"', '"t\\u0069tle"'),
    ]
)
# What spoils the whole region that it is in.
spoilers = st.sampled_from(
    ["", json.dumps(EVENT, separators=(", ", " : ")), '{"note": NaN}', "[1, 2]", '{"a"']
)


def read(content: bytes, chunk: int) -> tuple[list[Row], Any, Any, Any]:
    reader, rows = JsonReader(ImportOptions(date_format="iso"), RECIFE), []
    for start in range(0, len(content), chunk):
        reader.feed(content[start : start + chunk])
        while not reader.is_hungry:
            rows += reader.rows(max_rows=7)
    reader.close()
    while not reader.is_hungry:
        rows += reader.rows(max_rows=7)
    warnings = {warning["code"]: warning["count"] for warning in reader.warnings}
    return rows, warnings, reader.fault, reader.offset


@given(
    st.sampled_from([*FIRST]).flatmap(lambda kind: st.tuples(st.just(FIRST[kind]), items_of(kind))),
    st.lists(spellings, min_size=20, max_size=20),
    spoilers,
    st.sampled_from(["\n", "\r\n", ",", ", ", ",\n  ", "\n,\n"]),
    st.sampled_from([1 << 20, 700, 97]),
)
def test_the_fast_path_gives_what_the_careful_way_gives(
    items: tuple[list[dict[str, Any]], list[dict[str, Any]]],
    spelled: list[Callable[[Any], str]],
    spoiler: str,
    between: str,
    chunk: int,
) -> None:
    first, others = items
    written = [json.dumps(item) for item in first]
    written += [spell(item) for spell, item in zip(spelled, others, strict=False)]
    written += [spoiler] * bool(spoiler)
    text = between.join(written)
    content = (f"[{text}]" if "," in between else text).encode()
    with pytest.MonkeyPatch.context() as patch:
        for module in (json_reader, record_reader):
            patch.setattr(module, "HEAD_RECORDS", len(first))
        fast = read(content, chunk)
        patch.setattr(json_scanner.JsonScanner, "find_plain", lambda _: None)
        careful = read(content, chunk)
    assert fast == careful


@pytest.mark.parametrize("name", ["items", "event_date", "data"])
def test_documents_among_lines_are_read_by_the_fast_path_too(name: str) -> None:
    item = {"title": "A", name if name == "data" else "event_date": "2026-07-01", "city": "Recife"}
    lines = [json.dumps(item)] * (json_reader.HEAD_RECORDS + 20)
    holder = "items" if name == "event_date" else name
    page, array = json.dumps({holder: [item, item]}), json.dumps([item, item])
    content = "\n".join([*lines, page, *lines, array, *lines]).encode()
    rows, _, fault, offset = read(content, 1 << 20)
    assert (fault, offset) == (None, len(content))
    assert [row.errors for row in rows if not row.fields] == []
    assert len(rows) == 3 * len(lines) + 4


@pytest.mark.parametrize("between", ["\n", ",\n"])
def test_plain_objects_are_read_in_bulk(monkeypatch: pytest.MonkeyPatch, between: str) -> None:
    runs: list[int] = []

    def counted(region: bytes, *, is_array: bool) -> PlainRun | None:
        run = cut(region, is_array=is_array)
        runs.append(len(run.pieces) if run else 0)
        return run

    monkeypatch.setattr(json_scanner, "cut", counted)
    text = between.join(json.dumps({**EVENT, "title": f"T{n}"}) for n in range(3000))
    rows, _, fault, _ = read((f"[{text}]" if "," in between else text).encode(), 1 << 20)
    assert fault is None
    assert [row.fields and row.fields.title for row in rows] == [f"T{n}" for n in range(3000)]
    assert sum(runs) > 2000


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ('{"a":1},{"a":2},{"a"', 15),
        ('{"a":[{"b":1}, {"b":2}]', 13),
        ('{"a":1} , \n {"a":2}', 7),
        ('{"a":1}', 0),
        ("", 0),
    ],
)
def test_an_array_is_cut_after_an_object_that_another_follows(text: str, end: int) -> None:
    assert last_boundary(text, 0, len(text), is_array=True) == end


def test_what_is_cut_within_an_object_needs_care() -> None:
    assert cut(b'{"a":[{"b":1}', is_array=True) is None
    assert cut(b'{"a" :1}', is_array=True) is None
    assert cut(b'{"a":1}\r{"a":2}', is_array=False) is None


@pytest.mark.parametrize("ensure_ascii", [True, False])
def test_damaged_letters_of_a_venue_are_counted_in_bulk_too(*, ensure_ascii: bool) -> None:
    venue = {**VENUE, "location_name": "S\u00c3\u00a3o"}
    events = [{**EVENT, "local_info": venue if at == 200 else VENUE, "note": at} for at in range(300)]
    content = "\n".join(json.dumps(event, ensure_ascii=ensure_ascii) for event in events).encode()
    assert read(content, 1 << 20)[1]["damaged_text"] == 1
