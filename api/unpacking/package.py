"""Finds the parts of an Office package by what it says of itself, and names them as the library expects.

Names of parts have no case, and only relationships tell which part is which; the library, and what is read
beside it, look for the names that Excel gives. Source: ECMA-376 part 2, §6.2.2 (names), §6.5
(relationships), §7.3.4 (names in a ZIP).
"""

import io
import posixpath
import re
import shutil
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote
from xml.etree import ElementTree as ET
from xml.sax.saxutils import quoteattr
from zipfile import ZIP_DEFLATED, ZipFile

_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
_BINARY_MAIN_TYPE = "application/vnd.ms-excel.sheet.binary.macroEnabled.main"
_START_BYTES = 4096
_ROOT = re.compile(rb"<(?:\w+:)?(\w+)")
_BINARY_WORKBOOK = b"\x83\x01"
"""BrtBeginBook, the first record. Source: [MS-XLSB] §2.4.7."""

KNOWN_BINARY = "xl/workbook.bin"
KNOWN_MAINS = ("xl/workbook.xml", KNOWN_BINARY)
"""The main parts of workbooks as Excel names them."""
_SHEET_FOLDERS = {"worksheet": "worksheets", "chartsheet": "chartsheets", "dialogsheet": "dialogsheets"}
_SINGLE_PARTS = {"sharedstrings": "sharedStrings", "styles": "styles"}


class _Relation(NamedTuple):
    """A relationship of a part.

    Attributes:
        kind: last part of its type, in lower case.
        entry: the name in the ZIP of the part that it leads to; None where there is none.
    """

    id: str
    type: str
    kind: str
    target: str
    entry: str | None


class MainPart(NamedTuple):
    """The part that a package is about.

    Attributes:
        entry: its name in the ZIP.
        kind: the name of its root element, such as `workbook`; `binary` of an .xlsb.
    """

    entry: str
    kind: str


class Package:
    """The parts of a ZIP, found whatever case and slashes their names have."""

    def __init__(self, archive: ZipFile) -> None:
        """Take a ZIP that may be a package."""
        self._archive = archive
        self._exact = set(archive.namelist())
        self._entries: dict[str, str] = {}
        for name in archive.namelist():
            self._entries.setdefault(_compared(name), name)

    def find(self, name: str) -> str | None:
        """Return the name in the ZIP of a part."""
        return name if name in self._exact else self._entries.get(_compared(name))

    def has_folder(self, name: str) -> bool:
        """Return whether a part stands in a folder of this name."""
        return any(entry.startswith(f"{name}/") for entry in self._entries)

    def has_macros(self, workbook: "MainPart | None") -> bool:
        """Return whether a workbook has macros."""
        folder = posixpath.dirname(_slashed(workbook.entry)) if workbook else "xl"
        return self.find(posixpath.join(folder, "vbaProject.bin")) is not None

    def main(self) -> "MainPart | None":
        """Return the main part, or None of another ZIP."""
        for entry in self._mains():
            with self._archive.open(entry) as content:
                start = content.read(_START_BYTES)
            if start.startswith(_BINARY_WORKBOOK):
                return MainPart(entry, "binary")
            if found := _ROOT.search(start.replace(b"\0", b"")):
                return MainPart(entry, found[1].decode("ascii", "replace"))
        return None

    def _mains(self) -> Iterator[str]:
        """Yield what may be the main part, the likeliest first."""
        for each in self.relations(""):
            if each.kind == "officedocument" and each.entry:
                yield each.entry
        if types := self.find("[Content_Types].xml"):
            for element in ET.fromstring(self._archive.read(types)):  # noqa: S314 - in a process with bounds.
                part = self.find(element.get("PartName", ""))
                if part and ".main" in element.get("ContentType", ""):
                    yield part
        yield from filter(None, map(self.find, KNOWN_MAINS))

    def relations(self, part: str) -> list[_Relation]:
        """Return the relationships of a part, or of the package ("")."""
        relations = self.find(_relations_of(part))
        if relations is None:
            return []
        found = []
        for element in ET.fromstring(self._archive.read(relations)):  # noqa: S314 - as above.
            target, kind = element.get("Target", ""), element.get("Type", "")
            entry = None if element.get("TargetMode") == "External" else self._entry_of(part, target)
            found.append(
                _Relation(element.get("Id", ""), kind, kind.rpartition("/")[2].lower(), target, entry)
            )
        return found

    def _entry_of(self, part: str, target: str) -> str | None:
        """Return the name in the ZIP of a target, which is relative to the folder of a part or absolute."""
        path = target.strip().replace("\\", "/").partition("#")[0]
        folder = posixpath.dirname(_slashed(part))
        # Some programs write what is absolute without the slash.
        for joined in (posixpath.join("/", folder, path), posixpath.join("/", path)):
            if entry := self.find(posixpath.normpath(joined).lstrip("/")):
                return entry
        return None

    def renamed(self, workbook: MainPart) -> bytes | None:
        """Return a package with the parts of a workbook under the names of Excel; None where they have them.

        What no table needs, such as pictures, is left out.
        """
        ending = "bin" if workbook.kind == "binary" else "xml"
        main, relations = f"xl/workbook.{ending}", self.relations(workbook.entry)
        names = {each.id: _name_of(each, at, ending) for at, each in enumerate(relations, 1)}
        are_usual = (
            workbook.entry == main
            and len(self._exact) == len(self._entries)
            and self.find(_relations_of(main)) in (_relations_of(main), None)
            and all(_is_usual(each, ending) for each in relations if names[each.id])
        )
        if are_usual:
            return None
        content = io.BytesIO()
        with ZipFile(content, "w", ZIP_DEFLATED, compresslevel=1) as new:
            new.writestr("[Content_Types].xml", _content_types(main, ending))
            new.writestr("_rels/.rels", _relationships([("r1", f"{_OFFICE}/officeDocument", main)]))
            usual = [(each, name) for each in relations if (name := names[each.id])]
            told = [(each.id, each.type, name.removeprefix("xl/")) for each, name in usual]
            new.writestr(_relations_of(main), _relationships(told))
            copied = {main: workbook.entry}
            copied |= {name: each.entry for each, name in usual if each.entry}
            for name in _SINGLE_PARTS.values():
                # Readers find them by their names as well.
                if entry := self.find(f"xl/{name}.{ending}"):
                    copied.setdefault(f"xl/{name}.{ending}", entry)
            for name, entry in copied.items():
                with self._archive.open(entry) as source, new.open(name, "w") as target:
                    shutil.copyfileobj(source, target, 1024 * 1024)
        return content.getvalue()


