"""Cells of an .xlsb that stand right of another one, and say no column of their own."""

import io
import zipfile
from pathlib import Path
from struct import pack, unpack_from

from api.unpacking.xlsb_marks import _CELLS, _SHORT_CELLS, _record, _records, readable
from tests.api.unpacking.test_sheets import rows, zip_of

CORPUS = Path(__file__).parents[2] / "corpus"
SHEETS = "xl/worksheets/sheet"


def shortened(part: bytes) -> bytes:
    """Return a sheet as SheetJS writes it."""
    short = {whole: kind for kind, whole in _SHORT_CELLS.items()}
    written, before = b"", None
    for kind, body in _records(part):
        column = unpack_from("<I", body)[0] if kind in _CELLS else None
        is_next = before is not None and column == before + 1 and kind in short
        written += _record(short[kind], body[4:]) if is_next else _record(kind, body)
        before = column
    return written


def test_short_cells_are_read_like_whole_ones() -> None:
    content = (CORPUS / "agenda.xlsb").read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert readable(content) is content
    short = {name: shortened(part) for name, part in parts.items() if name.startswith(SHEETS)}
    assert any(len(part) < len(parts[name]) for name, part in short.items())
    assert rows(zip_of(*(parts | short).items())) == rows(content)


def test_a_record_is_written_as_it_was_read() -> None:
    for kind, body in ((0, b""), (7, pack("<I", 3)), (648, b"x" * 200), (176, b"y" * 20_000)):
        assert list(_records(_record(kind, body))) == [(kind, body)]
