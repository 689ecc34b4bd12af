"""Deliveries while commits fail or lose their answers, receivers refuse, and processes stop at any moment."""

import math
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import anyio
import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.services.notifications import notification
from api.services.store import Store
from api.services.webhooks.delivery import Deliveries
from api.services.webhooks.sending import Outgoing, Sender
from api.storage.store import open_store
from domain.webhooks import GONE, Attempt, Webhook
from tests.api.services.clocks import ClockOfLooks
from tests.api.services.unreliable_store import SCHEDULES, Outcome, Scheduled, rest

LOOK_AT_THE_CLOCK_MS = 300
"""So much time passes with each look: a lease ends after fifty, however slow the machine is."""
ABOUT_ITSELF = {"Webhook w is failing", "Webhook w is delivered again"}
"""Ten failures in a row take more than an hour, and the webhook follows the feed that tells of it."""
NO_CONTENT = 204

Schedule = list[tuple[Outcome, int]]


class Receiver:
    """Stands for a sender, who receives, and the clock: answers as it is told, then takes everything.

    Attributes:
        titles: of the messages that came, in order.
        taken: of those that were accepted.
        wants_no_more: it has answered this process 410.
        sent_after: what came nevertheless.
    """

    def __init__(self, answers: Sequence[tuple[int, int]]) -> None:
        self._answers: Iterator[tuple[int, int]] = iter(answers)
        self.now_ms = ClockOfLooks(1_800_000_000_000, each_look_ms=LOOK_AT_THE_CLOCK_MS)
        self.titles: list[str] = []
        self.taken: list[str] = []
        self.wants_no_more = False
        self.sent_after = 0

    async def pause(self, seconds: float) -> None:
        """Let others go on, then let the time have passed."""
        await rest(1)
        self.now_ms.let_pass(round(seconds * 1000))

    @asynccontextmanager
    async def client(self) -> AsyncIterator[None]:
        yield

    async def send(self, _client: object, _webhook: Webhook, message: Outgoing) -> Attempt:
        title = msgspec.json.decode(message.body)["title"]
        self.sent_after += self.wants_no_more
        self.titles.append(title)
        status, milliseconds = next(self._answers, (NO_CONTENT, 0))
        await rest(milliseconds)
        if status == NO_CONTENT:
            self.taken.append(title)
        # One that was cancelled meanwhile does not learn it.
        self.wants_no_more |= status == GONE
        error = None if status == NO_CONTENT else f"answered {status}"
        return Attempt(message.message_id, self.now_ms(), milliseconds, status, error)


def firsts(titles: Sequence[str]) -> list[str]:
    """Leave out what came before."""
    return list(dict.fromkeys(titles))


async def publish(store: Store, *titles: str) -> None:
    for title in titles:
        async with store.transaction() as tx:
            await tx.messages.append([notification("test", title, "", actor="test", at_ms=0)])


async def add(store: Store) -> None:
    made = Webhook("w", "https://receiver.example", ("admin",), "json", "whsec_", "ana", 0, cursor=0)
    async with store.transaction() as tx:
        assert await tx.webhooks.add(made, most=1)


async def settled(store: Store) -> Webhook:
    """Wait until a webhook has got everything, or is disabled; return it."""
    with anyio.fail_after(60):
        while True:
            async with store.snapshot() as snapshot:
                webhook = await snapshot.webhooks.get("w")
            assert webhook is not None
            _, head = await store.feed.bounds()
            if webhook.cursor >= head or not webhook.enabled:
                return webhook
            await anyio.sleep(0.002)


ANSWERS = st.lists(
    st.tuples(st.sampled_from((NO_CONTENT, NO_CONTENT, NO_CONTENT, 500, GONE)), st.integers(0, 4)),
    max_size=10,
)


@given(
    lives=st.lists(st.tuples(SCHEDULES, SCHEDULES, st.integers(0, 25)), max_size=4),
    last=st.tuples(SCHEDULES, SCHEDULES),
    answers=ANSWERS,
    count=st.integers(1, 8),
)
@example(lives=[], last=([], []), answers=[(500, 0)] * 10, count=2)
def test_whatever_fails_each_message_arrives_and_in_order(
    lives: list[tuple[Schedule, Schedule, int]],
    last: tuple[Schedule, Schedule],
    answers: list[tuple[int, int]],
    count: int,
) -> None:
    """`lives`: the faults of each process, and the milliseconds until it stops. The `last` does not.

    First those of its commits, then those of all else.
    """
    titles = [f"n{number}" for number in range(count)]

    async def run(folder: Path) -> None:
        receiver = Receiver(answers)
        store = await open_store("", committed=list, data_dir=folder, timezone="UTC")
        await add(store)
        await publish(store, *titles)
        for schedule, others, milliseconds in [*lives, (*last, math.inf)]:
            deliveries = Deliveries(
                Scheduled(store, schedule, others),
                cast("Sender", receiver),
                owner="server",
                now_ms=receiver.now_ms,
                chance=lambda: 0.0,
                pause=receiver.pause,
            )
            # A process that stops may forget what it has just been told.
            receiver.wants_no_more = False
            async with anyio.create_task_group() as process:
                process.start_soon(deliveries.run)
                with anyio.move_on_after(milliseconds / 1000):
                    await settled(store)
                process.cancel_scope.cancel()
        webhook = await settled(store)
        told = await store.feed.read(["admin"], [], after=0, upto=10_000, limit=1_000)
        kinds = [msgspec.json.decode(message.body)["kind"] for message in told]
        await store.aclose()
        about_itself = [title for title in firsts(receiver.taken) if title in ABOUT_ITSELF]
        sent = [*titles, *about_itself]
        # Accepted ones may come again, none comes before one that was not accepted.
        assert firsts(receiver.taken) == sent[: len(firsts(receiver.taken))]
        assert firsts(receiver.titles)[: len(firsts(receiver.taken))] == firsts(receiver.taken)
        assert receiver.sent_after == 0
        if webhook.enabled:
            assert firsts(receiver.taken) == sent
            assert len(about_itself) == kinds.count("webhook.failing") + kinds.count("webhook.recovered")
        else:
            assert webhook.disabled_because == "gone"
            assert kinds.count("webhook.disabled") == 1

    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as often:
        often.setattr("api.services.webhooks.delivery.RENEW_SECONDS", 0.01)
        often.setattr("api.services.webhooks.delivery.LOOK_SECONDS", 0.005)
        often.setattr("api.services.webhooks.delivery.SAVE_SECONDS", 0.002)
        anyio.run(run, Path(folder))
