"""Recognises the kind of a file by its first bytes, or explains why it is not supported.

The ending of a file's name decides nothing; it only helps to word a refusal.
"""

import codecs
import re
from typing import Literal

from domain.files.other_texts import may_be_other, other_text
from domain.problems import Problem, excerpt, problem
from domain.rows.missing_columns import known_columns

Kind = Literal["csv", "json", "ics", "packed"]
"""`packed` is a ZIP or OLE container: a workbook, or a ZIP of one file. Only the whole of it shows which."""

DECIDED_BYTES = 64
"""A file of text shows what it is within so many bytes, unless it begins like markup or JSON."""

MARKUP_BYTES = 4096
"""Where a file begins like markup, this much is looked at to name it."""

_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

TABLE_INSTEAD = "send_table"
EXPORT_INSTEAD = "export_table"
RESAVE_INSTEAD = "save_again"
UNPACK_INSTEAD = "unpack_or_zip"

_SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (b"\x1f\x8b", "gzip", UNPACK_INSTEAD),
    (b"%PDF", "pdf", EXPORT_INSTEAD),
    (b"\x89PNG", "png", TABLE_INSTEAD),
    (b"\xff\xd8\xff", "jpeg", TABLE_INSTEAD),
    (b"GIF8", "gif", TABLE_INSTEAD),
    (b"II*\0", "tiff", TABLE_INSTEAD),
    (b"MM\0*", "tiff", TABLE_INSTEAD),
    (b"8BPS", "photoshop", TABLE_INSTEAD),
    (b"\0\0\1\0", "icon", TABLE_INSTEAD),
    (b"7z\xbc\xaf", "7zip", UNPACK_INSTEAD),
    (b"Rar!", "rar", UNPACK_INSTEAD),
    (b"BZh", "bzip2", UNPACK_INSTEAD),
    (b"\xfd7zXZ\0", "xz", UNPACK_INSTEAD),
    (b"\x28\xb5\x2f\xfd", "zstandard", UNPACK_INSTEAD),
    (b"\x04\x22\x4d\x18", "lz4", UNPACK_INSTEAD),
    (b"{\\rtf", "rtf", EXPORT_INSTEAD),
    (b"PAR1", "parquet", EXPORT_INSTEAD),
    (b"ARROW1", "arrow", EXPORT_INSTEAD),
    (b"Obj\x01", "avro", EXPORT_INSTEAD),
    (b"\x89HDF", "hdf5", EXPORT_INSTEAD),
    (b"SQLite format 3\0", "sqlite", EXPORT_INSTEAD),
    (b"\0\1\0\0Standard ", "access", EXPORT_INSTEAD),
    (b"$FL2", "spss", EXPORT_INSTEAD),
    (b"%!PS", "postscript", EXPORT_INSTEAD),
    (b"MZ", "program", TABLE_INSTEAD),
    (b"\x7fELF", "program", TABLE_INSTEAD),
    (b"ID3", "sound", TABLE_INSTEAD),
    (b"OggS", "sound_or_video", TABLE_INSTEAD),
    (b"RIFF", "media", TABLE_INSTEAD),
    (b"\x1aE\xdf\xa3", "video", TABLE_INSTEAD),
    (b"BEGIN:VCARD", "vcard", "send_events"),
)
_COULD_BE_WORDS = frozenset(
    (b"GIF8", b"8BPS", b"Rar!", b"BZh", b"PAR1", b"ARROW1", b"$FL2", b"MZ", b"ID3", b"OggS", b"RIFF")
)
"""A header may begin so, too: what follows in such a file is not text."""

