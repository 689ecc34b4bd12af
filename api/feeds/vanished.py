"""Whether a client has vanished without a word, as its connection's kernel state tells.

TCP_USER_TIMEOUT alone comes too late: it must leave a client that takes nothing, but answers, the
time until it is told that it is slow. Source: Linux, `struct tcp_info`.
"""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

LOOK_SECONDS = 5.0
SILENT_MS = 20_000
ATTEMPTS = 4
"""Retransmissions or probes in a row, without any answer: 3 s on a fast network, 15 s on a slow one."""

UNACKNOWLEDGED_MS = 45_000
"""When the kernel gives up a client. Longer than it takes to tell one that it is slow."""

POLL_UNACKNOWLEDGED_MS = 25_000
"""The same while a poll waits: nothing is under way that a slow client could be late to take."""

TCP_INFO = 11
_IDLE_SECONDS, _INTERVAL_SECONDS = 10, 5
_INFO = struct.Struct("=8B24I")
_RETRANSMITS, _PROBES, _LAST_ACK_RECEIVED = 2, 3, 8 + 12

_NOT_THERE = (OSError, AttributeError, ValueError)
"""What tells that there is no socket, no such option, or, as uvloop says it, a socket that is closed."""


def give_up_after(connection: Any, milliseconds: int) -> None:
    """Have the kernel end a connection, or one that will be accepted, after so long without an answer."""
    with suppress(*_NOT_THERE):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)


@contextmanager
def asking_while_silent(connection: Any) -> Iterator[None]:
    """Have the kernel ask a silent client whether it lives, and end the connection when it does not."""
    with suppress(*_NOT_THERE):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _IDLE_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _INTERVAL_SECONDS)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    give_up_after(connection, POLL_UNACKNOWLEDGED_MS)
    try:
        yield
    finally:
        give_up_after(connection, UNACKNOWLEDGED_MS)


def has_vanished(connection: Any) -> bool:
    """Tell whether what was sent has met no answer for long; False where the kernel cannot say."""
    with suppress(struct.error, *_NOT_THERE):
        info = _INFO.unpack_from(connection.getsockopt(socket.IPPROTO_TCP, TCP_INFO, _INFO.size))
        attempts = max(info[_RETRANSMITS], info[_PROBES])
        return bool(attempts >= ATTEMPTS and info[_LAST_ACK_RECEIVED] >= SILENT_MS)
    return False
