"""The ring is filled before the first reader comes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.context import FeedOptions
from streams.refill import filled_log
from streams.stored import StoredMessage
from tests.streams.memory import MemoryFeed
from tests.streams.sink import CATALOGUE


async def kept(count: int, pruned: int) -> MemoryFeed:
    feed = MemoryFeed()
    feed.head = count
    feed.kept = [StoredMessage(seq, "eventos", b'{"type":"x"}') for seq in range(1, count + 1)]
    feed.prune(pruned)
    return feed


@pytest.mark.anyio
@given(
    count=st.integers(0, 2500),
    pruned=st.integers(0, 2500),
    refill=st.integers(0, 2500),
    ring=st.integers(1, 2500),
)
async def test_the_refilled_ring_holds_the_newest_messages_and_its_start(
    count: int, pruned: int, refill: int, ring: int
) -> None:
    feed = await kept(count, min(pruned, count))
    log = await filled_log(CATALOGUE, "k3f9", feed, FeedOptions(refill_messages=refill, ring_messages=ring))
    expected = range(max(min(pruned, count), count - min(refill, ring)) + 1, count + 1)
    assert [frame.seq for frame in log.between(["eventos"], log.start, log.head, 9999)] == [*expected]
    assert (log.start, log.head) == (expected.start - 1, count)