# Long enough to be no text of two bytes a letter: those have NULs.
_FIRST_LINE = re.compile(rb"([^\x00-\x08\x0a-\x1f<{\[(/]{17,})[\r\n]")
_DELIMITER = re.compile(r"[,;\t|]")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
# A workbook of Excel 2 to 4, from before containers: its first record has the version.
_ANCIENT_EXCEL = re.compile(rb"\x09[\x00\x02\x04\x08][\x04\x06\x08\x10]\x00")
# The version, then the day of the last change: year, month, day.
_DBASE = re.compile(rb"\x03.[\x01-\x0c][\x01-\x1f]", re.DOTALL)
_OLD_TABLES = ((_ANCIENT_EXCEL, "ancient_excel"), (_DBASE, "dbase"))
_MEDIA_BOX = re.compile(rb"\x00\x00\x00[\x08-\x7f]ftyp(heic|heix|mif1|avif)?")

_MARKUP: tuple[tuple[re.Pattern[bytes], str, str], ...] = (
    (
        re.compile(rb"urn:schemas-microsoft-com:office:spreadsheet|mso-application[^>]*Excel", re.IGNORECASE),
        "excel_2003_xml",
        "save_in_excel",
    ),
    (
        re.compile(rb"office:document\b|opendocument", re.IGNORECASE),
        "fods",
        "save_in_libreoffice",
    ),
    (re.compile(rb"<svg\b", re.IGNORECASE), "svg", TABLE_INSTEAD),
    (re.compile(rb"<rss\b|<feed\b|<rdf:RDF\b", re.IGNORECASE), "news_feed", EXPORT_INSTEAD),
    (re.compile(rb"<kml\b|<gpx\b", re.IGNORECASE), "map", EXPORT_INSTEAD),
    (re.compile(rb"<plist\b", re.IGNORECASE), "plist", EXPORT_INSTEAD),
    (
        re.compile(rb"<!doctype\s+html|<html\b|<head\b|<body\b|<table\b|<meta\b|<div\b", re.IGNORECASE),
        "HTML",
        "",
    ),
    (
        re.compile(rb"^\s*(?:<!--.*?-->\s*)*<\?xml\b", re.IGNORECASE | re.DOTALL),
        "xml",
        EXPORT_INSTEAD,
    ),
)
_JSON_START = re.compile(r"\s*(?:\[\s*(?:[\]{\[\"]|\Z)|\{\s*(?:[\"}]|\Z))")
_CALENDAR_START = re.compile(r"BEGIN:[ \t]*V(?:CALENDAR|EVENT|TIMEZONE|TODO|JOURNAL)\b", re.IGNORECASE)
_COMMENTS = r"(?:\s|//[^\r\n]*|/\*.*?\*/)*+"
# What some servers put before JSON, so that no page can run it as a script.
_GUARD = re.compile(
    r"(?:\)\]\}'?,?|(?:while|for)\s*\([^)\r\n]{0,10}\)\s*;|throw [^;\r\n]{1,40};)\s*[\[{]\s*[\]}\[{\"]"
)
# `// agenda` above an array, `callback([…])`, `var events = […]`; a header may have brackets, too.
_SCRIPT = re.compile(
    rf"(?P<comments>{_COMMENTS})(?:(?P<wrapped>export\s+default\b|(?:(?:var|let|const)\s+)?[A-Za-z_$][\w$.]*"
    rf"\s*[=(]){_COMMENTS})?[\[{{](?P<within>{_COMMENTS})[\]}}\[{{\"']",
    re.DOTALL,
)
_COMMENT_FIRST = re.compile(r"(?:[\[{]\s*)?/[/*]")
_OF_OTHER_TEXTS = dict.fromkeys(("mht", "sylk", "dif"), RESAVE_INSTEAD) | {"mail": "send_attachment"}
_BLANK = " \t\r\n\x1e\ufeff"


def sniff(head: bytes, *, closed: bool, filename: str = "") -> Kind | Problem | None:
    """Return the kind of a file, the problem if it is not supported, or None if more bytes are needed.

    `head` are the first bytes, all there are when `closed`; 4 KiB always decide.
    """
    if head.startswith((*_ZIP, _OLE)):
        return "packed"
    if len(head) < DECIDED_BYTES and not (closed or _names_columns(head)):
        return None
    refusal = _by_signature(head)
    if refusal:
        return refusal
    return _of_text(head, closed=closed, filename=filename)


