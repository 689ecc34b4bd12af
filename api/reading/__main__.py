"""A reading process: `python -m api.reading DESCRIPTOR`, a socket to the server that started it.

It keeps nothing that must last, and ends when the server closes the socket or is gone.
"""

import gc
import signal
import socket
import sys
import traceback
from concurrent.futures import Future, ThreadPoolExecutor
from zoneinfo import ZoneInfo

from api.memory import tune_malloc
from api.reading import wire
from api.services.imports.csv_source import CsvSource
from api.storage.event_packing import pack


def main() -> None:
    """Answer until the other side is gone."""
    # Ctrl+C reaches every process of a terminal, and a stop by systemd every one of the service; it is
    # the server that decides when to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    tune_malloc()
    # Rows make no cycles, and a portion has tens of thousands of objects: to look through them gives nothing.
    gc.freeze()
    gc.set_threshold(200_000)
    with socket.socket(fileno=int(sys.argv[1])) as server:
        answer_all(server)


def answer_all(server: socket.socket) -> None:
    """Answer requests in their order until the other side is gone.

    While one piece is read, the next one comes in and the last answer goes out.
    """
    reader = Reader()
    reading, answering = ThreadPoolExecutor(1), ThreadPoolExecutor(1)

    def answer(read: Future[bytes]) -> None:
        wire.send(server, read.result())

    try:
        while True:
            request = wire.decode_request(wire.receive(server))
            if isinstance(request, wire.Begin):
                reading.submit(reader.begin, request)
            else:
                read = reading.submit(reader.read, bytes(wire.receive(server)), last=request.last)
                answering.submit(answer, read)
    except (EOFError, OSError):
        reading.shutdown(cancel_futures=True)
        answering.shutdown(cancel_futures=True)


class Reader:
    """Reads one file after the other; what breaks is told to the server, whose log has it."""

    def __init__(self) -> None:
        self._source: CsvSource | wire.Failed = wire.Failed("no file was begun")

    def begin(self, request: wire.Begin) -> None:
        """Begin a file."""
        try:
            self._source = CsvSource(request.options, request.checkpoint, ZoneInfo(request.timezone), pack)
        except Exception:  # noqa: BLE001 - told to the server.
            self._source = wire.Failed(traceback.format_exc())

    def read(self, piece: bytes, *, last: bool) -> bytes:
        """Return the answer to the next piece of the file, as it is sent."""
        if isinstance(self._source, wire.Failed):
            return wire.encode(self._source)
        try:
            return wire.encode(wire.Read(self._source.take(piece, last=last)))
        except Exception:  # noqa: BLE001 - as above.
            return wire.encode(wire.Failed(traceback.format_exc()))


if __name__ == "__main__":
    main()
