"""The protocol between the server and a parsing process, over a pair of sockets."""

import socket
from struct import Struct as Format

import msgspec
from msgspec import Struct

from api.services.imports.row_source import Checkpoint, Portion
from domain.imports import ImportOptions


class Begin(Struct, frozen=True, tag=True):
    """Read a file from a checkpoint on."""

    options: ImportOptions
    timezone: str
    checkpoint: Checkpoint


class Take(Struct, frozen=True, tag=True):
    """Read on; the piece follows as a message of its own. Answered by portions, the last without more."""

    last: bool


class Read(Struct, frozen=True, tag=True):
    """The answer to `Take`."""

    portion: Portion


class Failed(Struct, frozen=True, tag=True):
    """The answer to `Take` when reading broke: a fault of ours, with its traceback for the log."""

    traceback: str


Request = Begin | Take
Answer = Read | Failed

encode = msgspec.msgpack.Encoder().encode
decode_request = msgspec.msgpack.Decoder(Request).decode
decode_answer = msgspec.msgpack.Decoder(Answer).decode

_LENGTH = Format("!Q")


def send(to: socket.socket, message: bytes) -> None:
    """Send a message, its length in front."""
    to.sendall(_LENGTH.pack(len(message)))
    to.sendall(message)


def receive(by: socket.socket) -> bytearray:
    """Return the next message.

    Raises:
        EOFError: the other side is gone.
        OSError: likewise, or it sent nothing for as long as the socket waits.
    """
    (length,) = _LENGTH.unpack(_exactly(_LENGTH.size, by))
    return _exactly(length, by)


def _exactly(length: int, by: socket.socket) -> bytearray:
    message = bytearray(length)
    rest = memoryview(message)
    while rest:
        # In one call where the system can: after each one, Python's lock has to be waited for.
        received = by.recv_into(rest, flags=socket.MSG_WAITALL)
        if not received:
            raise EOFError
        rest = rest[received:]
    return message
