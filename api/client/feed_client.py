"""A reader of feeds that falls back between transports and resumes by itself."""

import logging
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import Any, Literal

import anyio
import httpx

from api.client.transports import OPENERS, Broken, Refused, Target, Transport

Message = dict[str, Any]
OnStatus = Callable[[str], None]
OnReset = Callable[[str], None]
"""Is told why messages are missing: ``epoch``, ``ahead``, ``expired`` or ``malformed``."""

HELLO_WITHIN_SECONDS = 3.0
YOUNG_SECONDS = 5.0
"""A stream that breaks sooner is held against its transport."""
LONGEST_WAIT_SECONDS = 15.0
ORDER: tuple[Transport, ...] = ("sse", "ws", "poll")

Ending = Literal["finished", "again", "broken", "silent"]

logger = logging.getLogger("fasttrack.client")


class FeedReset(Exception):  # noqa: N818 - a condition, not a fault
    """What followed the caller's cursor is not kept, or its store is another one: messages are missing.

    Attributes:
        reason: ``epoch``, ``ahead``, ``expired`` or ``malformed``.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"messages are missing ({reason}): fetch the present state, then read on")
        self.reason = reason


class FeedClient:
    """Reads feeds until all of them are at their end, each message once and in order."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        feeds: str | Sequence[str],
        *,
        on_status: OnStatus | None = None,
        on_reset: OnReset | None = None,
        replay: str | None = None,
        cursor: str | None = None,
    ) -> None:
        """Read `feeds` of the server that `http` is a client of.

        Args:
            http: carries base URL and credentials.
            feeds: names as on the wire, or one name.
            on_status: told sentences about the connection, for a person.
            on_reset: told why, when messages are missing; the messages after them follow.
            replay: ``all`` or ``none`` to override the server's default for a first connection.
            cursor: go on after this message: an earlier reader's `cursor`.
        """
        self.transport: Transport = ORDER[0]
        self._http = http
        self._feeds = [feeds] if isinstance(feeds, str) else list(feeds)
        self._on_status = on_status
        self._on_reset = on_reset
        self._was_given_cursor = cursor is not None
        self._replay = replay
        self.cursor = cursor
        """The id of the last message: keep it to go on after a restart of your own."""
        self._heartbeat_seconds = 15.0
        self._retry_seconds = 1.0
        self._failures = 0

    async def messages(self) -> AsyncGenerator[Message]:
        """Yield messages and states, without heartbeats, hello and bye.

        Raises:
            Refused: the server will not serve these feeds to this caller.
            FeedReset: the given cursor cannot be resumed from, and there is neither `on_reset` nor
                `on_status` to tell. Calling this again reads on.
        """
        while True:
            opened_at = anyio.current_time()
            ending: Ending = "broken"
            try:
                async for message in self._stream():
                    ending = self._follow(message) or ending
                    if message["type"] not in ("hello", "heartbeat", "bye"):
                        yield message
            except Broken as broken:
                ending = "finished" if broken.finished else "silent" if broken.silent else ending
                self._tell(str(broken))
            if ending == "finished":
                return
            await self._before_next(ending, young=anyio.current_time() - opened_at < YOUNG_SECONDS)

    def _follow(self, message: Message) -> Ending | None:
        """Keep what a message has about the connection itself."""
        kind = message["type"]
        if kind == "hello":
            self.cursor = message["cursor"]
            self._heartbeat_seconds = message["heartbeat_s"]
            if message["resume"] == "reset":
                self._reset(str(message.get("reason")))
        elif kind == "bye":
            self._retry_seconds = message.get("retry_ms", 1000) / 1000
            if message["reason"] == "expired":
                raise Refused(401, "the session or token is no longer valid: sign in again")
            return "finished" if message["reason"] == "finished" else "again"
        elif "id" in message:
            self.cursor = message["id"]
        return None

    def _reset(self, reason: str) -> None:
        """Report that messages are missing: never in silence."""
        self._tell(f"messages may be missing: {reason}")
        if self._on_reset is not None:
            self._on_reset(reason)
        elif self._on_status is None:
            # Who passes a cursor relies on what follows it; others may only watch.
            if self._was_given_cursor:
                raise FeedReset(reason)
            logger.warning("messages may be missing: %s", reason)

    def _tell(self, sentence: str) -> None:
        if self._on_status is not None:
            self._on_status(sentence)

    async def _stream(self) -> AsyncIterator[Message]:
        target = Target(self._http, self._feeds, self.cursor, self._replay)
        wait = HELLO_WITHIN_SECONDS if self.transport != "poll" else 60.0
        stream = OPENERS[self.transport](target)
        try:
            while True:
                with anyio.move_on_after(wait) as patience:
                    message = await anext(stream, None)
                if patience.cancelled_caught:
                    raise Broken(f"{self.transport}: nothing was received for {wait:.0f} s", silent=True)
                if message is None:
                    return
                wait = max(wait, 2.5 * self._heartbeat_seconds)
                yield message
        finally:
            with anyio.CancelScope(shield=True):
                await stream.aclose()

    async def _before_next(self, ending: Ending, *, young: bool) -> None:
        """Wait as the server asked, or longer and longer; change the transport where it seems at fault."""
        self._failures = 0 if ending == "again" or not young else self._failures + 1
        if ending == "silent" or self._failures >= 2:
            self._change_transport()
        wait = self._retry_seconds * 2 ** max(0, self._failures - 1)
        await anyio.sleep(min(wait, LONGEST_WAIT_SECONDS) * random.uniform(0.8, 1.2))  # noqa: S311 - jitter

    def _change_transport(self) -> None:
        self.transport = ORDER[(ORDER.index(self.transport) + 1) % len(ORDER)]
        self._failures = 0
        self._tell(f"trying {self.transport}")
