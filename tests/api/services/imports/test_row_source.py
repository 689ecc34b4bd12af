"""Portions: what stands for many rows says of each what it must, wherever the file was cut."""

from collections import Counter
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.services.imports.csv_source import CsvSource
from api.services.imports.row_source import Checkpoint, joined
from api.storage.event_packing import pack, unpacked
from domain.imports import ImportOptions
from tests.domain.corpus import CASES


def portions_of(case, cuts):
    content = case.content[:100_000]
    source = CsvSource(ImportOptions(**case.options), Checkpoint(), ZoneInfo("America/Recife"), pack)
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
