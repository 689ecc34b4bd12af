"""Bodies of requests that are on their way, each with its sender, who may be disabled meanwhile.

A request is authenticated by its head. A body may take minutes from there.
"""

import time
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager

import anyio

from api.services.identity import Identity

LONG_SECONDS = 2.0
"""After a body that took longer its sender is looked up again. A change may take 5 s to have effect."""


class OpenBody:
    """One body: `is_over` when nothing more may be taken of it."""

    def __init__(self, sender: Identity) -> None:
        self.sender = sender
        self.is_over = False
        self._waiting: anyio.CancelScope | None = None

    @contextmanager
    def wait_within(self, seconds: float) -> Iterator[None]:
        """Wait for the next part in the block. Raises TimeoutError at the body's end, and after the time."""
        if self.is_over:
            raise TimeoutError
        with anyio.move_on_after(seconds) as self._waiting:
            yield
        is_late, self._waiting = self._waiting.cancelled_caught, None
        if is_late or self.is_over:
            raise TimeoutError

    def end(self) -> None:
        """Take nothing more, and wait for nothing."""
        self.is_over = True
        self.stop_waiting()

    def stop_waiting(self) -> None:
        """End the wait for the next part, as if its time were over."""
        if self._waiting is not None:
            self._waiting.cancel()


class OpenBodies:
    """All bodies that a process receives into imports, and whether their senders still may.

    `ended` returns which of some identities are no longer valid.
    """

    def __init__(self, ended: Callable[[Collection[Identity]], Awaitable[Collection[Identity]]]) -> None:
        self._ended = ended
        self._open: set[OpenBody] = set()

    @contextmanager
    def receive(self, sender: Identity) -> Iterator[OpenBody]:
        """Receive a body in the block; `end` may end it."""
        body = OpenBody(sender)
        self._open.add(body)
        try:
            yield body
        finally:
            self._open.discard(body)

    def senders(self) -> set[Identity]:
        """Return who is sending."""
        return {body.sender for body in self._open}

    def end(self, gone: Collection[Identity]) -> None:
        """End the bodies of some senders."""
        for body in self._open:
            if body.sender in gone:
                body.end()

    async def is_sender_gone(self, sender: Identity | None, *, begun: float) -> bool:
        """Return whether a sender may no longer send; `begun` is when the body did, by `time.monotonic`.

        A body that came quickly costs no look: its sender was authenticated a moment ago.
        """
        if sender is None or time.monotonic() - begun <= LONG_SECONDS:
            return False
        return sender in await self._ended([sender])
