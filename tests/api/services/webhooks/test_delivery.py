"""Deliveries to receivers that fail, are slow, redirect, break off or want no more."""

import base64
import hashlib
import hmac
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.lowlevel
import httpx
import msgspec
import pytest

from api.services.notifications import notification
from api.services.webhooks import sending
from api.services.webhooks.addresses import Addresses
from api.services.webhooks.delivery import Deliveries, Delivering
from api.services.webhooks.sending import Sender
from api.services.webhooks.service import Change, NewSecret, NewWebhook, Webhooks
from api.storage.store import SqlStore, open_store
from domain.messages import EventDeleted
from domain.webhooks import GIVE_UP_MS, Attempt, Webhook
from streams.messages import draft, timestamp
from streams.stored import StoredMessage
from tests.api.services.webhooks.receiver import (
    BROKEN_OFF,
    CUT_SHORT,
    OK,
    Arrived,
    Receiver,
    receiving,
    status,
)
from tests.contracts.conftest import postgres, store_url

__all__ = ["postgres", "store_url"]

pytestmark = pytest.mark.anyio


class Clock:
    """Time that passes only in pauses, which end at once."""

    def __init__(self) -> None:
        self.now_ms = 1_800_000_000_000
        self.pauses: list[float] = []

    def __call__(self) -> int:
        return self.now_ms

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now_ms += round(seconds * 1000)
        await anyio.lowlevel.checkpoint()


class Side:
    """One process: a store, its deliveries, its webhooks."""

    def __init__(self, store: SqlStore, owner: str, clock: Clock, *, private: bool = True) -> None:
        self.store = store
        self.clock = clock
        addresses = Addresses(allow_private=private)
        sender = Sender(addresses, now_ms=clock)
        self.deliveries = Deliveries(
            store, sender, owner=owner, now_ms=clock, chance=lambda: 0.0, pause=clock.pause
        )
        self.webhooks = Webhooks(store, addresses, sender, self.deliveries, now_ms=clock)

    async def publish(self, *titles: str) -> None:
        for title in titles:
            note = notification("test", title, "", actor="test", at_ms=self.clock.now_ms)
            async with self.store.transaction() as tx:
                await tx.messages.append([note])

    async def add(self, receiver: Receiver, *feeds: str, **more: str) -> Webhook:
        made = await self.webhooks.add(NewWebhook(receiver.url, feeds or ("admin",), **more), actor="ana")
        assert made is not None
        return made

    async def get(self, webhook: Webhook) -> tuple[Webhook, list[Attempt]]:
        found = await self.webhooks.get(webhook.id)
        assert found is not None
        return found

    async def until(self, webhook: Webhook, is_so: Callable[[Webhook], bool]) -> Webhook:
        """Wait until a webhook is stored as it should be."""
        # Three days are eighty attempts.
        with anyio.fail_after(120):
            while not is_so(now := (await self.get(webhook))[0]):  # noqa: ASYNC110 - no one reports it
                await anyio.sleep(0.01)
        return now


Told = Callable[[list[StoredMessage]], None]


@asynccontextmanager
async def a_side(
    url: str, folder: Path, clock: Clock, *, owner: str = "server", private: bool = True
) -> AsyncIterator[Side]:
    """A process whose deliveries run for the block."""
    told: list[Told] = []
    store = await open_store(
        url,
        committed=lambda messages: [one(messages) for one in told],
        data_dir=folder,
        timezone="UTC",
        serves=False,
    )
    side = Side(store, owner, clock, private=private)
    told.append(side.deliveries.committed)
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(side.deliveries.run)
            yield side
            group.cancel_scope.cancel()
    finally:
        await store.aclose()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as one:
        yield one


@pytest.fixture
async def side(store_url: str, tmp_path: Path, clock: Clock) -> AsyncIterator[Side]:
    async with a_side(store_url, tmp_path, clock) as one:
        yield one


@pytest.fixture
async def sqlite_side(tmp_path: Path, clock: Clock) -> AsyncIterator[Side]:
    async with a_side("", tmp_path, clock) as one:
        yield one


