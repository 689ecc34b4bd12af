"""State feeds: only the latest value counts; it is sent whole, at most four times a second."""

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import cast

from msgspec import Struct, structs

from streams.frames import Frame, passing_frame
from streams.messages import State, encode

INTERVAL_SECONDS = 0.25
DIGEST_LENGTH = 6

Publish = Callable[[str, Frame], None]


class States:
    """The latest value of each state feed."""

    def __init__(self, loop: asyncio.AbstractEventLoop, publish: Publish) -> None:
        self._loop = loop
        self._publish = publish
        self._frames: dict[str, Frame] = {}
        self._digests: dict[str, str] = {}
        self._waiting: dict[str, State] = {}
        self._resting: dict[str, asyncio.TimerHandle] = {}

    def set(self, state: State) -> None:
        """Publish a new value, unless it is equal to the last one apart from its time."""
        self._waiting[state.feed] = state
        if state.feed not in self._resting:
            self._publish_latest(state.feed)

    def frames(self, feeds: Sequence[str]) -> list[Frame]:
        """Return the latest values of those of these feeds that have one."""
        return [self._frames[feed] for feed in feeds if feed in self._frames]

    def digest(self, feeds: Sequence[str]) -> str:
        """Return the digests of the latest values of these feeds, for the cursor of a poll."""
        return "".join(self._digests.get(feed, "-" * DIGEST_LENGTH) for feed in feeds)

    def changed(self, feeds: Sequence[str], seen: str) -> list[Frame]:
        """Return the latest values of the feeds whose digest differs from that in `seen`."""
        known = [seen[i : i + DIGEST_LENGTH] for i in range(0, len(seen), DIGEST_LENGTH)]
        if len(known) != len(feeds):
            return self.frames(feeds)
        return self.frames(
            [feed for feed, digest in zip(feeds, known, strict=True) if digest != self._digests.get(feed)]
        )

    def close(self) -> None:
        """Publish nothing more."""
        for timer in self._resting.values():
            timer.cancel()

    def _publish_latest(self, feed: str) -> None:
        state = self._waiting.pop(feed)
        digest = _digest(encode(cast("State", structs.replace(cast("Struct", state), at=""))))
        if digest == self._digests.get(feed):
            return
        frame = passing_frame(encode(state))
        self._frames[feed] = frame
        self._digests[feed] = digest
        self._resting[feed] = self._loop.call_later(INTERVAL_SECONDS, self._rested, feed)
        self._publish(feed, frame)

    def _rested(self, feed: str) -> None:
        del self._resting[feed]
        if feed in self._waiting:
            self._publish_latest(feed)


def _digest(body: bytes) -> str:
    return urlsafe_b64encode(blake2b(body, digest_size=6).digest()).decode()[:DIGEST_LENGTH]
