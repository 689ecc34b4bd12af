"""Finds the content of a ZIP or OLE container: a workbook, a single file, or a fault."""

import io
from collections.abc import Iterator, Sequence
from copy import copy
from functools import partial
from typing import Literal, NamedTuple, NoReturn
from zipfile import ZipFile, ZipInfo

from api.unpacking.fault import ending_with, fail, fail_with
from api.unpacking.package import KNOWN_BINARY, KNOWN_MAINS, MainPart, Package
from api.unpacking.request import UNPACKED_BYTES
from api.unpacking.xls_marks import is_encrypted, stream_names
from domain.csv.head import Head, read_head
from domain.files.kinds import EXPORT_INSTEAD, MARKUP_BYTES, TABLE_INSTEAD, refused, sniff
from domain.imports import ImportOptions
from domain.problems import Problem, excerpt
from domain.rows.header import Header

Format = Literal["xlsx", "xlsm", "xlsb", "xls", "ods"]

MOST_ENTRIES = 10_000
_PIECE_BYTES = 1024 * 1024
INSTEAD = "save_as"
_COPY = "copy_table"

_ZIP_KINDS: tuple[tuple[str, str, str], ...] = (
    ("word/document.xml", "docx", _COPY),
    ("ppt/presentation.xml", "pptx", _COPY),
    ("Index/Document.iwa", "iwork", ""),
    ("Index.zip", "iwork", ""),
    ("META-INF/container.xml", "epub", TABLE_INSTEAD),
    ("AndroidManifest.xml", "apk", TABLE_INSTEAD),
    ("META-INF/MANIFEST.MF", "jar", TABLE_INSTEAD),
    ("visio/document.xml", "visio", EXPORT_INSTEAD),
    ("doc.kml", "kmz", EXPORT_INSTEAD),
)
_APPLE = "export_from_apple"
_ODF_KINDS = {
    "text": ("odt", _COPY),
    "presentation": ("odp", _COPY),
    "graphics": ("odg", EXPORT_INSTEAD),
    "database": ("odb", EXPORT_INSTEAD),
    "formula": ("odf", EXPORT_INSTEAD),
    "chart": ("odc", EXPORT_INSTEAD),
}
_MAIN_KINDS = {
    "document": ("docx", _COPY),
    "presentation": ("pptx", _COPY),
    "VisioDocument": ("visio", EXPORT_INSTEAD),
}
"""By the root element of a package's main part."""
_WORKBOOK_KINDS = ("workbook", "binary")
_OLE_KINDS = {
    "worddocument": ("doc", _COPY),
    "powerpoint document": ("ppt", _COPY),
    "__properties_version1.0": ("msg", EXPORT_INSTEAD),
    "visiodocument": ("visio", EXPORT_INSTEAD),
}
"""By the names of streams, which have no case. Source: [MS-CFB] §2.6.4."""


class Workbook(NamedTuple):
    """A workbook, and the name of the file where it came in a ZIP."""

    format: Format
    content: bytes
    file: str | None = None
    others: Sequence[str] = ()


class PlainFile(NamedTuple):
    """The one file of a ZIP: to be read like one that was sent as it is."""

    archive: ZipFile
    entry: ZipInfo
    kind: str
    others: Sequence[str]
    """Names of texts beside it, such as a licence, which are left out."""


def opened(content: bytes, *, inside: str | None = None, others: Sequence[str] = ()) -> Workbook | PlainFile:
    """Return the content of a container, or end with a fault.

    `inside` is its name in a ZIP, and `others` are those of the texts beside it there.
    """
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        return _ole(content, inside)._replace(others=others)
    archive = _archive(content)
    package = Package(archive)
    main = _main_part(package)
    if _is_workbook(package, main):
        return _of_package(package, main, content)._replace(file=inside, others=others)
    if {"content.xml", "mimetype"} <= set(archive.namelist()):
        return Workbook(_ods_format(archive), content, inside, others)
    _refuse_documents(archive, main)
    if inside is not None:
        fail_with("not_text.zip_in_zip", value=excerpt(inside))
    return _only_file(archive)


