"""Finds clients that vanished without closing, by the state of their connections in the kernel.

TCP_USER_TIMEOUT alone comes too late: it must leave a client that takes nothing, but answers, the
time until it is told that it is slow. Source: Linux, `struct tcp_info`.
"""

import fcntl
import socket
import struct
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

LOOK_SECONDS = 5.0
SILENT_MS = 20_000
ATTEMPTS = 4
"""Retransmissions or probes in a row, without any answer: 3 s on a fast network, 15 s on a slow one."""

UNACKNOWLEDGED_MS = 45_000
"""When the kernel gives up a client."""

STREAM_UNACKNOWLEDGED_MS = 600_000
"""The same of a stream, which is looked at here: the kernel would also give up a client that takes a little
all the time, where its window is too small for a whole segment."""

STREAM_SEND_BUFFER_BYTES = 64 * 1024
"""What the kernel keeps for a client of a stream that does not read; Linux doubles it."""

POLL_UNACKNOWLEDGED_MS = 25_000
"""The same while a poll waits: nothing is under way that a slow client could be late to take."""

TCP_INFO = 11
_IDLE_SECONDS, _INTERVAL_SECONDS = 10, 5
_QUEUED = struct.Struct("=i")
_INFO = struct.Struct("=8B24I")
_RETRANSMITS, _PROBES, _LAST_ACK_RECEIVED = 2, 3, 8 + 12

_NOT_THERE = (OSError, AttributeError, ValueError)
"""Errors of no socket, no such option or, from uvloop, a closed socket."""


def set_user_timeout(connection: Any, milliseconds: int) -> None:
    """Let the kernel end a connection, or those a listener accepts, after so long without an answer."""
    with suppress(*_NOT_THERE):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)


def bound_stream(connection: Any) -> None:
    """Bound what the kernel keeps for the client of a stream, and leave it time to be told that it is slow.

    By one socket object: uvloop makes one for each option, which takes longer than to set it.
    """
    with suppress(*_NOT_THERE):
        borrowed = socket.socket(connection.family, connection.type, connection.proto, connection.fileno())
        try:
            borrowed.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, STREAM_SEND_BUFFER_BYTES)
            borrowed.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STREAM_UNACKNOWLEDGED_MS)
        finally:
            borrowed.detach()


@contextmanager
def asking_while_silent(connection: Any) -> Iterator[None]:
    """Enable TCP keepalive, so that the kernel ends the connection of a dead client."""
    with suppress(*_NOT_THERE):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _IDLE_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _INTERVAL_SECONDS)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    set_user_timeout(connection, POLL_UNACKNOWLEDGED_MS)
    try:
        yield
    finally:
        set_user_timeout(connection, UNACKNOWLEDGED_MS)


def untaken_bytes(connection: Any) -> int:
    """Return what the kernel has for a client that did not acknowledge it; 0 if it does not tell.

    Source: tcp(7), SIOCOUTQ.
    """
    with suppress(struct.error, *_NOT_THERE):
        queued = fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, bytes(_QUEUED.size))
        return int(_QUEUED.unpack(queued)[0])
    return 0


def has_vanished(connection: Any) -> bool:
    """Return whether sent bytes are unacknowledged for too long; False if the kernel does not tell."""
    with suppress(struct.error, *_NOT_THERE):
        info = _INFO.unpack_from(connection.getsockopt(socket.IPPROTO_TCP, TCP_INFO, _INFO.size))
        attempts = max(info[_RETRANSMITS], info[_PROBES])
        return bool(attempts >= ATTEMPTS and info[_LAST_ACK_RECEIVED] >= SILENT_MS)
    return False
