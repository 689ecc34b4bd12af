"""Previews a workbook, or the file of a ZIP, before it is imported."""

import io
from collections.abc import AsyncIterator
from datetime import tzinfo
from typing import Any
from zipfile import is_zipfile

from api.services.imports.container import convert
from api.services.imports.file_source import READERS
from api.unpacking.request import Request
from domain.files.preview import PREVIEW_BYTES, PREVIEW_ROWS, Preview, preview
from domain.files.unfit_options import unfit_options
from domain.imports import ImportOptions
from domain.problems import Problem, problem

PREVIEW_WORKBOOK_BYTES = 10 * 1024 * 1024
"""Larger ones are imported, but not previewed."""

_ROWS = 10 * PREVIEW_ROWS
"""So many rows of the sheet are looked at, blank ones included."""

_ENOUGH_BYTES = 8 * 1024 * 1024
"""So much of a table, whose rows may have 1 MiB each, or of a file of text is unpacked at least."""

Sheets = list[dict[str, Any]]
"""The sheets of a workbook: `name`, `rows`, and `hidden` where it is."""


async def preview_packed(content: bytes, options: ImportOptions, timezone: tzinfo) -> tuple[Preview, Sheets]:
    """Return the preview of a container, which must be complete."""
    if len(content) > PREVIEW_WORKBOOK_BYTES:
        limit = PREVIEW_WORKBOOK_BYTES // 1024**2
        return _nothing(problem("too_large.preview", limit=limit))
    if content.startswith(b"PK") and not is_zipfile(io.BytesIO(content)):
        return _nothing(problem("whole_file_needed"))
    table = bytearray()

    async def pieces() -> AsyncIterator[bytes]:
        yield content

    async def write(piece: bytes) -> None:
        table.extend(piece)

    request = Request(options, most_rows=_ROWS, count_rows=True)
    head = await convert(pieces(), write, request, enough_bytes=_ENOUGH_BYTES)
    kind = head.kind or "sheet"
    if fault := head.fault or unfit_options(options, kind):
        return _nothing(fault)
    truncated = head.kind is not None and len(table) > PREVIEW_BYTES
    # Of a sheet that was not read to its end, the last line may not be whole.
    end = len(table) if head.kind else table.rfind(b"\n") + 1
    shown = bytes(table[: PREVIEW_BYTES if truncated else end])
    read = preview(shown, truncated=truncated, options=options, timezone=timezone, kind=READERS[kind])
    return read, head.sheets


def _nothing(fault: Problem) -> tuple[Preview, Sheets]:
    return Preview(None, [], {}, [], [], fault), []
