"""The parts of a workbook are found by what the package says of itself, whatever their names."""

import io
import zipfile

import openpyxl
import pytest

from api.unpacking.package import Package
from tests.api.unpacking.test_sheets import CORPUS, HEADER, fault, rows, saved, unpacked, zip_of

SHEET, WORKBOOK, RELATIONS = "xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"


def parts_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def usual() -> dict[str, bytes]:
    """Return the parts of a workbook with an error, a number in percent, and days from 1904."""
    book = openpyxl.Workbook()
    book.active.append(HEADER)
    book.active.append(["A", "#REF!", "Recife"])
    book.active["D2"], book.active["D2"].number_format = 0.5, "0%"
    parts = parts_of(saved(book))
    parts[WORKBOOK] = parts[WORKBOOK].replace(b"<workbookPr ", b'<workbookPr date1904="1" ')
    assert b'date1904="1"' in parts[WORKBOOK]
    return parts


def renamed(parts: dict[str, bytes], **names: str) -> dict[str, bytes]:
    """Return parts of which some have another word in their names, and wherever these are told."""
    for old, new in names.items():
        parts = {name.replace(old, new): part for name, part in parts.items()}
        told = [name for name in parts if name.endswith((".rels", "[Content_Types].xml"))]
        parts |= {name: parts[name].replace(old.encode(), new.encode()) for name in told}
    return parts


def targets(old: str, new: str) -> dict[str, bytes]:
    parts = usual()
    assert old.encode() in parts[RELATIONS]
    return parts | {RELATIONS: parts[RELATIONS].replace(old.encode(), new.encode())}


def named(name: str) -> dict[str, bytes]:
    parts = usual()
    return parts | {WORKBOOK: parts[WORKBOOK].replace(b'name="Sheet"', f'name="{name}"'.encode())}


PACKAGES = {
    "usual": usual(),
    "target in another case": targets("/xl/worksheets/", "/xl/Worksheets/"),
    "part in another case": {name.replace("/sheet1", "/Sheet1"): part for name, part in usual().items()},
    "workbook in another case": {
        name.replace("/workbook", "/Workbook"): part for name, part in usual().items()
    },
    "another workbook": renamed(usual(), workbook="workbook2"),
    "another folder": {
        name.replace("xl/", "wtf/"): part.replace(b"/xl/", b"/wtf/").replace(b'"xl/', b'"wtf/')
        for name, part in usual().items()
    },
    "no folders": {
        name.replace("xl/_rels/", "_rels/").replace("xl/worksheets/", "").replace("xl/", ""): part.replace(
            b"xl/worksheets/", b""
        ).replace(b"xl/", b"")
        for name, part in usual().items()
    },
    "backslashes": {name.replace("/", "\\"): part for name, part in usual().items()},
    "a target with backslashes": targets("/xl/worksheets/sheet1", "worksheets\\sheet1"),
    "a target that begins with a dot": targets("/xl/worksheets/sheet1", "./worksheets/sheet1"),
    "a target by another folder": targets("/xl/worksheets/sheet1", "../xl/worksheets/sheet1"),
    "an escaped target": targets("/xl/worksheets/sheet1", "work%73heets/sheet1"),
    "a target without its slash": targets("/xl/worksheets/sheet1", "xl/worksheets/sheet1"),
    "a line break in the name of the sheet": named(" Plan\n1 "),
    "an entity in the name of the sheet": named("A &amp; B &#10; _x0041_"),
}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_sheet_and_its_marks_are_found_whatever_the_names_of_parts(package: str) -> None:
    content = zip_of(*PACKAGES[package].items())
    assert unpacked(content)[0]["is_1904"] is True
    assert rows(content) == [
        HEADER,
        {"cells": ["A", "#REF!", "Recife", "50%"], "faults": [[1, "cell_error", "#REF!"]]},
    ]


def test_a_package_with_the_names_of_excel_is_left_as_it_is() -> None:
    for content in (saved(openpyxl.Workbook()), (CORPUS / "agenda.xlsb").read_bytes()):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            package = Package(archive)
            main = package.main()
            assert main is not None
            assert package.renamed(main) is None


def test_a_binary_workbook_is_found_in_another_folder() -> None:
    content = (CORPUS / "agenda.xlsb").read_bytes()
    parts = {name.replace("xl/", "wtf/"): part for name, part in parts_of(content).items()}
    for name in ("_rels/.rels", "[Content_Types].xml"):
        parts[name] = parts[name].replace(b"xl/", b"wtf/")
    head, lines = unpacked(zip_of(*parts.items()))
    assert (head, lines) == unpacked(content)


@pytest.mark.parametrize("missing", [SHEET, RELATIONS, WORKBOOK])
def test_a_workbook_without_one_of_its_parts_is_damaged(missing: str) -> None:
    parts = usual()
    del parts[missing]
    assert fault(zip_of(*parts.items()))["rule"] == "damaged_workbook"


def test_a_document_is_named_whatever_its_parts_are_called() -> None:
    parts = renamed(usual(), workbook="letter")
    parts["xl/letter.xml"] = b'<?xml version="1.0"?><w:document xmlns:w="w"/>'
    moved = {name.replace("xl/", "any/"): part.replace(b"xl/", b"any/") for name, part in parts.items()}
    assert fault(zip_of(*moved.items()))["params"]["kind"] == "docx"
