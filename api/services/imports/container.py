"""Unpacks containers in a separate process, which may fail and can be killed.

Of a workbook that is the table of one sheet; of a ZIP with one file, that file.
"""

import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from subprocess import PIPE
from typing import Any

import anyio
import msgspec
from anyio.abc import Process
from msgspec import Struct

from api.services.imports.blob_names import table_id
from api.services.imports.row_source import Table
from api.services.imports.running_import import RunningImport
from api.unpacking.fault import LATE_FAULT, OUT_OF_MEMORY
from api.unpacking.request import UNPACKED_BYTES, Request
from domain.files.kinds import MARKUP_BYTES, Kind, sniff
from domain.ports.blobs import BlobStore
from domain.problems import Problem, problem

MAX_BYTES = 100 * 1024 * 1024

COMMAND = [sys.executable, "-P", "-m", "api.unpacking"]

_PIECE_BYTES = 1024 * 1024
_LAST_BYTES = 64 * 1024
"""No line with a fault is longer."""
_MOST_HEAD_BYTES = 4 * 1024 * 1024
"""Of the first line, which names all sheets."""
_BY_ITS_LIMITS = {-signal.SIGABRT, -signal.SIGXCPU, -signal.SIGKILL, -signal.SIGSEGV, OUT_OF_MEMORY}

Write = Callable[[bytes], Awaitable[None]]


class Head(Struct):
    """The first line that comes out: a `fault`, or `kind` and name of the one file of a ZIP, or a sheet."""

    fault: Problem | None = None
    kind: Kind | None = None
    file: str | None = None
    sheets: list[dict[str, Any]] = []


def too_large() -> Problem:
    """Return the fault of a workbook that is too large to be unpacked."""
    return problem("too_large.workbook", limit=MAX_BYTES // 1024**2)


async def kind_of(
    running: RunningImport, blobs: BlobStore, has_bytes: Callable[[int], Awaitable[bool]]
) -> Kind | Problem | None:
    """Return the kind of a file by its first bytes, the problem if unsupported, or None if more are needed.

    `has_bytes` waits for bytes after an offset, and returns whether there are any.
    """
    while await has_bytes(running.read):
        is_complete = running.body == "complete"
        head = await blobs.read(running.blob, 0, MARKUP_BYTES)
        closed = is_complete and len(head) < MARKUP_BYTES
        kind = sniff(head, closed=closed, filename=running.upload.filename)
        if kind is not None:
            return kind
        running.note_read(len(head))
    return None


async def unpack(running: RunningImport, blobs: BlobStore) -> Table | Problem | None:
    """Stage the content of a completely staged container; None if the import is being cancelled."""
    if running.staged > MAX_BYTES:
        return too_large()
    outcome: Table | Problem | None = None
    async with anyio.create_task_group() as group:
        group.start_soon(_stop_when_cancelled, running, group.cancel_scope)
        outcome = await _staged(running, blobs)
        group.cancel_scope.cancel()
    return outcome


async def convert(
    content: AsyncIterator[bytes], write: Write, request: Request, *, enough_bytes: int | None = None
) -> Head:
    """Write the content of a container piece by piece, and return its head or fault.

    What was written is the content only if no fault is returned: many faults show at the end. Where
    `enough_bytes` are given, reading ends after so many, and says nothing of what would have followed.
    """
    command = [*COMMAND, msgspec.json.encode(request).decode()]
    # What can be imported here can be imported there, wherever it came from.
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    async with await anyio.open_process(
        command, stdin=PIPE, stdout=PIPE, stderr=None, env=environment
    ) as process:
        try:
            await _give(process, content)
            first = await _first_line(process)
            if len(first) > _MOST_HEAD_BYTES:
                return Head(problem("too_large.sheet"))
            head = _head(first)
            if head.fault:
                return head
            if head.kind:
                first = first.partition(b"\n")[2]
            last, size = first[-_LAST_BYTES:], 0
            async for piece in _pieces(process, first):
                last = (last + piece)[-_LAST_BYTES:]
                size += len(piece)
                # Texts and merged cells that many rows share are small in the file, and not in its table.
                if size > UNPACKED_BYTES:
                    return Head(problem("too_large.unpacked", limit=UNPACKED_BYTES // 1024**2))
                await write(piece)
                if enough_bytes is not None and size > enough_bytes:
                    return head
            code = await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
    return _outcome(code, last) or head


def _head(first: bytes) -> Head:
    """Return what is in the first line; without one, the exit code has the reason."""
    line, end, _ = first.partition(b"\n")
    return msgspec.json.decode(line, type=Head) if end else Head()


async def _stop_when_cancelled(running: RunningImport, scope: anyio.CancelScope) -> None:
    await running.wait_until(lambda: running.is_to_stop)
    scope.cancel()


async def _staged(running: RunningImport, blobs: BlobStore) -> Table | Problem:
    name, size = table_id(running.upload.id), 0
    await blobs.delete(name)

    async def write(piece: bytes) -> None:
        nonlocal size
        size = await blobs.append(name, size, piece)

    head = await convert(staged_content(blobs, running.blob), write, Request(running.upload.options))
    return head.fault or Table(size, running.staged, head.kind or "sheet", head.file)


async def staged_content(blobs: BlobStore, blob: str) -> AsyncIterator[bytes]:
    """Yield a staged blob piece by piece."""
    offset = 0
    while piece := await blobs.read(blob, offset, _PIECE_BYTES):
        yield piece
        offset += len(piece)


async def _give(process: Process, workbook: AsyncIterator[bytes]) -> None:
    assert process.stdin is not None
    try:
        async for piece in workbook:
            await process.stdin.send(piece)
    except (anyio.BrokenResourceError, anyio.ClosedResourceError):
        pass  # It has ended: its last line and its exit code have the reason.
    finally:
        await process.stdin.aclose()


async def _first_line(process: Process) -> bytes:
    """Return what comes up to the end of the first line, or a little more; of a longer one the beginning."""
    assert process.stdout is not None
    head = bytearray()
    async for chunk in process.stdout:
        head += chunk
        if b"\n" in chunk or len(head) > _MOST_HEAD_BYTES:
            break
    return bytes(head)


async def _pieces(process: Process, head: bytes) -> AsyncIterator[bytes]:
    """Yield what is left, in pieces worth a durable write."""
    assert process.stdout is not None
    held = bytearray(head)
    async for chunk in process.stdout:
        held += chunk
        if len(held) >= _PIECE_BYTES:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)


def _outcome(code: int, last: bytes) -> Head | None:
    """Return the fault that ended the process, by its exit code and the last bytes that came out."""
    if code == 0:
        return None
    if code == LATE_FAULT and (found := _head(last.removesuffix(b"\n").rpartition(b"\n")[2] + b"\n")).fault:
        return found
    if code in _BY_ITS_LIMITS:
        return Head(problem("too_large.sheet"))
    raise RuntimeError(f"the process that reads workbooks ended with {code}")