def _names_columns(head: bytes) -> bool:
    """Return whether a few bytes are enough: a whole line of plain text that names columns of a table."""
    line = _FIRST_LINE.match(head)
    return line is not None and known_columns(_DELIMITER.split(line[1].decode("utf-8", "replace"))) > 1


def _of_text(head: bytes, *, closed: bool, filename: str) -> Kind | Problem | None:
    start = _text(head).lstrip(_BLANK)
    if not start:
        return "csv" if closed or len(head) >= MARKUP_BYTES else None
    if start[0] == "<":
        if len(head) < MARKUP_BYTES and not closed:
            return None
        return _markup(head if b"\0" not in head else start.encode("utf-8", "replace"), filename)
    if start[0] in "{[" and _JSON_START.match(start) and not may_be_other(start):
        return "json"
    if _CALENDAR_START.match(start):
        return "ics"
    return _unmarked(start, is_all=closed or len(head) >= MARKUP_BYTES)


def _unmarked(start: str, *, is_all: bool) -> Kind | Problem | None:
    """Return the kind of a text that does not begin like one of those that are read."""
    if not is_all and may_be_other(start):
        return None
    other = other_text(start)
    if other is not None:
        return refused(other, _OF_OTHER_TEXTS.get(other, EXPORT_INSTEAD))
    if _JSON_START.match(start):
        return "json"
    return _script_or_csv(start, is_all=is_all)


def _script_or_csv(start: str, *, is_all: bool) -> Kind | Problem | None:
    script = _SCRIPT.match(start)
    if (script and (script["wrapped"] or "/" in script["comments"] + script["within"])) or _GUARD.match(
        start
    ):
        return problem("not_text.javascript")
    return None if _COMMENT_FIRST.match(start) and not is_all else "csv"


def _by_signature(head: bytes) -> Problem | None:
    is_text = _CONTROL.search(head[:DECIDED_BYTES]) is None
    for signature, kind, advice in _SIGNATURES:
        if head.startswith(signature) and not (is_text and signature in _COULD_BE_WORDS):
            return refused(kind, advice)
    for pattern, kind in _OLD_TABLES:
        if pattern.match(head):
            return refused(kind, RESAVE_INSTEAD)
    media = _MEDIA_BOX.match(head)
    if media:
        return refused("heic" if media[1] else "video", TABLE_INSTEAD)
    if head[257:262] == b"ustar":
        return refused("tar", UNPACK_INSTEAD)
    if head.startswith(b"BM") and b"\0" in head[:16]:
        return refused("bitmap", TABLE_INSTEAD)
    return None


def _markup(head: bytes, filename: str) -> Problem | Kind:
    for pattern, kind, advice in _MARKUP:
        if pattern.search(head):
            return _web_page(filename) if kind == "HTML" else refused(kind, advice)
    # A CSV may have angle brackets in its first name: its header decides.
    return "csv"


def _web_page(filename: str) -> Problem:
    ending = _ending(filename)
    if ending in ("xls", "xlsx", "csv"):
        return problem("not_text.named_web_page", ending=ending)
    return problem("not_text.web_page")


def refused(kind: str, advice: str) -> Problem:
    """Return the problem of an unsupported file. `kind` and `advice` are codes of `PHRASES`."""
    return problem("not_text", kind=kind, advice=advice)


def _ending(filename: str) -> str:
    return excerpt(filename).rpartition(".")[2].lower() if "." in filename else ""


def _text(head: bytes) -> str:
    """Return the first bytes as text, good enough to see how it begins."""
    if head.startswith(codecs.BOM_UTF16_LE) or (head[1:2] == b"\0" and head[:1] != b"\0"):
        return head.decode("utf-16-le", "replace")
    if head.startswith(codecs.BOM_UTF16_BE) or (head[:1] == b"\0" and head[1:2] not in (b"\0", b"")):
        return head.decode("utf-16-be", "replace")
    return head.decode("utf-8", "replace")