def _name_of(relation: _Relation, number: int, ending: str) -> str | None:
    """Return the name that Excel gives a part; None of one that no table needs."""
    if folder := _SHEET_FOLDERS.get(relation.kind):
        return f"xl/{folder}/sheet{number}.{ending}"
    if name := _SINGLE_PARTS.get(relation.kind):
        return f"xl/{name}.{ending}"
    if relation.kind.endswith("macrosheet"):
        return f"xl/macrosheets/sheet{number}.{ending}"
    return None


def _is_usual(relation: _Relation, ending: str) -> bool:
    """Return whether a part has the very name that its target tells, in the folder where Excel has it."""
    target, entry = relation.target, relation.entry
    if entry is None:
        return True  # Whoever reads the part finds that it is missing.
    if folder := _SHEET_FOLDERS.get(relation.kind):
        is_placed = entry.startswith(f"xl/{folder}/")
    else:
        is_placed = (
            entry == f"xl/{_SINGLE_PARTS.get(relation.kind)}.{ending}" or "macrosheet" in relation.kind
        )
    return is_placed and f"/{entry}" in (f"/xl/{target}", target)


def _relations_of(part: str) -> str:
    """Return the name of the part with the relationships of another."""
    folder, _, name = _slashed(part).rpartition("/")
    return f"{folder}/_rels/{name}.rels".removeprefix("/")


def _compared(name: str) -> str:
    return unquote(_slashed(name)).removeprefix("/").lower()


def _slashed(name: str) -> str:
    return name.replace("\\", "/")


def _content_types(main: str, ending: str) -> str:
    kind = _BINARY_MAIN_TYPE if ending == "bin" else _MAIN_TYPE
    return (
        f'<?xml version="1.0"?><Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/{main}" ContentType="{kind}"/></Types>'
    )


def _relationships(relations: list[tuple[str, str, str]]) -> str:
    told = "".join(
        f"<Relationship Id={quoteattr(name)} Type={quoteattr(kind)} Target={quoteattr(target)}/>"
        for name, kind, target in relations
    )
    return f'<?xml version="1.0"?><Relationships xmlns="{_PACKAGE}/relationships">{told}</Relationships>'
