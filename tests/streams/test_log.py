"""The ring in memory against a plain list."""

from hypothesis import given
from hypothesis import strategies as st

from streams.log import Log
from streams.stored import StoredMessage
from tests.streams.sink import CATALOGUE, FEEDS


@given(
    feeds=st.lists(st.sampled_from(FEEDS), max_size=40),
    kept=st.integers(1, 12),
    after=st.integers(0, 40),
    limit=st.integers(1, 10),
    topics=st.sampled_from([("eventos",), ("upload/a", "upload/b"), ("eventos", "eventos/progresso"), ()]),
)
def test_the_ring_holds_the_newest_messages_of_a_list(
    feeds: list[str], kept: int, after: int, limit: int, topics: tuple[str, ...]
) -> None:
    log = Log(CATALOGUE, "k3f9", 0, max_messages=kept, max_bytes=10**6)
    messages = [StoredMessage(seq * 2, feed, b"{}") for seq, feed in enumerate(feeds, 1)]
    log.append(messages)

    upto = 60  # Some of the longest lists go beyond it.
    found = log.between(topics, max(after, log.start), upto, limit)

    held = messages[-kept:]
    wanted = [m for m in held if not set(topics).isdisjoint(CATALOGUE.topics_of(m.feed))]
    expected = [m.seq for m in wanted if after < m.seq <= upto][:limit]
    assert [frame.seq for frame in found] == expected
    assert log.head == (messages[-1].seq if messages else 0)


def test_messages_already_published_are_ignored() -> None:
    log = Log(CATALOGUE, "k3f9", 5, max_messages=9, max_bytes=10**6)

    assert [frame.seq for frame in log.append([StoredMessage(n, "eventos", b"{}") for n in (4, 5, 6)])] == [6]
    assert log.append([StoredMessage(6, "eventos", b"{}")]) == []


def test_the_ring_is_bounded_by_bytes() -> None:
    messages = [StoredMessage(n, "eventos", b"x" * 100) for n in range(1, 6)]
    (held, *_) = Log(CATALOGUE, "k3f9", 0, max_messages=1, max_bytes=10**6).append(messages)
    each = 2 * len(held.body) + len(held.sse)  # A message is held in each of its forms.
    log = Log(CATALOGUE, "k3f9", 0, max_messages=100, max_bytes=2 * each + each // 2)
    log.append(messages)

    assert log.start == 3
    assert [frame.seq for frame in log.between(("eventos",), 3, 5, 10)] == [4, 5]
