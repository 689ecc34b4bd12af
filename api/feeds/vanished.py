"""Whether a client has vanished without a word, as its connection's kernel state tells.

TCP_USER_TIMEOUT alone comes too late: it must leave a client that takes nothing, but answers, the
time until it is told that it is slow. Source: Linux, `struct tcp_info`.
"""

import struct
from contextlib import suppress
from socket import IPPROTO_TCP
from typing import Any

LOOK_SECONDS = 5.0
SILENT_MS = 20_000
ATTEMPTS = 5
"""Retransmissions or probes in a row, without any answer: some seconds, even on a fast network."""

TCP_INFO = 11
_INFO = struct.Struct("=8B24I")
_RETRANSMITS, _PROBES, _LAST_ACK_RECEIVED = 2, 3, 8 + 12


def has_vanished(connection: Any) -> bool:
    """Tell whether what was sent has met no answer for long; False where the kernel cannot say."""
    with suppress(OSError, struct.error, AttributeError):
        info = _INFO.unpack_from(connection.getsockopt(IPPROTO_TCP, TCP_INFO, _INFO.size))
        attempts = max(info[_RETRANSMITS], info[_PROBES])
        return bool(attempts >= ATTEMPTS and info[_LAST_ACK_RECEIVED] >= SILENT_MS)
    return False
