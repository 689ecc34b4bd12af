"""A reading process: `python -m api.parsing DESCRIPTOR`, a socket to the server that started it.

It keeps nothing that must last, and ends when the server closes the socket or is gone.
"""

import gc
import signal
import socket
import sys
import traceback
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import NamedTuple
from zoneinfo import ZoneInfo

from api.malloc import tune_malloc
from api.parsing import wire
from api.services.imports.file_source import FileSource
from api.storage.event_packing import pack


def main() -> None:
    """Answer requests until the server closes the socket."""
    # Ctrl+C reaches every process of a terminal, and a stop by systemd every one of the service; it is
    # the server that decides when to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    tune_malloc()
    # Rows make no cycles, and a portion has tens of thousands of objects: to look through them gives nothing.
    gc.freeze()
    gc.set_threshold(200_000)
    with socket.socket(fileno=int(sys.argv[1])) as server:
        received: SimpleQueue[wire.Begin | Given | None] = SimpleQueue()
        Thread(target=_receive_all, args=(server, received), daemon=True).start()
        with suppress(OSError):
            _answer_all(server, received)


class Given(NamedTuple):
    """A piece of the file."""

    piece: bytearray
    last: bool


def _receive_all(server: socket.socket, received: "SimpleQueue[wire.Begin | Given | None]") -> None:
    """Receive the next piece while one is read and answered, so that its sender waits for neither."""
    try:
        while True:
            request = wire.decode_request(wire.receive(server))
            if isinstance(request, wire.Take):
                received.put(Given(wire.receive(server), request.last))
            else:
                received.put(request)
    except (EOFError, OSError):
        received.put(None)


def _answer_all(server: socket.socket, received: "SimpleQueue[wire.Begin | Given | None]") -> None:
    source: FileSource | wire.Failed = wire.Failed("no file was begun")
    while (request := received.get()) is not None:
        if isinstance(request, wire.Begin):
            source = _begun(request)
        else:
            answer = _read(source, bytes(request.piece), last=request.last)
            wire.send(server, wire.encode(answer))
            while isinstance(answer, wire.Read) and answer.portion.has_more:
                answer = _read_on(source)
                wire.send(server, wire.encode(answer))


def _begun(request: wire.Begin) -> FileSource | wire.Failed:
    try:
        return FileSource(request.options, request.checkpoint, ZoneInfo(request.timezone), pack)
    except Exception:  # noqa: BLE001 - told to the server, whose log has it.
        return wire.Failed(traceback.format_exc())


def _read(source: FileSource | wire.Failed, piece: bytes, *, last: bool) -> wire.Answer:
    if isinstance(source, wire.Failed):
        return source
    try:
        return wire.Read(source.take(piece, last=last))
    except Exception:  # noqa: BLE001 - as above.
        return wire.Failed(traceback.format_exc())


def _read_on(source: FileSource | wire.Failed) -> wire.Answer:
    assert not isinstance(source, wire.Failed)
    try:
        return wire.Read(source.go_on())
    except Exception:  # noqa: BLE001 - as above.
        return wire.Failed(traceback.format_exc())


if __name__ == "__main__":
    main()