def _ole(content: bytes, inside: str | None) -> Workbook:
    with ending_with(partial(fail_with, "not_text.damaged_xls", advice=INSTEAD)):
        names = stream_names(content)
        has_password = is_encrypted(content)
    if has_password or "encryptedpackage" in names:
        fail_with("not_text.password", advice=INSTEAD)
    for name, (kind, advice) in _OLE_KINDS.items():
        if name in names:
            fail(refused(kind, advice))
    if not names.keys() & {"workbook", "book"}:
        fail(refused("old_office", EXPORT_INSTEAD))
    return Workbook("xls", content, inside)


def _archive(content: bytes) -> ZipFile:
    with ending_with(partial(fail_with, "not_text.damaged_zip", advice=INSTEAD)):
        archive = ZipFile(io.BytesIO(content))
        entries = archive.infolist()
    if len(entries) > MOST_ENTRIES:
        fail_with("not_text.many_files", count=len(entries))
    if any(entry.flag_bits & 1 for entry in entries):
        fail_with("not_text.password", advice=INSTEAD)
    if sum(entry.file_size for entry in entries) > UNPACKED_BYTES:
        fail_with("too_large.unpacked", limit=UNPACKED_BYTES // 1024**2)
    return archive


def _main_part(package: Package) -> MainPart | None:
    try:
        return package.main()
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - a damaged package shows by the names of its parts what it was.
        return None


def _is_workbook(package: Package, main: MainPart | None) -> bool:
    """Return whether a ZIP is a workbook of Excel, whole or damaged; a folder `xl` may be anyone's."""
    if main is not None:
        return main.kind in _WORKBOOK_KINDS
    return package.has_folder("xl/worksheets") or any(map(package.find, KNOWN_MAINS))


def _of_package(package: Package, main: MainPart | None, content: bytes) -> Workbook:
    """Return the workbook of a package, with its parts where they are looked for."""
    with ending_with(partial(fail_with, "not_text.damaged_workbook", advice=INSTEAD)):
        renamed = package.renamed(main) if main else None
        if main is None and not any(map(package.find, KNOWN_MAINS)):
            fail_with("not_text.damaged_workbook", advice=INSTEAD)
        if main.kind == "binary" if main else package.find(KNOWN_BINARY):
            return Workbook("xlsb", renamed or content)
        return Workbook("xlsm" if package.has_macros(main) else "xlsx", renamed or content)


def _ods_format(archive: ZipFile) -> Format:
    kind = _start_of(archive, archive.getinfo("mimetype"), 128).decode("ascii", "replace")
    for name, (told, advice) in _ODF_KINDS.items():
        if kind.startswith(f"application/vnd.oasis.opendocument.{name}"):
            fail(refused(told, advice))
    manifest = "META-INF/manifest.xml"
    if manifest in archive.namelist() and b"encryption-data" in _start_of(
        archive, archive.getinfo(manifest), 65536
    ):
        fail_with("not_text.password", advice=INSTEAD)
    return "ods"


def _refuse_documents(archive: ZipFile, main: MainPart | None) -> None:
    if main and main.kind in _MAIN_KINDS:
        fail(refused(*_MAIN_KINDS[main.kind]))
    names = set(archive.namelist())
    for name, told, advice in _ZIP_KINDS:
        # Only in a package have names no case: `index.zip` may stand beside a table.
        if name in names:
            fail(refused(told, advice or _APPLE))


def _only_file(archive: ZipFile) -> Workbook | PlainFile:
    """Return the one file of a ZIP that can be read."""
    entries = [entry for entry in archive.infolist() if not _is_litter(entry)]
    kinds = {entry.filename: (entry, _sniffed(archive, entry)) for entry in entries}
    readable = [(entry, kind) for entry, kind in kinds.values() if isinstance(kind, str)]
    if len(readable) > 1:
        tables = [one for one in readable if not _is_note(archive, *one)]
        readable = tables or readable
    if len(readable) > 1:
        names = tuple(excerpt(entry.filename) for entry, _ in readable[:10])
        fail_with("not_text.choose_file", count=len(readable), names=names)
    if not readable:
        _refuse_content(kinds)
    entry, kind = readable[0]
    others = [excerpt(name) for name in kinds if name != entry.filename]
    if kind != "packed":
        return PlainFile(archive, entry, kind, others)
    return opened(b"".join(pieces(archive, entry)), inside=entry.filename, others=others)


def _refuse_content(kinds: dict[str, tuple[ZipInfo, str | Problem]]) -> None:
    if not kinds:
        fail_with("empty_file.zip")
    name, (_, problem) = next(iter(kinds.items()))
    assert isinstance(problem, Problem)
    if problem.params and "kind" in problem.params:
        fail_with("not_text.no_table", value=excerpt(name), params=problem.params)
    fail_with("not_text.no_known_table", value=excerpt(name))


def _is_note(archive: ZipFile, entry: ZipInfo, kind: str) -> bool:
    """Return whether a file beside others is a text for people: no ending of a table, and no header in it."""
    last = entry.filename.rpartition("/")[2].lower()
    if kind == "json":
        return last in _DESCRIPTIONS
    if kind != "csv" or last.endswith(_TABLE_ENDINGS):
        return False
    head = _text(_start_of(archive, entry, MARKUP_BYTES))
    found = read_head(head, closed=True, options=ImportOptions())
    return not (isinstance(found, Head) and isinstance(found.header, Header))


_TABLE_ENDINGS = (".csv", ".tsv", ".tab")
_DESCRIPTIONS = ("datapackage.json", "metadata.json", "package.json")


def _text(head: bytes) -> str:
    return head.decode("utf-16" if _is_utf16(head) else "utf-8", "replace")


def _is_litter(entry: ZipInfo) -> bool:
    """Return whether an entry is a folder, or what a system adds for itself."""
    name = entry.filename.replace("\\", "/")
    last = name.rpartition("/")[2]
    return entry.is_dir() or name.startswith("__MACOSX/") or last.startswith(".") or last in _LITTER


_LITTER = ("", "Thumbs.db", "desktop.ini")


def _sniffed(archive: ZipFile, entry: ZipInfo) -> str | Problem:
    head = _start_of(archive, entry, MARKUP_BYTES)
    kind = sniff(head, closed=len(head) < MARKUP_BYTES, filename=entry.filename)
    assert kind is not None, "4 KiB decide"
    if kind == "csv" and b"\0" in head[:1000] and not _is_utf16(head):
        return refused("binary", TABLE_INSTEAD)
    return kind


def _is_utf16(head: bytes) -> bool:
    return head[:2] in (b"\xff\xfe", b"\xfe\xff") or head[0:64:2].count(0) > 20 or head[1:64:2].count(0) > 20


def _start_of(archive: ZipFile, entry: ZipInfo, size: int) -> bytes:
    with ending_with(partial(_fail_damaged_file, entry)), archive.open(entry) as content:
        return content.read(size)


def file_told(name: str, others: Sequence[str]) -> str:
    """Return the name of the file that is read, and of those beside it that are not."""
    if not others:
        return excerpt(name)
    more = f" and {len(others) - 5} more" if len(others) > 5 else ""
    return f"{excerpt(name)}; not read: {', '.join(map(excerpt, others[:5]))}{more}"


def pieces(archive: ZipFile, entry: ZipInfo) -> Iterator[bytes]:
    """Yield an entry's content, whatever size it claims; end with a fault beyond the bound, or of damage.

    Damage may show only at the end: by the checksum, or by a size that is not the claimed one.
    """
    size = 0
    # The library stops at the claimed size, and would leave out what comes after it.
    unclaimed = copy(entry)
    unclaimed.file_size = UNPACKED_BYTES + 1
    with ending_with(partial(_fail_damaged_file, entry)), archive.open(unclaimed) as content:
        while piece := content.read(_PIECE_BYTES):
            size += len(piece)
            if size > UNPACKED_BYTES:
                fail_with("too_large.unpacked", limit=UNPACKED_BYTES // 1024**2)
            yield piece
        if size != entry.file_size:
            _fail_damaged_file(entry)


def _fail_damaged_file(entry: ZipInfo) -> NoReturn:
    fail_with("not_text.damaged_file", value=excerpt(entry.filename))
