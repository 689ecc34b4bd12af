"""Which of several arrays is read, which are told, and events that are members instead of items."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.files.json_reader import JsonReader
from domain.files.kinds import sniff
from domain.files.no_event_names import is_no_event
from domain.imports import ImportOptions
from tests.domain.files.test_json_reader import RECIFE, event, read, told

A, B = event(), event(title="B")
VENUE = {"id": 1, "name": "Casa"}
LONG = {"id": 2, "text": "x" * 400_000}

ARRAYS: dict[str, tuple[dict[str, Any], list[str], list[str]]] = {
    "behind": ({"items": [A], "events": [B]}, ["1 A"], ["events"]),
    "several behind": (
        {"items": [A], "n": -1.5, "t": "]}[{", "m": {"x": [1, {}]}, "past": [B], "none": [], "old": [A, B]},
        ["1 A"],
        ["past", "old"],
    ),
    "before, by another name": ({"past": [B, B], "items": [A]}, ["1 A"], ["past"]),
    "around a holder": ({"data": {"items": [A]}, "events": [B]}, ["1 A"], ["events"]),
    "features": ({"features": [{"properties": A}], "events": [B]}, ["1 A"], ["events"]),
    "venues before events": ({"data": [VENUE], "events": [A]}, ["1 A"], []),
    "venues under the name of the events": ({"items": [VENUE], "events": [A]}, ["1 A"], []),
    "venues behind": ({"events": [A], "data": [VENUE]}, ["1 A"], []),
    "much before the events": ({"data": [LONG], "events": [A]}, ["1 A"], []),
    "an event before": ({"featured": A, "items": [B]}, ["1 B"], ["featured"]),
    "events before": (
        {"first": A, "next": A, "last": A, "events": [B, B]},
        ["1 B", "1 B"],
        ["first", "next", "last"],
    ),
    "an event behind": ({"items": [B], "featured": A}, ["1 B"], ["featured"]),
    "by their keys behind": ({"items": [B], "past": {"a": A, "b": A}}, ["1 B"], ["past"]),
    "by their keys before": ({"past": {"a": A, "b": A}, "items": [B]}, ["1 B"], ["past"]),
    "in venues": ({"venues": [{"name": "Casa", "shows": [A]}], "items": [B]}, ["1 B"], ["venues"]),
    "in venues behind": ({"items": [B], "venues": [{"name": "Casa", "shows": [A]}]}, ["1 B"], ["venues"]),
    "an unknown name": ({"meta": {"n": 1}, "agenda": [A, B], "tags": [VENUE]}, ["1 A", "1 B"], []),
    "an unknown name in another": ({"programa": {"shows": [A, B]}}, ["1 A", "1 B"], []),
    "a field of GraphQL": ({"data": {"group": {"next": {"edges": [{"node": A}]}}}}, ["1 A"], []),
    "a known name counts first": ({"shows": [A], "results": [B]}, ["1 B"], ["shows"]),
    "an empty one beside a single event": ({"items": [], "x": A}, [], ["x"]),
    "a single record of JSON:API": (
        {"data": {"type": "e", "attributes": A}, "included": [VENUE]},
        ["1 A"],
        [],
    ),
}


@pytest.mark.parametrize("chunk", [1 << 22, 4096, 1])
@pytest.mark.parametrize("name", ARRAYS)
def test_the_array_of_events_is_read_and_others_are_told(name: str, chunk: int) -> None:
    value, expected, others = ARRAYS[name]
    content = json.dumps(value).encode()
    if chunk == 1 and len(content) > 10_000:
        return
    reader, rows = read(content, chunk)
    assert reader.fault is None
    assert [told(row) for row in rows] == expected
    assert [w["names"] for w in reader.warnings if w["code"] == "other_arrays"] == (
        [others] if others else []
    )


C = event(title="C")
PLACE = {"city": "Recife"}
ANA = {"name": "Ana", "start_date": "2020-01-01", "city": "Recife"}
ARENA = {"name": "Arena", "date": "2013-05-20", "city": "Recife"}
NO_PLACE = {"title": "A", "date": "2026-07-01"}
UNKNOWN = {"ev_titulo": "A", "date": "2026-07-01", "city": "Recife"}
UNDATED = event(event_date=None)

# The document, the defaults, the titles that are read, the fault, and what is told.
RANKS: dict[str, tuple[Any, dict[str, str], list[str], str, list[str]]] = {
    "an empty known array beside an echo": ({"query": A, "total": 0, "hits": []}, {}, [], "", []),
    "an event before and after a change": ({"op": "u", "before": A, "after": B}, {}, [], "invalid_json", []),
    "an empty known array beside a person": ({"organizer": ANA, "events": []}, {}, [], "", []),
    "the same, the array first": ({"events": [], "organizer": ANA}, {}, [], "", []),
    "an empty known array beside an event": ({"events": [], "show": A}, {}, [], "", ["show"]),
    "an empty known array beside others": ({"items": [], "shows": [A]}, {}, [], "", ["shows"]),
    "an empty known array beside the event": ({"event": A, "items": []}, {}, ["A"], "", []),
    "a period and an empty array": (
        {"calendar": {"name": "Agenda", "start": "2026-01-01"}, "items": []},
        PLACE,
        [],
        "",
        ["calendar"],
    ),
    "a known name that is null": ({"organizer": ANA, "events": None}, {}, [], "missing_columns", []),
    "null beside one that may be it": ({"show": A, "events": None}, {}, [], "missing_columns", []),
    "null beside an array": ({"items": None, "shows": [A]}, {}, ["A"], "", []),
    "unknown columns under a known name": ({"user": ANA, "data": [UNKNOWN]}, {}, [], "missing_columns", []),
    "those beside events": ({"data": [UNKNOWN], "agenda": [A, B]}, {}, [], "missing_columns", []),
    "a period beside an array": (
        {"semestre": {"nome": "2026.1", "inicio": "2026-02-01"}, "provas": [NO_PLACE]},
        PLACE,
        ["A"],
        "",
        ["semestre"],
    ),
    "a single event beside those without a place": (
        {"festival": A, "shows": [NO_PLACE]},
        {},
        [],
        "missing_columns",
        [],
    ),
    "a single event around others": (
        {"conference": event(days=[{"talks": [A, B]}])},
        {},
        [],
        "missing_columns",
        [],
    ),
    "the event and eventos": ({"evento": A, "eventos": [B, C]}, {}, ["B", "C"], "", ["evento"]),
    "the event and events": ({"events": [B, C], "event": A}, {}, ["B", "C"], "", ["event"]),
    "the event and results": ({"event": A, "results": [B, C]}, {}, ["B", "C"], "", ["event"]),
    "the event and related ones": ({"event": A, "related": [B]}, {}, ["A"], "", ["related"]),
    "related ones and the event": ({"related": [B], "event": A}, {}, ["A"], "", ["related"]),
    "the item and others": ({"item": A, "others": [B]}, {}, ["A"], "", ["others"]),
    "properties and children": ({"properties": A, "children": [B]}, {}, ["A"], "", ["children"]),
    "the event of an answer": ({"data": {"event": A, "related": [B]}}, {}, ["A"], "", ["related"]),
    "an event of a page with a title": ({"title": "x", "event": A}, {}, ["A"], "", []),
    "a resource and those it includes": (
        {"data": {"type": "e", "attributes": A}, "included": [{"type": "e", "attributes": B}]},
        {},
        ["A"],
        "",
        ["included"],
    ),
    "an event without a date first": ({"agenda": [UNDATED, B]}, {}, ["B"], "", []),
    "the same beside another": ({"agenda": [UNDATED, B], "arquivo": [C]}, {}, [], "invalid_json", []),
    "the same behind": ({"items": [C], "agenda": [UNDATED, B]}, {}, ["C"], "", ["agenda"]),
    "none with a date behind": ({"items": [C], "agenda": [UNDATED]}, {}, ["C"], "", ["agenda"]),
    "in the second of several behind": (
        {"items": [C], "sections": [{"name": "x"}, {"name": "y", "events": [A]}]},
        {},
        ["C"],
        "",
        ["sections"],
    ),
    "in the second of several before": (
        {"sections": [{"name": "x"}, {"name": "y", "events": [A]}], "items": [C]},
        {},
        ["C"],
        "",
        ["sections"],
    ),
    "the place by default behind": ({"items": [A], "past": [NO_PLACE]}, PLACE, ["A"], "", ["past"]),
    "the place by default before": ({"past": [NO_PLACE], "items": [A]}, PLACE, ["A"], "", ["past"]),
    "tickets": ({"order": "1", "tickets": [ARENA]}, {}, [], "missing_columns", []),
    "employees": ({"employees": [ANA]}, {}, [], "missing_columns", []),
    "opiniões": ({"avaliações": [NO_PLACE]}, PLACE, [], "missing_columns", []),
    "ponentes": ({"ponentesInvitados": [ANA]}, {}, [], "missing_columns", []),
    "venues before events": ({"venues": [ARENA], "shows": [A, B]}, {}, ["A", "B"], "", ["venues"]),
    "the events of a venue": ({"venue": {"name": "x", "shows": [A, B]}}, {}, ["A", "B"], "", []),
    "people in a list of a known name": (
        {"people": {"edges": [{"node": ANA}]}},
        {},
        [],
        "missing_columns",
        [],
    ),
    "people by their keys": (
        {"users": {"u1": ANA, "u2": ANA}, "agenda": {"e1": A, "e2": B}},
        {},
        ["A", "B"],
        "",
        [],
    ),
    "one person by a key": ({"users": {"u1": ANA}}, {}, [], "missing_columns", []),
    "posts around another": (
        {"previous": NO_PLACE, "next": NO_PLACE, "post": {"id": 1}},
        PLACE,
        [],
        "invalid_json",
        [],
    ),
    "an echo": ({"filter": A, "list": []}, {}, [], "missing_columns", []),
    "two arrays": ({"shows": [A], "oficinas": [B]}, {}, [], "invalid_json", []),
    "two objects of events": (
        {"past": {"1": A, "2": B}, "future": {"3": C, "4": C}},
        {},
        [],
        "invalid_json",
        [],
    ),
    "an array and highlights": (
        {"featured": C, "next": C, "list": [A, B]},
        {},
        ["A", "B"],
        "",
        ["featured", "next"],
    ),
    "two events": ({"a": {"show": A}, "b": {"show": B}}, {}, [], "invalid_json", []),
    "an event by its key": ({"events": {"x": A}, "organizer": ANA}, {}, ["A"], "", []),
    "answers of GraphQL": (
        {"data": {"group": {"next": {"edges": [{"node": A}]}, "past": {"edges": [{"node": B}]}}}},
        {},
        [],
        "invalid_json",
        [],
    ),
}


@pytest.mark.parametrize("chunk", [1 << 20, 7, 1])
@pytest.mark.parametrize("name", RANKS)
def test_what_reads_best_is_read_or_asked_about(name: str, chunk: int) -> None:
    value, defaults, titles, fault, others = RANKS[name]
    reader, rows = read(json.dumps(value).encode(), chunk, defaults=defaults)
    assert (reader.fault.code if reader.fault else "") == fault
    assert [row.fields.title for row in rows if row.fields] == titles
    warned = [name for w in reader.warnings if w["code"] == "other_arrays" for name in w["names"]]
    assert warned == ([] if fault else others)


@pytest.mark.parametrize("chunk", [1 << 20, 7])
@pytest.mark.parametrize("date", ["null", None])
def test_a_record_among_lines_that_lacks_its_date_is_refused_whatever_it_holds(
    date: str | None, chunk: int
) -> None:
    festival = {"title": "Festival", "city": "Recife", "sessions": [A, B]} | (
        {"event_date": None} if date else {}
    )
    lines = [{**A, "sessions": []}, festival, {**C, "sessions": []}]
    _, rows = read("\n".join(map(json.dumps, lines)).encode(), chunk)
    assert [row.fields and row.fields.title for row in rows] == ["A", None, "C"]


def test_the_fault_of_several_names_where_they_are() -> None:
    value = {"data": {"musica": [A], "teatro": [B]}, "outros": [C]}
    reader, rows = read(json.dumps(value).encode())
    assert rows == []
    assert reader.fault is not None
    assert (reader.fault.rule, reader.fault.params) == (
        "several",
        {"names": ("data.musica", "data.teatro", "outros")},
    )


@pytest.mark.parametrize("chunk", [1 << 22, 65_536])
@pytest.mark.parametrize("behind", [{"events": [A]}, {"agenda": [A]}, {}])
def test_an_unknown_name_does_not_count_where_not_all_was_seen(behind: dict[str, Any], chunk: int) -> None:
    many = [event(title=f"{at}", note="y" * 900) for at in range(1300)]
    reader, rows = read(json.dumps({"programa": many, **behind}).encode(), chunk)
    assert rows == []
    assert reader.fault is not None
    assert (reader.fault.code, reader.fault.rule) == ("invalid_json", "no_array")
    named, rows = read(json.dumps({"programa": many}).encode(), chunk, mapping={"title": "title"})
    assert (named.fault, len(rows)) == (None, 1300)


@pytest.mark.parametrize("chunk", [1 << 22, 65_536, 4096])
def test_what_does_not_read_as_events_is_read_after_a_bounded_search(chunk: int) -> None:
    named = [{"title": f"{at}", "place": "R", "x": "x" * 1000} for at in range(3000)]
    content = json.dumps({"data": named, "events": [A]}).encode()
    reader, rows = read(content, chunk, mapping={"city": "place"}, defaults={"event_date": "2025-07-01"})
    assert len(rows) == 3000
    assert [w["names"] for w in reader.warnings if w["code"] == "other_arrays"] == [["events"]]
    unread, rows = read(json.dumps({"data": [{"x": 1}, LONG, LONG, LONG], "events": [A]}).encode(), chunk)
    assert (rows, unread.fault and unread.fault.code) == ([], "missing_columns")


def test_of_arrays_that_do_not_read_as_events_the_name_decides() -> None:
    content = json.dumps({"data": [VENUE], "events": [{"T": "A", "D": "2025-07-01"}]}).encode()
    _, rows = read(content, mapping={"title": "T", "event_date": "D"}, defaults={"city": "R"})
    assert [told(row) for row in rows] == ["1 A"]


def test_other_arrays_are_told_when_reading_goes_on_after_a_crash() -> None:
    content = json.dumps({"past": [B], "items": [A] * 300, "later": [B]}).encode()
    for stop in (1, 100, 299, 300):
        reader = JsonReader(ImportOptions(), RECIFE)
        reader.feed(content)
        reader.close()
        count = 0
        while count < stop:
            count += len(reader.rows(max_rows=min(64, stop - count)))
        later = JsonReader.load(reader.dump(), ImportOptions(), RECIFE)
        later.feed(content[reader.offset :])
        later.close()
        while not later.is_hungry:
            count += len(later.rows())
        assert count == 300
        found = next(w for w in later.warnings if w["code"] == "other_arrays")
        assert (found["count"], found["names"]) == (2, ["past", "later"])
        assert "items" in found["message"]


MEMBERS: dict[str, tuple[str, list[str]]] = {
    "the values of events": (json.dumps({"events": {"a": A, "b": B}, "n": 1}), ["1 A", "1 B"]),
    "the values of the file": (json.dumps({"-Na": A, "-Nb": B}), ["1 A", "1 B"]),
    "one of them is none": (
        json.dumps({"-Na": A, "-Nb": B, "-Nc": A, "c": 5, "d": A}),
        ["1 A", "1 B", "1 A", "1 :invalid_type", "1 A"],
    ),
    "over lines": (json.dumps({"events": {"a": A, "b": B}}, indent=1), ["3 A", "8 B"]),
    "a single event": (json.dumps({"event": A}), ["1 A"]),
    "a single event in data": (json.dumps({"data": A, "meta": {"x": 1}}), ["1 A"]),
    "under a name that nobody knows": (
        json.dumps({"agenda": {"a": A, "b": B}, "u": {"x": {}}}),
        ["1 A", "1 B"],
    ),
    "of Firestore": (json.dumps({"__collections__": {"events": {"a": A, "b": B}}}), ["1 A", "1 B"]),
    "beside what is none": (
        json.dumps({"meta": {"n": 2}, "1": A, "2": B, "n": 2}),
        ["1 title:required event_date:required city:required", "1 A", "1 B", "1 :invalid_type"],
    ),
    "each in an object of its name": (json.dumps([{"event": A}, {"evento": B}]), ["1 A", "1 B"]),
    "a list of schema.org": (
        json.dumps({"@type": "ItemList", "itemListElement": [{"position": 1, "item": A}]}),
        ["1 A"],
    ),
    "a single event by its key": (json.dumps({"events": {"a": A}}), ["1 A"]),
    "an array stands above": (json.dumps({"featured": A, "items": [B]}), ["1 B"]),
    "an event with objects": (json.dumps(event(before=B, after=B)), ["1 A"]),
    "a sequence": (f"\x1e{json.dumps(A)}\n\x1e{json.dumps(B)}\n", ["1 A", "2 B"]),
}


@pytest.mark.parametrize("chunk", [1 << 20, 5, 1])
@pytest.mark.parametrize("name", MEMBERS)
def test_events_that_are_members_are_read(name: str, chunk: int) -> None:
    text, expected = MEMBERS[name]
    reader, rows = read(text.encode(), chunk)
    assert reader.fault is None
    assert [told(row) for row in rows] == expected


def test_members_are_read_in_bounded_memory_and_after_a_crash() -> None:
    content = json.dumps({"events": {f"k{at}": A for at in range(20_000)}}).encode()
    reader = JsonReader(ImportOptions(), RECIFE)
    reader.feed(content[: 1 << 20])
    assert reader.rows(max_rows=100) == []
    # Up to here an array might have followed, of which these are the highlights.
    reader.feed(content[1 << 20 : 1_100_000])
    assert len(reader.rows(max_rows=100)) == 100
    later = JsonReader.load(reader.dump(), ImportOptions(), RECIFE)
    later.feed(content[reader.offset :])
    later.close()
    count = 0
    while not later.is_hungry:
        count += len(later.rows())
    assert (count, later.fault) == (19_900, None)


@pytest.mark.parametrize(
    "value", [{"events": {"a": {"title": "A"}}}, {"errors": [{"x": 1}], "data": None}, {"event": {"id": 1}}]
)
def test_what_holds_no_events_is_no_field(value: dict[str, Any]) -> None:
    reader, rows = read(json.dumps(value).encode())
    assert rows == []
    assert reader.fault is not None
    assert (reader.fault.code, reader.fault.suggestion) == ("missing_columns", None)
    assert reader.fault.params["fields"] == ("title", "event_date", "city")  # type: ignore[index]
    assert "nested deeper" in reader.fault.message


PAGE, NEXT = json.dumps({"items": [A], "n": 1}), json.dumps({"items": [B]}, indent=1)
SEQUENCES: dict[str, tuple[str, list[str]]] = {
    "pages": (f"{PAGE}\n{NEXT}\n", ["1 A", "4 B"]),
    "pages without a break": (f"{PAGE}{NEXT}{PAGE}", ["1 A", "3 B", "9 A"]),
    "arrays": (f"[{json.dumps(A)}]\n[{json.dumps(B)}]\n", ["1 A", "2 B"]),
    "arrays with commas": (f"[{json.dumps(A)}],\n[{json.dumps(B)}],\n", ["1 A", "2 B"]),
    "empty arrays": (f"[]\n[{json.dumps(B)}][]", ["2 B"]),
    "an array and lines": (f"[{json.dumps(A)}]\n{json.dumps(B)}\n{json.dumps(A)}", ["1 A", "2 B", "3 A"]),
    "an array behind a page": (f"{PAGE}\n[{json.dumps(B)}]", ["1 A", "2 B"]),
    "objects by their keys": (f'{{"a":{json.dumps(A)},"b":{json.dumps(B)}}}\n{PAGE}', ["1 A", "1 B", "2 A"]),
    "single events": (f'{{"x":{json.dumps(A)}}}\n{{"x":{json.dumps(B)}}}', ["1 A", "2 B"]),
    "indented objects": (f"{json.dumps(A, indent=2)}\n{json.dumps(B, indent=2)}\n", ["1 A", "6 B"]),
    "objects without a break": (f"{json.dumps(A)}{json.dumps(B)}", ["1 A", "1 B"]),
    "objects with commas": (f"{json.dumps(A)},\n{json.dumps(B)},\n", ["1 A", "2 B"]),
    "a sequence of RFC 7464": (f"\x1e{json.dumps(A, indent=1)}\n\x1e{json.dumps(B)}\n", ["1 A", "6 B"]),
    "a sequence of arrays": (f"\x1e[{json.dumps(A)}]\n\x1e[{json.dumps(B)}]\n", ["1 A", "2 B"]),
    "an array behind lines": (f"{json.dumps(A)}\n[{json.dumps(B)}]\n", ["1 A", "2 B"]),
    "a page behind lines": (f"{json.dumps(A)}\n{json.dumps(A)}\n{PAGE}", ["1 A", "2 A", "3 A"]),
    "a page between lines": (f"{json.dumps(A)}\n{PAGE}\n{json.dumps(B)}", ["1 A", "2 A", "3 B"]),
    "an object without events before": (
        f'{{"count": 2}}\n{PAGE}',
        ["1 title:required event_date:required city:required", "2 A"],
    ),
    "joined files": (f"\ufeff{PAGE}\ufeff{NEXT}", ["1 A", "3 B"]),
}


@pytest.mark.parametrize("chunk", [1 << 20, 7, 1])
@pytest.mark.parametrize("name", SEQUENCES)
def test_documents_that_follow_each_other_are_read(name: str, chunk: int) -> None:
    text, expected = SEQUENCES[name]
    assert sniff(text.encode(), closed=True) == "json"
    reader, rows = read(text.encode(), chunk)
    assert reader.fault is None
    assert [told(row) for row in rows] == expected


@pytest.mark.parametrize("stop", [1, 2])
def test_other_arrays_of_each_document_are_told_after_a_crash(stop: int) -> None:
    pages = [{"items": [A], "past": [B]}, {"old": [B], "items": [B], "next": A}]
    content = "\n".join(map(json.dumps, pages)).encode()
    reader = JsonReader(ImportOptions(), RECIFE)
    reader.feed(content)
    reader.close()
    count = 0
    while count < stop:
        count += len(reader.rows(max_rows=1))
    later = JsonReader.load(reader.dump(), ImportOptions(), RECIFE)
    later.feed(content[reader.offset :])
    later.close()
    while not later.is_hungry:
        count += len(later.rows())
    assert count == 2
    assert [w["names"] for w in later.warnings if w["code"] == "other_arrays"] == [["past", "old", "next"]]


@pytest.mark.parametrize("chunk", [1 << 20, 7, 1])
@pytest.mark.parametrize("start", ["[{}]", '{{"items": [{}]}}', '{{"items": [{}], "n": 1}}'])
@pytest.mark.parametrize("rest", ["\n);", "\n// end", "\nnull", "\n<html>"])
def test_what_follows_and_is_no_document_is_a_fault_of_its_line(start: str, rest: str, chunk: int) -> None:
    reader, rows = read((start.format(json.dumps(A)) + rest).encode(), chunk)
    assert reader.fault is not None
    assert (reader.fault.rule, reader.fault.value, len(rows)) == ("after_end", rest.strip(), 1)
    assert reader.fault.message.startswith("line 2:")


TABLES = {
    "rows": [["title", "event_date"], ["A", "2025-07-01"]],
    "rows of objects": [[A], [B]],
    "Google Sheets": {"range": "A1:C9", "values": [["title"], ["A"]]},
    "split": {"columns": ["title"], "index": [0], "data": [["A"]]},
    "columns": {"title": {"0": "A", "1": "B"}, "event_date": {"0": "2025-07-01", "1": "2025-07-02"}},
    "lists": {"title": ["A", "B"], "event_date": ["2025-07-01", "2025-07-02"]},
}


@pytest.mark.parametrize("chunk", [1 << 20, 1])
@pytest.mark.parametrize("name", TABLES)
def test_tables_as_lists_are_refused_with_what_to_do(name: str, chunk: int) -> None:
    reader, rows = read(json.dumps(TABLES[name]).encode(), chunk)
    assert rows == []
    assert reader.fault is not None
    assert (reader.fault.code, reader.fault.rule) == ("invalid_json", "table")


TALK = {"nome_do_curso": "A", "quando": "2025-07-01", "onde": "R"}
NAMES = {"title": "nome_do_curso", "event_date": "quando", "city": "onde"}
OPTIONS: dict[str, tuple[Any, dict[str, Any], list[str]]] = {
    "under any name": ({"tags": [VENUE], "talks": [TALK], "n": [{"x": 1}]}, {"mapping": NAMES}, ["1 A"]),
    "by position": (
        {"talks": [TALK], "tags": [VENUE]},
        {"mapping": {"title": "#1", "event_date": "#2", "city": "#3"}},
        ["1 A"],
    ),
    "in another": ({"items": [VENUE], "page": {"talks": [TALK]}}, {"mapping": NAMES}, ["1 A"]),
    "beside a known name": ({"data": [VENUE], "talks": [TALK]}, {"mapping": NAMES}, ["1 A"]),
    "by their keys": ({"x": TALK, "y": {**TALK, "nome_do_curso": "B"}}, {"mapping": NAMES}, ["1 A", "1 B"]),
    "a single one": ({"talk": TALK}, {"mapping": NAMES}, ["1 A"]),
    "an event itself": ({**TALK, "data": [A]}, {"mapping": NAMES}, ["1 A"]),
    "a date by default": (
        {"tags": [{"name": "x"}], "data": [VENUE], "results": [{"title": "A", "city": "R"}]},
        {"defaults": {"event_date": "2025-07-01"}},
        ["1 A"],
    ),
    "a name and defaults": (
        {"tags": [{"name": "x"}], "talks": [{"nome_do_curso": "A"}]},
        {"mapping": {"title": "nome_do_curso"}, "defaults": {"event_date": "2025-07-01", "city": "R"}},
        ["1 A"],
    ),
    "of two with those names the one that has more": (
        {"past": [{"nome_do_curso": "B", "quando": "2020-01-01"}], "talks": [TALK]},
        {"mapping": NAMES},
        ["1 A"],
    ),
    "people whose members are named": ({"staff": [TALK]}, {"mapping": NAMES}, ["1 A"]),
    "a name that is none": (
        {"data": [{"title": "x", "date": "2024-01-01"}], "results": [{"T": "A", "date": "2025-07-01"}]},
        {"mapping": {"title": "T"}, "defaults": {"city": "R"}},
        ["1 A"],
    ),
}


@pytest.mark.parametrize("chunk", [1 << 20, 7, 1])
@pytest.mark.parametrize("name", OPTIONS)
def test_the_options_say_which_array_has_events(name: str, chunk: int) -> None:
    value, options, expected = OPTIONS[name]
    reader, rows = read(json.dumps(value).encode(), chunk, **options)
    assert reader.fault is None
    assert [told(row) for row in rows] == expected


KEYS = st.sampled_from(
    [
        "items",
        "events",
        "data",
        "results",
        "value",
        "edges",
        "response",
        "-Na",
        "agenda",
        "featured",
        "meta",
        "1",
        "event",
        "venues",
        "organizer",
    ]
)
OTHERS = st.sampled_from([None, 1, "t", [], {}, [1], VENUE, [VENUE]])
EVENTS = st.just(A)
TREES = st.recursive(
    OTHERS | EVENTS | st.lists(EVENTS, min_size=1, max_size=3) | st.dictionaries(KEYS, EVENTS, max_size=3),
    lambda inner: st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=6,
)
DOCUMENTS = st.dictionaries(KEYS, TREES, min_size=1, max_size=4) | st.lists(EVENTS, min_size=1, max_size=3)


def numbered(value: Any, path: tuple[str, ...], places: dict[str, tuple[str, ...]]) -> Any:
    """Return a tree in which each event has a title of its own; note the names around it."""
    if value == A:
        title = f"E{len(places)}"
        places[title] = path
        return {**A, "title": title}
    if isinstance(value, list):
        return [numbered(item, path, places) for item in value]
    if isinstance(value, dict):
        return {name: numbered(inner, (*path, name), places) for name, inner in value.items()}
    return value


@settings(max_examples=300)
@given(st.lists(DOCUMENTS, min_size=1, max_size=2), st.sampled_from(["\n", "", "\x1e"]), st.integers(1, 30))
def test_no_event_is_passed_over_in_silence(documents: list[Any], between: str, chunk: int) -> None:
    places: dict[str, tuple[str, ...]] = {}
    text = between.join(json.dumps(numbered(one, (), places)) for one in documents)
    reader, rows = read(text.encode())
    pieces, same = read(text.encode(), chunk)
    assert (same, pieces.fault, pieces.warnings) == (rows, reader.fault, reader.warnings)
    if reader.fault or not all(row.fields for row in rows):
        return
    seen = {row.fields.title for row in rows if row.fields}
    warned = [w for w in reader.warnings if w["code"] in ("other_arrays", "ignored_columns")]
    named = {name for w in warned for name in w["names"]}
    # What is deeper is not looked at, and a person or a venue is no event.
    assert [
        title
        for title, path in places.items()
        if len(path) <= 3 and not is_no_event(path) and not ({title} & seen or {*path} & named)
    ] == []
