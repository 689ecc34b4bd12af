"""A program of its own: one sheet of a workbook, from standard input, to lines of JSON on standard output.

Runs in a process that may end in any way, for whoever made the file may have meant harm: memory and
time are bounded, and nothing of the server is imported. What it writes is that which
`domain.sheet_rows` reads, or one line with a `fault`. Arguments: the sheet wanted (may be empty),
the most rows to write.
"""

import io
import resource
import sys
from datetime import date, datetime, time, timedelta
from difflib import get_close_matches
from itertools import islice
from typing import Any, NoReturn
from zipfile import BadZipFile, ZipFile

import msgspec
from python_calamine import CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

MEMORY_BYTES = 1024 * 1024 * 1024
CPU_SECONDS = 120
UNPACKED_BYTES = 512 * 1024 * 1024
ROW_CHARACTERS = 1024 * 1024
EXACT_INTEGERS = 1e15
"""Below it, a number of a workbook without a fraction is the integer that was typed."""

INSTEAD = "save it as .xlsx (Excel workbook) or as CSV UTF-8"
_OTHERS = (
    ("xl/workbook.bin", f"a binary workbook (.xlsb): {INSTEAD}"),
    ("content.xml", f"an OpenDocument file (.ods): {INSTEAD}"),
    ("word/document.xml", "a Word document: copy the table into a spreadsheet and save that"),
    ("ppt/presentation.xml", "a PowerPoint presentation: copy the table into a spreadsheet and save that"),
)


def main() -> None:
    """Read, and write the table or the fault."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    wanted, most_rows = sys.argv[1], int(sys.argv[2])
    content = io.BytesIO(sys.stdin.buffer.read())
    _check(content)
    sheet = _sheet(content, wanted)
    _write({"sheet": sheet.name})
    for row in islice(sheet.iter_rows(), most_rows):
        _write(_cells(row))
    sys.stdout.buffer.flush()


def _check(content: io.BytesIO) -> None:
    """End with a fault unless the bytes are a workbook that can be unpacked without harm."""
    try:
        with ZipFile(content) as archive:
            entries = archive.infolist()
    except (BadZipFile, NotImplementedError, ValueError):
        _fail("not_text", f"this looks like an Excel or ZIP file that is cut or damaged: {INSTEAD}")
    names = {entry.filename for entry in entries}
    for name, kind in _OTHERS:
        if name in names:
            _fail("not_text", f"this looks like {kind}")
    if not any(name.startswith("xl/") for name in names):
        _fail("not_text", "this looks like a ZIP archive, not like a table: unpack it first")
    if any(entry.flag_bits & 1 for entry in entries):
        _fail("not_text", f"the workbook is encrypted: {INSTEAD}, without a password")
    if sum(entry.file_size for entry in entries) > UNPACKED_BYTES:
        limit = UNPACKED_BYTES // 1024**2
        _fail("too_large", f"unpacked, the workbook is over {limit} MiB: save the sheet as CSV UTF-8")


def _sheet(content: io.BytesIO, wanted: str) -> CalamineSheet:
    content.seek(0)
    try:
        workbook = CalamineWorkbook.from_filelike(content)
        name = _chosen(workbook, wanted)
        return workbook.get_sheet_by_name(name)
    except (MemoryError, SystemExit):
        raise
    except BaseException:  # noqa: BLE001 - of a damaged file, also a panic of the library.
        _fail("not_text", f"this looks like a damaged Excel file: open it and {INSTEAD}")


def _chosen(workbook: CalamineWorkbook, wanted: str) -> str:
    """Return the sheet of this name, else of this number among the visible ones, else the first of them."""
    tables = [each for each in workbook.sheets_metadata if each.typ == SheetTypeEnum.WorkSheet]
    names = [each.name for each in tables]
    visible = [each.name for each in tables if each.visible == SheetVisibleEnum.Visible] or names
    if not names:
        _fail("empty_file", "the workbook has no sheet with cells")
    if not wanted:
        return visible[0]
    for name in names:
        if name.strip().casefold() == wanted.strip().casefold():
            return name
    if wanted.isascii() and wanted.isdigit() and 1 <= int(wanted) <= len(visible):
        return visible[int(wanted) - 1]
    shown = ", ".join(map(repr, visible[:20]))
    near = get_close_matches(wanted, names, n=1)
    message = f"the workbook has no sheet {wanted!r}; it has {shown}"
    return _fail("unknown_sheet", message, field="sheet", value=wanted, suggestion=near[0] if near else None)


def _cells(row: list[Any]) -> list[str] | None:
    cells = [_text(cell) for cell in row]
    while cells and not cells[-1]:
        cells.pop()
    return cells if sum(map(len, cells)) <= ROW_CHARACTERS else None


def _text(cell: Any) -> str:
    """Return a cell as a CSV would have it."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < EXACT_INTEGERS:
        return str(int(cell))
    if isinstance(cell, datetime):
        return _to_the_millisecond(cell).isoformat()
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(cell)


def _to_the_millisecond(moment: datetime) -> datetime:
    """Return a moment as it was typed: a workbook keeps days as a binary fraction, a little beside it."""
    rounded = moment + timedelta(microseconds=500)
    return rounded.replace(microsecond=rounded.microsecond // 1000 * 1000)


def _write(line: object) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")


def _fail(
    code: str, message: str, *, field: str = "", value: str | None = None, suggestion: str | None = None
) -> NoReturn:
    fault = {"field": field, "code": code, "message": message, "value": value, "suggestion": suggestion}
    _write({"fault": fault})
    sys.stdout.buffer.flush()
    sys.exit(0)


if __name__ == "__main__":
    main()
