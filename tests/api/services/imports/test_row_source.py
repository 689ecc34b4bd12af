"""Portions: what stands for many rows says of each what it must, wherever the file was cut."""

import json
from collections import Counter
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.services.imports.file_source import FileSource
from api.services.imports.row_source import Checkpoint, Table, joined
from api.storage.event_packing import pack, unpacked
from domain.imports import ImportOptions
from tests.domain.corpus import CASES


def portions_of(case, cuts):
    content = case.content[:100_000]
    source = FileSource(ImportOptions(**case.options), Checkpoint(), ZoneInfo("America/Recife"), pack)
    edges = sorted({0, len(content), *(cut % (len(content) + 1) for cut in cuts)})
    pieces = [content[start:end] for start, end in pairwise(edges)] or [b""]
    return [source.take(piece, last=number == len(pieces)) for number, piece in enumerate(pieces, 1)]


def cells_of(portion):
    return [cell for chunk in portion.rows.events.chunks for cell in unpacked(chunk)]


def counts_of(portion):
    return {(kind, key): n for kind, key, n in portion.rows.events.counts}


def columns_of(portion):
    return portion.facts.columns if portion.facts else None


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=25)
@given(st.lists(st.integers(0, 100_000), max_size=5))
def test_joined_portions_equal_the_portion_of_one_piece(name, cuts):
    (whole,) = portions_of(CASES[name], [])
    portions = portions_of(CASES[name], cuts)
    one = joined(portions)
    assert cells_of(one) == cells_of(whole)
    assert Counter(counts_of(one)) == Counter(counts_of(whole))
    assert one.rows.events.count == whole.rows.events.count
    assert one.rows.rejected == whole.rows.rejected
    assert (one.ended, one.fault, one.offset) == (whole.ended, whole.fault, whole.offset)
    assert columns_of(one) == columns_of(whole)
    told = {notable.row.record: notable for notable in one.rows.notable}
    assert [*told] == sorted(told)
    assert {notable.row.record for notable in whole.rows.notable} <= told.keys()
    assert all(told[notable.row.record] == notable for notable in whole.rows.notable)
    assert all(n.accepted + n.rejected == n.row.record for n in one.rows.notable)


def written(kind, ids):
    """Return a file with a row for each id; those without one have no such member, or nothing there."""
    rows = [{"title": f"t{number}", "event_date": "2026-01-01", "city": "Z"} for number in range(len(ids))]
    for row, event_id in zip(rows, ids, strict=True):
        if event_id is not None:
            row["id"] = event_id
    if kind == "json":
        return json.dumps(rows).encode()
    if kind == "items":
        return json.dumps({"items": rows}, indent=1).encode()
    if kind == "ndjson":
        return "\n".join(map(json.dumps, rows)).encode()
    cells = [[*map(str, row.values()), ""][:4] for row in rows]
    lines = [["title", "event_date", "city", "id"], *cells]
    if kind == "csv":
        return "\n".join(",".join(line) for line in lines).encode()
    told = {"format": "xlsx", "sheet": "S", "number": 1, "sheets": [], "others": [], "is_1904": False}
    return b"".join(json.dumps(line).encode() + b"\n" for line in [told, *lines])


@pytest.mark.parametrize("kind", ["json", "items", "ndjson", "csv", "sheet"])
@given(
    st.lists(st.none() | st.integers(1, 99), min_size=1, max_size=12),
    st.integers(0, 12),
    st.lists(st.integers(0, 2000), max_size=5),
)
def test_each_row_has_its_own_id_wherever_the_ids_begin(kind, ids, without, cuts):
    ids = [None] * without + ids
    content = written(kind, ids)
    checkpoint = (
        Checkpoint(table=Table(len(content), len(content)))
        if kind == "sheet"
        else Checkpoint(kind="csv" if kind == "csv" else "json")
    )
    source = FileSource(ImportOptions(), checkpoint, ZoneInfo("America/Recife"), pack)
    edges = sorted({0, len(content), *(cut % len(content) for cut in cuts)})
    pieces = [content[start:end] for start, end in pairwise(edges)]
    portions = [source.take(piece, last=number == len(pieces)) for number, piece in enumerate(pieces, 1)]
    events = joined(portions).rows.events
    assert events.count == len(ids)
    given_ids = ["" if event_id is None else str(event_id) for event_id in ids]
    assert events.ids == given_ids or (not any(given_ids) and events.ids == [])
