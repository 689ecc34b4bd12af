"""Decides how long a connection reads on after an answer that came before its request. No I/O.

To close while the client still sends resets the connection, and the answer is lost with it (RFC 9112 §9.6).
Clients that write a whole body before they read (Python's urllib) get the answer only if all of it is taken.

What is taken is dropped: some 50 µs of the loop for 256 KiB. What it may cost is bounded by
`LINGER_SECONDS` and `LINGER_BYTES` for a connection, and by `MOST_AT_ONCE` and `BYTES_A_SECOND` for all of
a process, so that others wait no longer for the loop.
"""

from typing import Any

SILENCE_SECONDS = 2.0
"""Without a byte for so long, a client has ended its body, or reads."""

LINGER_SECONDS = 60.0
"""A connection that waits for its next request may stay longer."""

SHORT_BYTES = 1024 * 1024
"""What is read of any client, however many there are."""

LINGER_BYTES = 1024 * 1024 * 1024
"""As large as an upload may be by default: a refused one is taken whole."""

MOST_AT_ONCE = 32
"""Connections of a process that are read beyond `SHORT_BYTES`."""

BYTES_A_SECOND = 128 * 1024 * 1024
"""Of all these together, as much as a network of a gigabit a second brings.

Beside forty such clients on the same machine a request takes 1.5 ms, as without them; it took 100 before."""


class LongReads:
    """The connections of a process that are read beyond `SHORT_BYTES`."""

    def __init__(self) -> None:
        self._reading: set[Any] = set()
        self._free_at = 0.0

    def may_read(self, connection: Any) -> bool:
        """Return whether a connection is one of them; it becomes one while there is room."""
        if len(self._reading) < MOST_AT_ONCE:
            self._reading.add(connection)
        return connection in self._reading

    def seconds_for(self, size: int, now: float) -> float:
        """Count bytes that were read; return how long their connection is to wait with the next."""
        self._free_at = max(self._free_at, now) + size / BYTES_A_SECOND
        return self._free_at - now

    def leave(self, connection: Any) -> None:
        """Make room."""
        self._reading.discard(connection)


class Linger:
    """The stay of one connection after its last answer."""

    __slots__ = ("_bytes", "_heard_at", "_until")

    def __init__(self, now: float, *, seconds: float = LINGER_SECONDS) -> None:
        self._heard_at = now
        self._until = now + seconds
        self._bytes = 0

    def took(self, size: int, now: float) -> None:
        """Count bytes of the client."""
        self._bytes += size
        self._heard_at = now

    @property
    def is_long(self) -> bool:
        """Whether more was read than is read of any client."""
        return self._bytes > SHORT_BYTES

    @property
    def is_too_long(self) -> bool:
        """Whether enough was read."""
        return self._bytes > LINGER_BYTES

    def seconds_left(self, now: float) -> float:
        """Return how long the connection stays, unless more comes; nothing or less when it is to close."""
        return min(self._heard_at + SILENCE_SECONDS, self._until) - now
