"""What a workbook would be read as, before it is imported."""

import io
from collections.abc import AsyncIterator
from datetime import tzinfo
from zipfile import is_zipfile

from api.services.imports.workbook import convert
from domain.csv_preview import PREVIEW_ROWS, Preview, preview
from domain.imports import ImportOptions
from domain.problems import Problem
from domain.sheet_rows import SheetReader

PREVIEW_WORKBOOK_BYTES = 10 * 1024 * 1024
"""Larger ones are imported, but not previewed."""

_ROWS = 10 * PREVIEW_ROWS
"""So many rows of the sheet are looked at, blank ones included."""


async def preview_workbook(workbook: bytes, options: ImportOptions, timezone: tzinfo) -> Preview:
    """Return what a workbook would be read as: a whole one, for its end says where its sheets are."""
    if len(workbook) > PREVIEW_WORKBOOK_BYTES:
        limit = PREVIEW_WORKBOOK_BYTES // 1024**2
        message = f"a workbook over {limit} MiB is not previewed; it can be imported, or saved as CSV UTF-8"
        return _nothing(Problem("", "too_large", message))
    if not is_zipfile(io.BytesIO(workbook)):
        message = "the workbook is cut or damaged; a preview of a workbook needs the whole file"
        return _nothing(Problem("", "whole_file_needed", message))
    table = bytearray()

    async def content() -> AsyncIterator[bytes]:
        yield workbook

    async def write(piece: bytes) -> None:
        table.extend(piece)

    fault = await convert(content(), write, sheet=options.sheet, most_rows=_ROWS)
    if fault:
        return _nothing(fault)
    return preview(bytes(table), truncated=False, options=options, timezone=timezone, kind=SheetReader)


def _nothing(fault: Problem) -> Preview:
    return Preview(None, [], {}, [], [], fault)
