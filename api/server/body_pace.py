"""Decides whether a request body arrives fast enough. No I/O.

Time in which we did not read does not count: a client cannot send what we do not take.
"""

from msgspec import Struct


class WireTimes(Struct, frozen=True):
    """The timeouts of a connection.

    Attributes:
        head_seconds: for the head of a request, from its first byte.
        keep_alive_seconds: for the next request.
        body_idle_seconds: for the next byte of a body.
        body_bytes_per_second: the least rate of a body, after the first `body_idle_seconds`.
    """

    head_seconds: float = 20.0
    keep_alive_seconds: float = 75.0
    body_idle_seconds: float = 30.0
    body_bytes_per_second: float = 5.0

    @property
    def look_seconds(self) -> float:
        """Seconds between two checks of a body."""
        return self.body_idle_seconds / 10


class BodyPace:
    """The pace of one body."""

    __slots__ = ("_bytes", "_counted_seconds", "_looked_at", "_silent_seconds", "_times")

    def __init__(self, times: WireTimes, now: float) -> None:
        self._times = times
        self._looked_at = now
        self._bytes = 0
        self._counted_seconds = 0.0
        self._silent_seconds = 0.0

    def arrived(self, size: int) -> None:
        """Count bytes of the client."""
        self._bytes += size
        self._silent_seconds = 0.0

    def is_late(self, now: float, *, was_read: bool) -> bool:
        """Whether the body is too slow. `was_read`: the server was reading since the last check."""
        elapsed, self._looked_at = now - self._looked_at, now
        if not was_read:
            self._silent_seconds = 0.0
            return False
        self._counted_seconds += elapsed
        self._silent_seconds += elapsed
        idle = self._times.body_idle_seconds
        least = self._times.body_bytes_per_second * (self._counted_seconds - idle)
        return self._silent_seconds >= idle or self._bytes < least
