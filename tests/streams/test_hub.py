"""Clients that end together do not come back together."""

import pytest

from api.services.identity import Identity
from streams.context import FeedOptions
from streams.hub import FeedHub
from tests.streams.sink import CATALOGUE


@pytest.mark.parametrize(
    ("streams", "connect", "drain"),
    [(10, 3000, 5000), (4000, 5000, 5000), (20_000, 21_000, 21_000)],
)
def test_reconnect_delays_grow_with_the_number_of_streams(streams: int, connect: int, drain: int) -> None:
    hub: FeedHub[Identity] = FeedHub(CATALOGUE, FeedOptions())
    slots = [hub.registry.admit(Identity("local", "admin", f"browser:{n}")) for n in range(streams)]
    assert_spread([hub.retry_ms() for _ in range(2000)], connect)
    hub.registry.drain()
    for slot in slots[1:]:
        assert not isinstance(slot, str)
        slot.release()
    assert_spread([hub.retry_ms("drain") for _ in range(2000)], drain)
    assert max(hub.retry_ms("renew") for _ in range(100)) <= 1000


def assert_spread(pauses: list[int], high: int) -> None:
    assert 1000 <= min(pauses) < 1000 + high * 0.02
    assert high * 0.98 < max(pauses) <= high
