"""Bodies end with their senders; a quick one costs no look at who sends."""

import time
from collections.abc import Collection

import anyio
import anyio.lowlevel
import pytest

from api.services.identity import Identity
from api.services.open_bodies import LONG_SECONDS, OpenBodies

pytestmark = pytest.mark.anyio
ANA = Identity("ana", "editor", person="user:1", user_id=1)
BIA = Identity("bia", "editor", person="user:2", user_id=2)


class Gone:
    """Who is gone, and how often that was asked."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.asked = 0

    async def __call__(self, identities: Collection[Identity]) -> set[Identity]:
        self.asked += 1
        return {one for one in identities if one.name in self.names}


async def test_a_body_that_waits_ends_with_its_sender_and_no_other() -> None:
    bodies = OpenBodies(Gone())
    with bodies.receive(ANA) as ended, bodies.receive(BIA) as other:
        assert bodies.senders() == {ANA, BIA}
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_end, bodies, ANA)
            with pytest.raises(TimeoutError), ended.wait_within(60):
                await anyio.sleep_forever()
        with pytest.raises(TimeoutError), ended.wait_within(60):
            pytest.fail("it waits again")
        with other.wait_within(60):
            await anyio.lowlevel.checkpoint()
    assert (ended.is_over, other.is_over, bodies.senders()) == (True, False, set())


async def _end(bodies: OpenBodies, sender: Identity) -> None:
    bodies.end({sender})


async def test_silence_ends_a_wait_but_not_the_body() -> None:
    with OpenBodies(Gone()).receive(ANA) as body:
        with pytest.raises(TimeoutError), body.wait_within(0.01):
            await anyio.sleep_forever()
        assert not body.is_over


async def test_a_sender_is_looked_up_after_a_long_body_only() -> None:
    gone = Gone("ana")
    bodies, now = OpenBodies(gone), time.monotonic()
    assert not await bodies.is_sender_gone(ANA, begun=now)
    assert not await bodies.is_sender_gone(None, begun=now - LONG_SECONDS - 1)
    assert gone.asked == 0
    assert await bodies.is_sender_gone(ANA, begun=now - LONG_SECONDS - 1)
    assert not await bodies.is_sender_gone(BIA, begun=now - LONG_SECONDS - 1)
