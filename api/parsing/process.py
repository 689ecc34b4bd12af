"""The server's side of one parser process."""

import os
import socket
import subprocess
import sys
from struct import pack
from time import monotonic

from api.parsing import wire
from api.services.imports.row_source import Checkpoint, Portion, ReaderLostError
from domain.imports import ImportOptions

ANSWER_SECONDS = 60
"""A piece takes milliseconds; a process that needs so long is stuck."""


class ParsingFailedError(Exception):
    """The parser process raised an exception; the message is its traceback."""


class ParserProcess:
    """Reads one file at a time. Every call but `is_alive` blocks: call them in threads, one at a time."""

    def __init__(self) -> None:
        """Start it."""
        ours, theirs = socket.socketpair()
        # What can be imported here can be imported there, wherever it came from.
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        with ours, theirs:
            # -P: a folder named `api` where the server was started is not ours.
            command = [sys.executable, "-P", "-m", "api.parsing", str(theirs.fileno())]
            self._process = subprocess.Popen(  # noqa: S603 - our own module, our own interpreter.
                command, pass_fds=[theirs.fileno()], env=environment, stdin=subprocess.DEVNULL
            )
            self._socket = socket.socket(fileno=ours.detach())
        for wait in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            self._socket.setsockopt(socket.SOL_SOCKET, wait, pack("ll", ANSWER_SECONDS, 0))
        self.idle_since = monotonic()

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process is running."""
        return self._process.poll() is None

    def begin(self, options: ImportOptions, timezone: str, checkpoint: Checkpoint) -> None:
        """Begin a file, or continue from a checkpoint.

        Raises:
            ReaderLostError: the process is gone.
        """
        self._send(wire.encode(wire.Begin(options, timezone, checkpoint)))

    def give(self, piece: bytes, *, last: bool) -> None:
        """Send the next piece of the file. Each piece is answered with portions, up to one that has no more.

        Raises:
            ReaderLostError: the process is gone, or stuck.
        """
        self._send(wire.encode(wire.Take(last)))
        self._send(piece)

    def portion(self) -> Portion:
        """Return the next rows of the first piece that is not answered to its end; wait for them.

        Raises:
            ReaderLostError: the process is gone, or stuck.
            ParsingFailedError: reading broke.
        """
        answer: wire.Answer = wire.decode_answer(self._receive())
        if isinstance(answer, wire.Failed):
            raise ParsingFailedError(answer.traceback)
        return answer.portion

    def end(self) -> None:
        """Kill the process at any time: it stores nothing."""
        self._socket.close()
        self._process.kill()
        self._process.wait()

    def _send(self, message: bytes) -> None:
        try:
            wire.send(self._socket, message)
        except OSError as error:
            raise self._lost() from error

    def _receive(self) -> bytearray:
        try:
            return wire.receive(self._socket)
        except (EOFError, OSError) as error:
            raise self._lost() from error

    def _lost(self) -> ReaderLostError:
        self._process.kill()
        return ReaderLostError(f"the process {self.pid} that read the file has ended or hangs")
