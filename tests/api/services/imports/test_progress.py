import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.services.imports.progress import ProgressReporter
from api.services.imports.row_source import Story
from domain.events import EventFields
from domain.imports import MergeCounts
from domain.merge import Merged
from domain.problems import Problem
from domain.rows.row_parser import Row
from tests.api.services.imports.plain_rows import digested

FIELDS = EventFields("t", "", "2025-07-01", "Recife", (), None, 0)
BAD = (Problem("title", "required", "title is required"),)


def row(record, good=True, size=10):
    return Row(record + 1, record, record * size, FIELDS if good else None, (), () if good else BAD)


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def tell(flags, cuts=(), *, clock=None, restart=False, total=None):
    """Tell a file of good and bad rows, cut into portions; optionally restart after each."""
    clock = clock or Clock()
    rows = [row(number + 1, good) for number, good in enumerate(flags)]
    edges = sorted({cut % (len(rows) + 1) for cut in cuts} | {len(rows)})
    narrator = ProgressReporter("x", Story(), accepted=0, rejected=0, counts=MergeCounts(), monotonic=clock)
    drafts, start = [], 0
    for edge in edges:
        ended = edge == len(rows)
        some = digested(rows[start:edge])
        # Every other accepted row created an event, the others changed one.
        merged = Merged(bytes(number % 2 for number in range(some.events.count)))
        drafts += narrator.rows(some, merged, ended=ended, total_bytes=total, at_ms=0)
        start = edge
        clock.now += 0.03
        if restart:
            story = msgspec.msgpack.decode(msgspec.msgpack.encode(narrator.story), type=Story)
            narrator = ProgressReporter(
                "x",
                story,
                accepted=narrator.accepted,
                rejected=narrator.rejected,
                counts=narrator.counts,
                monotonic=clock,
            )
    drafts += narrator.end(total_bytes=total or len(rows) * 10, at_ms=0)
    return [msgspec.json.decode(body) for _, body, _ in drafts]


@given(st.lists(st.booleans(), max_size=60), st.lists(st.integers(0, 60), max_size=8), st.booleans())
def test_every_row_of_a_short_file_is_reported_once_in_order(flags, cuts, restart):
    told = tell(flags, cuts, restart=restart, total=len(flags) * 10)
    assert [message["record"] for message in told] == list(range(1, len(flags) + 1))
    assert [message["type"] for message in told] == ["progress" if good else "row_error" for good in flags]
    assert [message["accepted"] + message["rejected"] for message in told] == [m["record"] for m in told]
    assert [message["created"] + message["updated"] for message in told] == [m["accepted"] for m in told]
    shares = [message["progresso"] for message in told]
    assert shares == sorted(shares)
    assert [share for share in shares if share == 100] == ([100] if flags else [])


def test_after_1000_rows_progress_is_thinned_and_counts_stay_exact():
    clock = Clock()
    told = tell([True] * 5000, range(0, 5000, 10), clock=clock, total=50_000)
    late = [message for message in told if message["record"] > 1000]
    assert [message["record"] for message in told[:1000]] == list(range(1, 1001))
    assert len(late) <= 30 * 400 // 50 + 2
    assert all(message["accepted"] == message["record"] for message in told)
    assert told[-1]["record"] == 5000


def test_at_most_1000_row_errors_are_reported_and_the_last_row():
    told = tell([False] * 3000, [1500], total=30_000)
    assert len(told) == 1001
    assert (told[-1]["record"], told[-1]["rejected"], told[-1]["progresso"]) == (3000, 3000, 100)


def test_late_row_errors_are_all_reported_in_file_order():
    told = tell([record % 5 != 0 for record in range(4000)], [1200, 2500])
    records = [message["record"] for message in told]
    assert records == sorted(records)
    assert sum(message["type"] == "row_error" for message in told) == 800


@pytest.mark.parametrize("total", [None, 0])
def test_an_unknown_size_is_reported_as_0_until_the_end(total):
    assert [message["progresso"] for message in tell([True] * 3, total=total)] == [0, 0, 100]
