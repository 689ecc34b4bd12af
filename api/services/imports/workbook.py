"""The table of a workbook, made by a process of its own that may fail, and is killed when not needed."""

import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from subprocess import PIPE

import anyio
import msgspec
from anyio.abc import Process
from msgspec import Struct

from api.services.imports.live import Live, table_id
from api.services.imports.portions import Table
from domain.ports import BlobStore
from domain.problems import Problem

SIGNATURE = b"PK\x03\x04"
"""How a workbook (.xlsx) begins, and any other ZIP archive."""

MAX_BYTES = 100 * 1024 * 1024
ALL_ROWS = 1_048_576
"""More rows than a sheet can have are none."""

_CHILD = str(Path(__file__).with_name("sheet_child.py"))
_PIECE_BYTES = 1024 * 1024
_BY_ITS_LIMITS = {-signal.SIGABRT, -signal.SIGXCPU, -signal.SIGKILL, -signal.SIGSEGV, 1}

Write = Callable[[bytes], Awaitable[None]]


class _Fault(Struct):
    fault: Problem


def too_large() -> Problem:
    """Return the fault of a workbook that is too large to be unpacked."""
    limit = MAX_BYTES // 1024**2
    message = f"a workbook may have at most {limit} MiB: save the sheet as CSV UTF-8, which may be larger"
    return Problem("", "too_large", message)


async def beginning(
    live: Live, blobs: BlobStore, has_bytes: Callable[[int], Awaitable[bool]]
) -> bytes | None:
    """Return as many first bytes as a signature has, fewer of a shorter file; None while they lack.

    `has_bytes` waits for bytes behind an offset, and tells whether there are any.
    """
    while await has_bytes(live.seen):
        is_complete = live.body == "complete"
        head = await blobs.read(live.blob, 0, len(SIGNATURE))
        if is_complete or len(head) == len(SIGNATURE):
            return head
        live.seen = len(head)
    return None


async def unpack(live: Live, blobs: BlobStore) -> Table | Problem | None:
    """Stage the table of a workbook that is staged whole; None when the import is to be cancelled."""
    if live.staged > MAX_BYTES:
        return too_large()
    outcome: Table | Problem | None = None
    async with anyio.create_task_group() as group:
        group.start_soon(_stop_when_cancelled, live, group.cancel_scope)
        outcome = await _staged(live, blobs)
        group.cancel_scope.cancel()
    return outcome


async def convert(
    workbook: AsyncIterator[bytes], write: Write, *, sheet: str | None, most_rows: int = ALL_ROWS
) -> Problem | None:
    """Write the table of a workbook piece by piece; return why there is none."""
    command = [sys.executable, "-P", _CHILD, sheet or "", str(most_rows)]
    async with await anyio.open_process(command, stdin=PIPE, stdout=PIPE, stderr=None) as process:
        try:
            await _give(process, workbook)
            head = await _first_line(process)
            if head.startswith(b'{"fault"'):
                return msgspec.json.decode(head, type=_Fault).fault
            async for piece in _pieces(process, head):
                await write(piece)
            code = await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
    return _outcome(code)


async def _stop_when_cancelled(live: Live, scope: anyio.CancelScope) -> None:
    while not (live.cancel_requested or live.ended.is_set()):
        stirred = live.stirred
        await stirred.wait()
    scope.cancel()


async def _staged(live: Live, blobs: BlobStore) -> Table | Problem:
    name, size = table_id(live.upload.id), 0
    await blobs.delete(name)

    async def write(piece: bytes) -> None:
        nonlocal size
        size = await blobs.append(name, size, piece)

    fault = await convert(_content(blobs, live.blob), write, sheet=live.upload.options.sheet)
    return fault or Table(size, live.staged)


async def _content(blobs: BlobStore, blob: str) -> AsyncIterator[bytes]:
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
        pass  # It has ended: what it said, and its exit code, tell why.
    finally:
        await process.stdin.aclose()


async def _first_line(process: Process) -> bytes:
    """Return what comes up to the end of the first line, or a little more."""
    assert process.stdout is not None
    head = b""
    while b"\n" not in head:
        try:
            head += await process.stdout.receive()
        except anyio.EndOfStream:
            break
    return head


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


def _outcome(code: int) -> Problem | None:
    if code == 0:
        return None
    if code in _BY_ITS_LIMITS:
        message = "the sheet is too large to be read as a workbook: save it as CSV UTF-8"
        return Problem("", "too_large", message)
    raise RuntimeError(f"the reader of workbooks ended with {code}")
