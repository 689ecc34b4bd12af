"""A reading process: `python -m api.reading DESCRIPTOR`, a socket to the server that started it.

It keeps nothing that must last, and ends when the server closes the socket or is gone.
"""

import gc
import signal
import sys
import traceback
from multiprocessing.connection import Connection
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
    server = Connection(int(sys.argv[1]))
    source: CsvSource | wire.Failed = wire.Failed("no file was begun")
    try:
        while True:
            request = wire.decode_request(server.recv_bytes())
            if isinstance(request, wire.Begin):
                source = _begun(request)
            else:
                server.send_bytes(wire.encode(_read(source, server.recv_bytes(), last=request.last)))
    except (EOFError, OSError):
        return


def _begun(request: wire.Begin) -> CsvSource | wire.Failed:
    try:
        return CsvSource(request.options, request.checkpoint, ZoneInfo(request.timezone), pack)
    except Exception:  # noqa: BLE001 - told to the server, whose log has it.
        return wire.Failed(traceback.format_exc())


def _read(source: CsvSource | wire.Failed, piece: bytes, *, last: bool) -> wire.Answer:
    if isinstance(source, wire.Failed):
        return source
    try:
        return wire.Read(source.take(piece, last=last))
    except Exception:  # noqa: BLE001 - as above.
        return wire.Failed(traceback.format_exc())


if __name__ == "__main__":
    main()
