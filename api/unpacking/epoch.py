"""Tells from which day a workbook counts the days: those of older Macs count from 1904.

Source: ECMA-376 part 1, §18.2.28 (date1904); [MS-XLS] §2.4.77 (Date1904).
"""

import io
import re
from struct import unpack_from
from zipfile import ZipFile

from api.unpacking.archive import Workbook
from api.unpacking.xls_marks import workbook_stream

_DATE_1904 = re.compile(rb"""<(?:\w+:)?workbookPr\b[^>]*\bdate1904=["'](?:1|true|on)["']""")
_DATE_MODE, _END = 0x0022, 0x000A


def counts_from_1904(workbook: Workbook) -> bool:
    """Return whether the numbers of days begin in 1904. False for what cannot be read."""
    try:
        if workbook.format == "xls":
            return _has_date_mode(workbook_stream(workbook.content))
        if workbook.format in ("xlsx", "xlsm"):
            with ZipFile(io.BytesIO(workbook.content)) as archive:
                return _DATE_1904.search(archive.read("xl/workbook.xml")) is not None
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - a damaged part fails in many ways, and only a suggestion needs it.
        return False
    return False


def _has_date_mode(stream: bytes) -> bool:
    at = 0
    while at + 6 <= len(stream):
        kind, length, value = unpack_from("<HHH", stream, at)
        if kind in (_DATE_MODE, _END):
            return bool(kind == _DATE_MODE and value == 1)
        at += 4 + length
    return False
