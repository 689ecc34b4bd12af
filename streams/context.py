"""The part of the hub that a reader uses: settings, history, states, scheduling."""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from streams.flusher import Flusher
from streams.frames import Encoding, Payload
from streams.history import History
from streams.messages import ByeReason
from streams.state import States
from streams.view import View


class FeedOptions(Struct, frozen=True):
    """Limits and times of the feed."""

    heartbeat_seconds: float = 15.0
    coalesce_seconds: float = 0.002
    slow_seconds: float = 30.0
    ring_messages: int = 50_000
    refill_messages: int = 0
    ring_bytes: int = 32 * 1024 * 1024
    stream_seconds: float = 600.0
    streams_per_person: int = 64
    streams_in_all: int = 20_000


class ReaderContext(Protocol):
    """The hub, as its readers see it."""

    options: FeedOptions
    history: History
    states: States
    flusher: Flusher

    def clock(self) -> float:
        """Return monotonic seconds."""
        ...

    def retry_ms(self, reason: ByeReason | None = None) -> int:
        """Return a random reconnect delay, so that many clients do not reconnect at once."""
        ...

    def stream_seconds(self, transport: str) -> float:
        """Return the random lifetime of a stream, so that many clients do not reconnect at once."""
        ...

    def heartbeat(self, encoding: Encoding) -> Payload:
        """Return a heartbeat message with the current time."""
        ...

    def watch(self, check: Callable[[float], float | None], at: float) -> None:
        """Call a check from the shared tick; it returns the time of its next call."""
        ...

    def release(self, view: View) -> None:
        """Release a view."""
        ...