def titles(arrived: list[Arrived]) -> list[str]:
    return [one.message["title"] for one in arrived if one.message["kind"] == "test"]


def once_each(names: list[str]) -> list[str]:
    """Leave out repeats that follow at once."""
    return [name for n, name in enumerate(names) if n == 0 or names[n - 1] != name]


async def test_signed_messages_of_the_chosen_feeds_arrive_in_order(side: Side, receiver: Receiver) -> None:
    webhook = await side.add(receiver, "admin")
    other = await side.add(receiver, "eventos")
    names = [f"n{n}" for n in range(120)]
    await side.publish(*names)
    await receiver.until(lambda: titles(receiver.arrived)[-1:] == ["n119"])
    assert titles(receiver.arrived) == names
    kinds = {one.message["kind"] for one in receiver.arrived}
    assert kinds == {"test", "webhook.added"}
    for one in receiver.arrived:
        check_signature(one, webhook.secret, at_s=side.clock.now_ms // 1000)
        assert one.headers["host"] == f"localhost:{receiver.port}"
        assert one.headers["content-type"] == "application/json"
        assert one.message["id"] == one.id
    await side.until(webhook, lambda now: now.cursor == int(receiver.arrived[-1].id.split(".")[1]))
    _, attempts = await side.get(webhook)
    assert [one.status for one in attempts] == [204] * 50
    assert attempts[0].message_id == receiver.arrived[-1].id
    assert (await side.get(other))[1] == []


def check_signature(one: Arrived, secret: str, *, at_s: int) -> None:
    assert int(one.headers["webhook-timestamp"]) == at_s
    assert is_signed(one, secret)


def is_signed(one: Arrived, secret: str) -> bool:
    """Verify as Standard Webhooks tells a receiver to, with nothing of ours."""
    key = base64.b64decode(secret.split("_", 1)[1])
    signed = f"{one.headers['webhook-id']}.{one.headers['webhook-timestamp']}.".encode() + one.body
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return expected in one.headers["webhook-signature"].split(" ")


async def test_a_failing_receiver_gets_everything_in_order_with_growing_delays(
    side: Side, receiver: Receiver
) -> None:
    async with receiving() as elsewhere:
        receiver.answers = [
            status(500),
            status(302, f"Location: http://127.0.0.1:{elsewhere.port}/hook?key=1"),
            BROKEN_OFF,
            b"nonsense\r\n\r\n",
            status(503, "Retry-After: 120"),
            OK,
            status(307, f"Location: {elsewhere.url}"),
        ]
        webhook = await side.add(receiver)
        await side.publish("a", "b", "c")
        await receiver.until(lambda: titles(receiver.arrived)[-1:] == ["c"])
        assert elsewhere.arrived == []
    assert once_each([one.id for one in receiver.arrived]) == sorted({one.id for one in receiver.arrived})
    assert once_each(titles(receiver.arrived)) == ["a", "b", "c"]
    assert side.clock.pauses == [5, 10, 20, 40, 120, 5]
    _, attempts = await side.get(webhook)
    errors = [one.error for one in reversed(attempts)]
    assert errors[:2] == ["answered 500", "answered 302; redirects are not followed"]
    assert errors[2] is not None
    assert errors[2].startswith("the connection broke: RemoteProtocolError")
    assert errors[4:7] == ["answered 503", None, "answered 307; redirects are not followed"]


async def test_after_410_nothing_more_is_sent_and_administrators_are_notified(
    sqlite_side: Side, receiver: Receiver
) -> None:
    watching = await sqlite_side.add(receiver, "eventos")
    receiver.answer = lambda _: status(410)
    webhook = await sqlite_side.add(receiver)
    await sqlite_side.until(webhook, lambda now: not now.enabled)
    await sqlite_side.publish("late")
    count = len(receiver.arrived)
    assert count == 1
    stored = await sqlite_side.store.feed.read(["admin"], [], after=0, upto=99, limit=99)
    assert b'"webhook.disabled"' in stored[-2].body
    assert b'"because":"gone"' in stored[-2].body
    # Enabled again it goes on where it stood.
    receiver.answer = lambda _: OK
    await sqlite_side.webhooks.change(webhook.id, Change(enabled=True), actor="ana")
    await receiver.until(lambda: "late" in titles(receiver.arrived))
    assert receiver.arrived[0].id == receiver.arrived[1].id
    assert (await sqlite_side.get(watching))[0].enabled


async def test_messages_read_before_a_410_are_not_sent_after_it(
    sqlite_side: Side, receiver: Receiver
) -> None:
    receiver.answer = lambda _: status(410)
    read_before = await sqlite_side.add(receiver)
    await sqlite_side.until(read_before, lambda now: not now.enabled)
    await sqlite_side.deliveries._work(Delivering(read_before))
    assert len(receiver.arrived) == 1


async def test_a_receiver_that_fails_for_three_days_is_disabled(side: Side, receiver: Receiver) -> None:
    receiver.answer = lambda _: status(500)
    began_ms = side.clock.now_ms
    webhook = await side.add(receiver)
    now = await side.until(webhook, lambda now: not now.enabled)
    assert now.disabled_because == "failing"
    assert side.clock.now_ms - began_ms == GIVE_UP_MS
    assert max(side.clock.pauses) == 3600
    assert len({one.id for one in receiver.arrived}) == 1
    assert now.cursor < int(receiver.arrived[0].id.split(".")[1])


async def test_a_slow_receiver_does_not_delay_others(
    sqlite_side: Side, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with receiving() as slow:
        slow.answer = lambda _: None
        await sqlite_side.add(slow)
        await slow.until_arrived(1)
        await sqlite_side.add(receiver)
        await sqlite_side.publish(*[f"n{n}" for n in range(20)])
        await receiver.until(lambda: titles(receiver.arrived)[-1:] == ["n19"])
        assert len(slow.arrived) == 1


async def test_a_missing_answer_counts_as_a_failure(
    sqlite_side: Side, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "ANSWER_SECONDS", 0.2)
    receiver.answers = [None]
    webhook = await sqlite_side.add(receiver)
    await receiver.until_arrived(2)
    assert receiver.arrived[0].id == receiver.arrived[1].id
    _, attempts = await sqlite_side.get(webhook)
    assert attempts[-1].error == "no answer within 0 s"


async def test_an_endless_answer_is_not_read_to_its_end(sqlite_side: Side, receiver: Receiver) -> None:
    receiver.answer = lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n" + bytes(1 << 20)
    await sqlite_side.add(receiver)
    await sqlite_side.publish("a")
    await receiver.until(lambda: titles(receiver.arrived) == ["a"])
    assert sqlite_side.clock.pauses == []


@pytest.mark.parametrize("is_slow", [True, False], ids=["slow", "cut short"])
async def test_a_status_decides_whatever_becomes_of_the_body(
    is_slow: bool, sqlite_side: Side, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "DRAIN_SECONDS", 0.05)
    receiver.closes_after_each = not is_slow
    receiver.answers = [CUT_SHORT % code for code in (200, 500, 201, 202)]
    webhook = await sqlite_side.add(receiver)
    await sqlite_side.publish("a", "b")
    await receiver.until(lambda: titles(receiver.arrived)[-1:] == ["b"])
    await sqlite_side.until(webhook, lambda now: now.cursor == int(receiver.arrived[-1].id.split(".")[1]))
    _, attempts = await sqlite_side.get(webhook)
    assert [(one.status, one.error) for one in reversed(attempts)] == [
        *[(200, None), (500, "answered 500"), (201, None), (202, None)]
    ]
    assert sqlite_side.clock.pauses == [5]


NOW_S = 1_800_000_000
"""Fri, 15 Jan 2027 08:00:00 GMT."""


@pytest.mark.parametrize(
    ("sent", "seconds"),
    [
        *[("120", 120), ("0", 0), ("3600", 3600), ("3601", 3600), ("000000000000120", 120)],
        *[("9999999999", 3600), ("9" * 5000, 3600), ("-5", 0), ("1.5", 0), ("", 0), ("soon", 0), ("²", 0)],
        ("Fri, 15 Jan 2027 08:02:00 GMT", 120),
        ("Friday, 15-Jan-27 08:02:00 GMT", 120),
        ("Fri Jan 15 08:02:00 2027", 120),
        ("Fri, 15 Jan 2027 08:02:00", 120),
        ("Fri, 15 Jan 2027 07:00:00 GMT", 0),
        ("Sat, 15 Jan 2028 07:00:00 GMT", 3600),
        ("Fri, 99 Jan 2027 08:02:00 GMT", 0),
        ("Fri, 15 Jan 99999999999999999999 08:02:00 GMT", 0),
        ("Fri, 15 Jan 2027 08:02:00 +99999999", 0),
        ("Fri, " * 2000, 0),
    ],
)
def test_retry_after_is_a_number_or_a_date_and_at_most_an_hour(sent: str, seconds: int) -> None:
    answer = httpx.Response(503, headers=[(b"retry-after", sent.encode())])
    assert sending._retry_after(answer, now_ms=NOW_S * 1000) == seconds
    taken = httpx.Response(200, headers={"retry-after": "120"})
    assert sending._retry_after(taken, now_ms=NOW_S * 1000) == 0


async def kinds_told(side: Side) -> list[str]:
    """Return what administrators were told of webhooks, but for what they did themselves."""
    stored = await side.store.feed.read(["admin"], [], after=0, upto=10_000, limit=1000)
    kinds = [msgspec.json.decode(message.body)["kind"] for message in stored]
    return [kind for kind in kinds if kind not in ("test", "webhook.added", "webhook.changed")]


async def test_an_hour_of_failure_is_told_once_and_so_is_its_end(side: Side, receiver: Receiver) -> None:
    webhook = await side.add(receiver, "eventos")
    for spell in (1, 2):
        receiver.answer = lambda _: status(500)
        began_ms = side.clock.now_ms
        async with side.store.transaction() as tx:
            await tx.messages.append([draft(EventDeleted("eventos", timestamp(began_ms), 1))])
        ends_ms = began_ms + 20 * 3_600_000
        await receiver.until(lambda ends_ms=ends_ms: side.clock.now_ms > ends_ms)
        assert await kinds_told(side) == [
            *["webhook.failing", "webhook.recovered"] * (spell - 1),
            "webhook.failing",
        ]
        receiver.answer = lambda _: OK
        await side.until(webhook, lambda now: now.failures == 0)
        assert await kinds_told(side) == ["webhook.failing", "webhook.recovered"] * spell
    stored = await side.store.feed.read(["admin"], [], after=0, upto=10_000, limit=1000)
    (failing, *_) = (
        one for one in map(msgspec.json.decode, (m.body for m in stored)) if one["kind"] == "webhook.failing"
    )
    assert failing["at"] > failing["params"]["failing_since"]


async def test_a_short_failure_is_told_to_nobody(side: Side, receiver: Receiver) -> None:
    receiver.answers = [status(500)] * 8
    await side.add(receiver)
    await side.publish("a")
    await receiver.until(lambda: titles(receiver.arrived)[-1:] == ["a"])
    assert await kinds_told(side) == []


async def test_a_receiver_that_ends_after_an_hour_is_told_as_failing_and_as_disabled(
    sqlite_side: Side, receiver: Receiver
) -> None:
    receiver.answer = lambda _: status(500)
    webhook = await sqlite_side.add(receiver)
    await sqlite_side.until(webhook, lambda now: not now.enabled)
    assert await kinds_told(sqlite_side) == ["webhook.failing", "webhook.disabled"]


async def test_a_changed_webhook_takes_effect_while_a_delivery_waits(side: Side, receiver: Receiver) -> None:
    async with receiving() as slow:
        slow.answer = lambda _: None
        webhook = await side.add(slow)
        await slow.until_arrived(1)
        await side.webhooks.change(webhook.id, Change(url=receiver.url), actor="ana")
        await receiver.until_arrived(1)
        assert receiver.arrived[0].id == slow.arrived[0].id
        await side.webhooks.change(webhook.id, Change(enabled=False), actor="ana")
        assert (await side.get(webhook))[0].disabled_because == "admin"
        assert await side.webhooks.remove(webhook.id, actor="ana")
        assert await side.webhooks.get(webhook.id) is None


@pytest.mark.parametrize("changed", ["secret", "url", "feeds", "paused"])
async def test_what_was_accepted_before_a_change_is_not_sent_again(
    side: Side, receiver: Receiver, changed: str
) -> None:
    webhook = await side.add(receiver)
    await side.publish(*(before := [f"before {number}" for number in range(5)]))
    await receiver.until(lambda: titles(receiver.arrived) == before)
    if changed == "secret":
        await side.webhooks.change_secret(webhook.id, NewSecret(), actor="ana")
    elif changed == "url":
        await side.webhooks.change(webhook.id, Change(url=receiver.url), actor="ana")
    elif changed == "feeds":
        await side.webhooks.change(webhook.id, Change(feeds=["admin", "eventos"]), actor="ana")
    else:
        await side.webhooks.change(webhook.id, Change(enabled=False), actor="ana")
        await side.webhooks.change(webhook.id, Change(enabled=True), actor="ana")
    await side.publish("after")
    await receiver.until(lambda: titles(receiver.arrived)[-1:] == ["after"])
    assert once_each(titles(receiver.arrived)) == [*before, "after"]
    # An answer that was under way when the change came is not known: that message may come twice.
    assert len(titles(receiver.arrived)) <= 7
    sent = {one.id for one in receiver.arrived}
    with anyio.fail_after(60):
        while {one.message_id for one in (await side.get(webhook))[1]} != sent:  # noqa: ASYNC110 - no one reports it
            await anyio.sleep(0.05)


async def test_a_replaced_secret_signs_beside_the_new_one_until_its_end(
    side: Side, receiver: Receiver
) -> None:
    webhook = await side.add(receiver)
    changed = await side.webhooks.change_secret(webhook.id, NewSecret(), actor="ana")
    assert changed is not None
    await side.publish("both")
    await receiver.until(lambda: titles(receiver.arrived)[-1:] == ["both"])
    both = receiver.arrived[-1]
    assert (is_signed(both, webhook.secret), is_signed(both, changed.secret)) == (True, True)
    assert both.headers["webhook-signature"].count(" ") == 1
    side.clock.now_ms += 24 * 3_600_000
    await side.publish("new")
    await receiver.until(lambda: titles(receiver.arrived)[-1:] == ["new"])
    new = receiver.arrived[-1]
    assert (is_signed(new, webhook.secret), is_signed(new, changed.secret)) == (False, True)
    again = await side.webhooks.change_secret(
        webhook.id, NewSecret(secret=webhook.secret, keep_old_hours=0), actor="ana"
    )
    assert again is not None
    await side.publish("at once")
    await receiver.until(lambda: titles(receiver.arrived)[-1:] == ["at once"])
    assert is_signed(receiver.arrived[-1], webhook.secret)
    assert not is_signed(receiver.arrived[-1], changed.secret)


async def test_figures_tell_attempts_by_result_what_waits_and_since_when(
    sqlite_side: Side, receiver: Receiver
) -> None:
    figures = sqlite_side.deliveries.figures
    receiver.answers = [OK, status(500), BROKEN_OFF, None]
    webhook = await sqlite_side.add(receiver)
    await receiver.until_arrived(1)
    began_ms = time.time_ns() // 1_000_000
    await sqlite_side.publish("a", "b")
    await receiver.until_arrived(4)
    await sqlite_side.deliveries._count()
    assert figures.attempts == {"delivered": 1, "refused": 1, "unreached": 1}
    assert figures.pending == 2
    assert figures.oldest_seconds(began_ms + 60_000) == pytest.approx(60, abs=30)
    await sqlite_side.webhooks.change(webhook.id, Change(enabled=False), actor="ana")
    await sqlite_side.deliveries._count()
    assert (figures.pending, figures.oldest_seconds(began_ms)) == (0, 0)


async def test_a_private_address_is_refused_at_each_delivery(
    tmp_path: Path, clock: Clock, receiver: Receiver
) -> None:
    async with a_side("", tmp_path, clock, private=False) as side:
        webhook = await side.add(receiver)  # As after a name was bound anew: the creation has seen another.
        await side.until(webhook, lambda now: not now.enabled)
        _, attempts = await side.get(webhook)
    assert receiver.arrived == []
    assert attempts[0].error is not None
    assert "which is not a public address" in attempts[0].error


async def test_an_expired_cursor_continues_at_the_oldest_message_and_is_reported(
    tmp_path: Path, clock: Clock, receiver: Receiver
) -> None:
    async with a_side("", tmp_path, clock) as side:
        webhook = await side.add(receiver)
        await receiver.until_arrived(1)
        await side.webhooks.change(webhook.id, Change(enabled=False), actor="ana")
        await side.publish("a", "b", "c")
        _, head = await side.store.feed.bounds()
        async with side.store.transaction() as tx:
            assert await tx.messages.prune(upto=head - 1, limit=99)
        await side.webhooks.change(webhook.id, Change(enabled=True), actor="ana")
        await receiver.until(lambda: receiver.arrived[-1].message["kind"] == "webhook.gap")
    assert titles(receiver.arrived) == ["c"]


async def test_two_processes_share_the_webhooks_and_one_takes_over_from_the_other(
    store_url: str, tmp_path: Path, clock: Clock, receiver: Receiver
) -> None:
    async with a_side(store_url, tmp_path, clock, owner="A") as first:
        webhook = await first.add(receiver)
        await receiver.until_arrived(1)
        async with a_side(store_url, tmp_path, clock, owner="B") as second:
            await second.publish("a")
            await receiver.until(lambda: titles(receiver.arrived) == ["a"])
            async with second.store.transaction() as tx:
                assert await tx.webhooks.hold_all("B", now_ms=clock(), ends_ms=clock() + 1) == []
                await tx.webhooks.release_all("B")
            await first.until(webhook, lambda now: now.cursor == int(receiver.arrived[-1].id.split(".")[1]))
    async with a_side(store_url, tmp_path, clock, owner="C") as third:
        await third.publish("b")
        await receiver.until(lambda: "b" in titles(receiver.arrived))
    assert titles(receiver.arrived) == ["a", "b"]


async def test_a_cloud_event_contains_the_message(sqlite_side: Side, receiver: Receiver) -> None:
    webhook = await sqlite_side.add(receiver, format="cloudevents")
    one = (await receiver.until_arrived(1))[0]
    assert one.headers["content-type"] == "application/cloudevents+json"
    event = one.message
    data = event.pop("data")
    assert event == {
        "specversion": "1.0",
        "id": one.id,
        "source": "/fasttrack",
        "type": "fasttrack.notification",
        "subject": "admin",
        "time": data["at"],
        "datacontenttype": "application/json",
    }
    assert data["kind"] == "webhook.added"
    check_signature(one, webhook.secret, at_s=sqlite_side.clock.now_ms // 1000)


async def test_a_test_delivery_is_logged_and_does_not_move_the_cursor(
    sqlite_side: Side, receiver: Receiver
) -> None:
    receiver.answer = lambda _: status(500)
    webhook = await sqlite_side.add(receiver, "eventos")
    attempt = await sqlite_side.webhooks.test(webhook.id)
    assert attempt is not None
    assert (attempt.status, attempt.error) == (500, "answered 500")
    assert receiver.arrived[0].message["type"] == "webhook.test"
    check_signature(receiver.arrived[0], webhook.secret, at_s=sqlite_side.clock.now_ms // 1000)
    now, attempts = await sqlite_side.get(webhook)
    assert (now.failures, now.enabled) == (0, True)
    assert attempts == [attempt]
    assert await sqlite_side.webhooks.test("unknown") is None
