"""The process that opens workbooks and ZIP archives: what comes out, for each kind and each danger."""

import io
import re
import resource
import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import openpyxl
import pytest

from api.unpacking.__main__ import READER_GONE
from api.unpacking.fault import OUT_OF_MEMORY
from api.unpacking.faults import is_percent
from api.unpacking.ods_marks import readable
from api.unpacking.request import Request
from api.unpacking.sheets import SEARCHED_WORKBOOK_BYTES
from domain.files.sheet_reader import SheetReader
from domain.imports import ImportOptions

CORPUS = Path(__file__).parents[2] / "corpus"
HEADER = ["title", "event_date", "city"]
CSV = b"title,event_date,city\nA,2025-07-01,Recife\n"


def unpacked(content: bytes, request: Request | None = None) -> tuple[dict, bytes]:
    argument = msgspec.json.encode(request or Request()).decode()
    command = [sys.executable, "-m", "api.unpacking", argument]
    out = subprocess.run(command, input=content, capture_output=True, check=True, timeout=60).stdout
    head, _, rest = out.partition(b"\n")
    return msgspec.json.decode(head), rest


def rows(content: bytes, **request) -> list:
    return [msgspec.json.decode(line) for line in unpacked(content, Request(**request))[1].splitlines()]


def fault(content: bytes, **request) -> dict:
    head, rest = unpacked(content, Request(**request))
    assert rest == b""
    return head["fault"]


def zip_of(*entries: tuple[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return target.getvalue()


def saved(book: openpyxl.Workbook) -> bytes:
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def workbook(*lines) -> bytes:
    book = openpyxl.Workbook()
    for line in lines:
        book.active.append(line)
    return saved(book)


def raw_sheet(rows_xml: str) -> bytes:
    """Return a workbook whose sheet has these rows, as programs write them that leave references out."""
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    types = "http://schemas.openxmlformats.org/package/2006/content-types"
    main = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    return zip_of(
        (
            "[Content_Types].xml",
            f'<Types xmlns="{types}"><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{main}.sheet.main+xml"/>'
            f'<Override PartName="/xl/worksheets/s.xml" ContentType="{main}.worksheet+xml"/>'
            "</Types>".encode().decode(),
        ),
        (
            "_rels/.rels",
            (
                f'<Relationships xmlns="{package}"><Relationship Id="r1" '
                f'Type="{relation}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
            ),
        ),
        (
            "xl/workbook.xml",
            (
                f'<workbook {space} xmlns:r="{relation}"><sheets>'
                '<sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>'
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            (
                f'<Relationships xmlns="{package}"><Relationship Id="r1" '
                f'Type="{relation}/worksheet" Target="/xl/worksheets/s.xml"/></Relationships>'
            ),
        ),
        ("xl/worksheets/s.xml", f"<worksheet {space}><sheetData>{rows_xml}</sheetData></worksheet>"),
    )


@pytest.mark.parametrize("form", ["xls", "xlsb", "ods"])
def test_each_kind_of_workbook_gives_the_same_table(form):
    head, lines = unpacked((CORPUS / f"agenda.{form}").read_bytes(), Request(count_rows=True))
    assert (head["format"], head["sheet"], head["number"]) == (form, "Eventos", 2)
    assert [sheet["name"] for sheet in head["sheets"]] == ["Capa", "Eventos"]
    assert head["sheets"][0]["rows"] == 1
    table = [msgspec.json.decode(line) for line in lines.splitlines()]
    cells = [line["cells"] if isinstance(line, dict) else line for line in table]
    assert [row[0] for row in cells[:4]] == ["title", "Festa", "Feira", "Erro"]
    city = cells[0].index("city")
    assert [row[city] for row in cells[1:4]] == ["Recife", "Recife", "Olinda"]  # The first two are one cell.
    capacity = cells[0].index("capacity")
    assert [row[capacity] for row in cells[1:3]] == ["900", "300"]
    [[column, code, shown], *more] = table[3]["faults"]
    assert (column, code) == (capacity, "cell_error")
    assert shown in ("#REF!", "#DIV/0!")
    assert more in ([], [[capacity, "no_saved_value", shown]])  # Of a formula, which only some of them have.


def test_a_formula_of_an_ods_without_a_result_is_marked():
    [*_, last] = rows((CORPUS / "agenda.ods").read_bytes())
    assert last["faults"] == [[4, "no_saved_value", ""]]


def test_error_cells_and_unsaved_formulas_are_found_with_and_without_cell_references():
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(HEADER)
    sheet["B5"], sheet["C5"] = "=TODAY()", "#N/A"
    assert rows(saved(book))[4] == {
        "cells": ["", "", "#N/A"],
        "faults": [[1, "no_saved_value", ""], [2, "cell_error", "#N/A"]],
    }
    cells = (
        '<c t="e"><f>A1</f><v>#REF!</v></c><c><f>A1</f></c>'
        '<c t="str"><f>A1</f><v></v></c><c><f>1</f><v>1</v></c>'
    )
    [line] = rows(raw_sheet(f"<row>{cells}</row>"))
    assert line["faults"] == [
        [0, "cell_error", "#REF!"],
        [0, "no_saved_value", "#REF!"],
        [1, "no_saved_value", ""],
    ]
    assert line["cells"][3] == "1"


@pytest.mark.parametrize(
    "name", ["#SPILL!", "#CALC!", "#GETTING_DATA", "#ERROR!", "#BLOCKED!", "#PYTHON!", "Err:502", ""]
)
def test_an_error_of_any_name_is_one_of_its_cell_and_not_of_the_workbook(name):
    texts = "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in HEADER)
    row = f'<c t="str"><v>A</v></c><c t="e"><f>X(1)</f><v>{name}</v></c><c t="e"><v>{name}</v></c>'
    lines = rows(raw_sheet(f"<row>{texts}</row><row>{row}</row>"))
    assert lines[0] == HEADER
    shown = name or "#N/A"
    assert lines[1]["faults"] == [
        [1, "cell_error", shown],
        [1, "no_saved_value", shown],
        [2, "cell_error", shown],
    ]


def test_rows_keep_their_numbers_and_columns_their_positions():
    book = openpyxl.Workbook()
    book.active["C4"], book.active["D6"] = "x", 2
    assert rows(saved(book)) == [[], [], [], ["", "", "x"], [], ["", "", "", "2"]]


def test_a_sheet_with_the_maximum_number_of_columns_is_read():
    book = openpyxl.Workbook()
    book.active.append(HEADER)
    book.active.append(["A", "2025-07-01", "Recife"])
    book.active["XFD1"] = "obs"
    first, second = rows(saved(book))
    assert (len(first), first[:3], first[-1], second) == (16384, HEADER, "obs", ["A", "2025-07-01", "Recife"])


def test_every_cell_of_a_merged_range_has_its_value():
    book = openpyxl.Workbook()
    sheet = book.active
    for line in (
        ["Agenda"],
        HEADER,
        ["A", "2025-07-01", "Recife"],
        ["B", "2025-07-02"],
        [],
        ["C", "x", "Olinda"],
    ):
        sheet.append(line)
    for area in ("A1:C1", "C3:C5", "B6:C6"):
        sheet.merge_cells(area)
    title, _, _, second, blank, across = rows(saved(book))
    assert title == {"cells": ["Agenda"] * 3, "merged": [1, 2]}
    assert second == ["B", "2025-07-02", "Recife"]
    assert blank == []  # What is merged from above makes no row.
    assert across == {"cells": ["C", "x", "x"], "merged": [2]}


def test_the_first_sheet_with_a_header_is_read_and_hidden_ones_only_by_name():
    book = openpyxl.Workbook()
    book.active.title = "Listas"
    book.active.append(HEADER)
    book.active.sheet_state = "hidden"
    book.create_sheet("Vazia")
    book.create_sheet("Capa").append(["Agenda 2025"])
    book.create_sheet("Eventos").append(HEADER)
    content = saved(book)
    assert unpacked(content)[0]["sheet"] == "Eventos"
    assert unpacked(content, Request(ImportOptions(sheet=" listas")))[0]["sheet"] == "Listas"
    assert (
        unpacked(content, Request(ImportOptions(sheet="2")))[0]["sheet"] == "Capa"
    )  # Hidden ones are not numbered.
    assert fault(content, options=ImportOptions(sheet="9"))["code"] == "unknown_sheet"
    without = saved_without_header()
    assert unpacked(without)[0]["sheet"] == "Capa"


def saved_without_header() -> bytes:
    book = openpyxl.Workbook()
    book.create_sheet("Capa").append(["Agenda 2025"])
    return saved(book)


def test_a_zip_with_one_file_gives_that_file_unchanged():
    litter = [("agenda/", b""), ("__MACOSX/._a.csv", b"\0\5\x16"), (".DS_Store", b"\0\0\0\1Bud1")]
    head, content = unpacked(zip_of(*litter, ("agenda/a.csv", CSV)))
    assert (head, content) == ({"kind": "csv", "file": "agenda/a.csv"}, CSV)
    assert unpacked(zip_of(("a.json", b'[{"title":"A"}]')))[0]["kind"] == "json"
    assert unpacked(zip_of(("a.ics", b"BEGIN:VCALENDAR\r\n")))[0]["kind"] == "ics"
    assert (
        unpacked(zip_of(("logo.png", b"\x89PNG\r\n"), ("a.csv", CSV)))[0]["file"]
        == "a.csv; not read: logo.png"
    )
    assert unpacked(zip_of(("../../etc/a.csv", CSV)))[1] == CSV  # Nothing is ever written to a path.


def test_a_workbook_in_a_zip_is_read():
    head, lines = unpacked(zip_of(("a.xlsx", workbook(HEADER))))
    assert (head["format"], head["file"]) == ("xlsx", "a.xlsx")
    assert msgspec.json.decode(lines) == HEADER


def entry_declared(size: int, content: bytes) -> bytes:
    at = content.index(b"PK\x01\x02")
    return content[: at + 24] + size.to_bytes(4, "little") + content[at + 28 :]


@cache
def bomb() -> bytes:
    """Return a small archive of 600 MB."""
    target = io.BytesIO()
    packed = zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
    with packed as archive, archive.open("a.csv", "w") as entry:
        for _ in range(600):
            entry.write(bytes(1_000_000))
    return target.getvalue()


def old_word_document() -> bytes:
    workbook, document = ("Workbook".encode("utf-16-le"), "WordDocu".encode("utf-16-le"))
    return (CORPUS / "agenda.xls").read_bytes().replace(workbook, document)


# Made where they are asked for: every process of a run imports this module.
REFUSED = {
    "two tables": (lambda: zip_of(("a.csv", CSV), ("b.csv", CSV)), "not_text", "a.csv, b.csv"),
    "no table": (lambda: zip_of(("a.pdf", b"%PDF-1.7")), "not_text", "PDF"),
    "nothing": (zip_of, "empty_file", "empty"),
    "a zip in a zip": (lambda: zip_of(("b.zip", zip_of(("a.csv", CSV)))), "not_text", "ZIP in a ZIP"),
    "a bomb": (bomb, "too_large", "512 MiB"),
    "a bomb that lies": (lambda: entry_declared(100, bomb()), "not_text", "damaged"),
    "word": (lambda: zip_of(("word/document.xml", b"<w/>")), "not_text", "Word"),
    "numbers": (lambda: zip_of(("Index/Document.iwa", b"\0")), "not_text", "Apple Numbers"),
    "an odt": (
        lambda: zip_of(("mimetype", b"application/vnd.oasis.opendocument.text"), ("content.xml", b"<a/>")),
        "not_text",
        ".odt",
    ),
    "cut": (lambda: zip_of(("a.csv", CSV))[:-10], "not_text", "incomplete or damaged"),
    "hollow": (lambda: zip_of(("xl/workbook.xml", b"<workbook/>")), "not_text", "damaged"),
    "an old word document": (old_word_document, "not_text", "old Office version"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_container_without_a_table_is_refused_with_advice(name):
    content, code, words = REFUSED[name]
    problem = fault(content())
    assert problem["code"] == code
    assert words in problem["message"]


def test_a_file_with_a_password_is_refused():
    content = bytearray(zip_of(("a.csv", CSV)))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    assert "password" in fault(bytes(content))["message"]


@pytest.mark.parametrize("name", ["agenda.xls", "agenda.xlsb", "agenda.ods"])
def test_a_damaged_workbook_is_refused_without_a_crash(name):
    whole = (CORPUS / name).read_bytes()
    for at in range(0, len(whole), max(1, len(whole) // 12)):
        hurt = whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]
        head, _ = unpacked(hurt) if hurt[:2] == whole[:2] else ({"fault": 1}, b"")
        assert "fault" in head or head["sheet"]


README = "Dados abertos da Prefeitura.\nAtualizado em 2026, com título, data e cidade.\n".encode()
TABLE = CSV.replace(b",", b"\t")
PHOTO = b"\x89PNG\r\n\x1a\n" + b"0" * 50


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ([("a.csv", CSV), ("readme.txt", README)], "a.csv; not read: readme.txt"),
        ([("LICENSE", b"MIT License\n\nCopyright, 2026\n"), ("d/a.csv", CSV)], "d/a.csv; not read: LICENSE"),
        ([("a.txt", TABLE), ("leia-me.md", README), ("f.png", PHOTO)], "a.txt; not read: leia-me.md, f.png"),
        ([("a.csv", CSV), ("datapackage.json", b'{"name":"agenda"}')], "a.csv; not read: datapackage.json"),
        ([("a.csv", CSV), ("x.txt", README.decode().encode("utf-16"))], "a.csv; not read: x.txt"),
        ([("a.csv", CSV), ("Thumbs.db", b"\xd0\xcf\x11\xe0" + b"\0" * 99), ("b/.DS_Store", b"\0")], "a.csv"),
        (
            [("a.csv", CSV), *((f"{n}.png", PHOTO) for n in range(7))],
            "a.csv; not read: 0.png, 1.png, 2.png, 3.png, 4.png and 2 more",
        ),
    ],
)
def test_texts_beside_the_table_of_a_zip_are_left_out_and_named(entries, told):
    head, rest = unpacked(zip_of(*entries))
    assert (head["file"], rest) == (told, TABLE if told.startswith("a.txt") else CSV)


def test_a_text_beside_a_workbook_in_a_zip_is_named():
    head, _ = unpacked(zip_of(("readme.txt", README), ("a.xlsx", workbook(HEADER))))
    assert head["file"] == "a.xlsx; not read: readme.txt"


@pytest.mark.parametrize(
    "names",
    [("a.csv", "b.csv"), ("a.csv", "a.txt"), ("a.csv", "dicionario.csv"), ("a.txt", "b.txt")],
)
def test_two_tables_in_a_zip_are_refused_by_their_names(names):
    content = {"dicionario.csv": b"campo,descricao\ntitle,O nome\n"}
    problem = fault(zip_of(*((name, content.get(name, CSV)) for name in names)))
    assert f"({', '.join(names)})" in problem["message"]


def test_formulas_of_an_xls_that_nobody_calculated_are_told():
    # Made by the Python library xlwt, which writes every formula with the result of an empty text.
    content = (CORPUS / "formulas_unsaved.xls").read_bytes()
    assert rows(content) == [
        ["title", "description", "event_date", "city"],
        {"cells": ["A", "", "2026-08-13", "Recife"], "faults": [[1, "no_saved_value", ""]]},
        ["B", "d", "2026-08-14", "Recife"],
    ]


def test_an_empty_text_is_a_result_where_a_program_calculates():
    # The record by which Excel says which version calculated last, in place of one of the same size.
    content = (CORPUS / "formulas_unsaved.xls").read_bytes()
    codepage = b"\x42\x00\x02\x00\xb0\x04"
    assert content.count(codepage) == 1
    calculated = content.replace(codepage, b"\xc1\x01\x02\x00\xc1\x01")
    assert rows(calculated)[1] == ["A", "", "2026-08-13", "Recife"]


@pytest.mark.parametrize(
    ("paragraphs", "text"),
    [
        ("<text:p>Noite<text:line-break/>de<text:tab/>jazz</text:p>", "Noite\nde\tjazz"),
        ("<text:p>Porto<text:s/>Alegre</text:p>", "Porto Alegre"),
        ("<text:p>a<text:s text:c=\"3\"/>b <text:s text:c='2' />c</text:p>", "a   b   c"),
        ("<text:p>a<text:line-break></text:line-break>b</text:p><text:p>c</text:p>", "a\nb\nc"),
        ("<text:p><text:span>a</text:span><text:s/><text:span>b</text:span></text:p>", "a b"),
    ],
)
def test_blanks_of_an_ods_that_are_elements_keep_words_apart(paragraphs, text):
    source = io.BytesIO((CORPUS / "agenda.ods").read_bytes())
    with zipfile.ZipFile(source) as archive:
        entries = [(entry.filename, archive.read(entry)) for entry in archive.infolist()]
    mended = []
    for name, content in entries:
        if name == "content.xml":
            assert b"<text:p>Feira</text:p>" in content
        mended.append((name, content.replace(b"<text:p>Feira</text:p>", paragraphs.encode())))
    cells = [line["cells"] if isinstance(line, dict) else line for line in rows(zip_of(*mended))]
    assert cells[2][0] == text


@pytest.mark.parametrize("covered", ["", "covered-"])
@pytest.mark.parametrize(
    ("cell", "texts"),
    [
        ("<C><text:p>Feira</text:p></C>", ["Feira"]),
        ("<C table:style-name='a>b'>\n <text:p text:style-name=\"P1\">Feira</text:p></C>", ["Feira"]),
        ("<C><text:p>a<text:line-break/>b</text:p><text:p>c<text:s/>d</text:p></C>", ["a\nb\nc d"]),
        ('<C table:number-columns-repeated="2"><text:p>Feira</text:p></C>', ["Feira", "Feira"]),
        ("<C><text:p>100</text:p></C>", ["100"]),
        ("<C><text:p/></C>", []),
        ('<C table:style-name="a"/>', []),
        # A comment is no value, and neither are the words of a drawing.
        ("<C><office:annotation><text:p>!</text:p></office:annotation><text:p>Feira</text:p></C>", ["Feira"]),
        ("<C><office:annotation><text:p>!</text:p></office:annotation></C>", []),
        (
            "<C><draw:frame xmlns:draw='d'><draw:box><text:p>!</text:p></draw:box></draw:frame></C>",
            [],
        ),
        # What names a type keeps it.
        ('<C office:value-type="float" office:value="1200"><text:p>1.200</text:p></C>', ["1200"]),
        ("<C office:value='1' office:value-type='float'><text:p>1,00</text:p></C>", ["1"]),
        ('<C office:value="1e+3" office:value-type="float"><text:p>1000</text:p></C>', ["1000"]),
        # A type or a value that is none does not take the file with it.
        (
            '<C office:value-type="datetime" office:value="2026-07-02 19:30:00"><text:p>2 jul</text:p></C>',
            ["2 jul"],
        ),
        ('<C office:value-type="datetime" office:value="2026-07-02 19:30:00"/>', ["2026-07-02 19:30:00"]),
        (
            "<C table:style-name='x>y' office:value='' office:value-type = 'float'><text:p>a</text:p></C>",
            ["a"],
        ),
        ('<C office:value-type="datetime"><text:p>2 jul</text:p></C>', ["2 jul"]),
        (
            '<C office:value-type="x" table:number-columns-repeated="2"><text:p>Feira</text:p></C>',
            ["Feira", "Feira"],
        ),
    ],
)
def test_a_cell_of_an_ods_that_names_no_type_or_an_unknown_one_has_its_text(cell, texts, covered):
    content = (CORPUS / "agenda.ods").read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        whole = archive.read("content.xml")
    before, behind = whole.index(b"<table:table-cell", whole.index(b">Festa<")), b"</table:table-row>"
    first = before + whole[before:].index(behind)
    other = cell.replace("<C", f"<table:{covered}table-cell").replace("</C", f"</table:{covered}table-cell")
    found = rows(with_content(content, whole[before:first], other.encode()))[1]
    cells = found["cells"] if isinstance(found, dict) else found
    assert [text.strip() for text in cells] == ["Festa", *texts]


def test_many_cells_without_a_type_are_found_in_time_that_grows_with_their_number():
    for damaged in (b"<office:annotation>", b"<table:table-cell " + b"a='b' ", b"<table:table-cell a='"):
        content = zip_of(("content.xml", b"<table:table-cell>" + damaged * 200_000))
        assert readable(content) == content
        odd = b'<table:table-cell office:value="x"/>'
        with zipfile.ZipFile(
            io.BytesIO(readable(zip_of(("content.xml", damaged * 200_000 + odd))))
        ) as mended:
            assert len(mended.read("content.xml")) > 200_000 * len(damaged)


@pytest.mark.parametrize(
    "cell", [b'office:value="' + b"1" * 200_000 + b'x"', b'office:value-type="odd"' + b" " * 200_000]
)
def test_an_odd_cell_is_mended_in_time_that_grows_with_its_length(cell):
    """By steps that grow with the square of the length, this would take minutes."""
    content = b"<table:table-cell " + cell + b"><text:p>A</text:p></table:table-cell>"
    with zipfile.ZipFile(io.BytesIO(readable(zip_of(("content.xml", content))))) as mended:
        assert b'office:value-type="string"' in mended.read("content.xml")


def test_further_sheets_with_events_are_told_where_none_was_chosen():
    book = openpyxl.Workbook()
    first = book.active
    first.title = "Janeiro"
    for name, header, more in (
        ("Fevereiro", HEADER, ["B", "2025-02-01", "Recife"]),
        ("Mar\u00e7o", ["Cidade", "Data", "T\u00edtulo", "Vagas"], ["Recife", "2025-03-01", "C", 5]),
        ("Locais", ["Local", "Cidade"], ["Teatro", "Recife"]),
        ("Modelo", HEADER, None),
        ("Velhos", HEADER, ["D", "2024-02-01", "Recife"]),
    ):
        sheet = book.create_sheet(name)
        sheet.append(header)
        if more:
            sheet.append(more)
    first.append(HEADER)
    first.append(["A", "2025-01-01", "Recife"])
    book["Velhos"].sheet_state = "hidden"
    content = saved(book)
    head, _ = unpacked(content)
    assert (head["sheet"], head["others"]) == ("Janeiro", ["Fevereiro", "Mar\u00e7o"])
    for sheet in ("Janeiro", "Fevereiro", "1"):
        assert unpacked(content, Request(ImportOptions(sheet=sheet)))[0]["others"] == []
    assert unpacked(content, Request(count_rows=True))[0]["others"] == ["Fevereiro", "Mar\u00e7o"]


@pytest.mark.parametrize(
    ("first", "read", "others"),
    [
        ([HEADER], "Modelo", ["Dados"]),
        ([["Agenda"], [], HEADER, []], "Modelo", ["Dados"]),
        ([HEADER, ["TOTAL", None, 0]], "Modelo", ["Dados"]),
        ([HEADER, ["texto", "dd/mm/aaaa", "texto"]], "Modelo", ["Dados"]),
        ([], "Dados", []),
        ([["Agenda de 2026"]], "Dados", []),
        ([["Leia antes"], ["Preencha a data", "e a cidade"]], "Dados", []),
        ([["TOTAL", 2]], "Dados", []),
    ],
)
@pytest.mark.parametrize("is_large", [False, True])
def test_a_first_sheet_without_events_does_not_hide_those_of_the_next(first, read, others, is_large):
    book = openpyxl.Workbook()
    book.active.title = "Modelo"
    for line in first:
        book.active.append(line)
    for name, lines in (("Dados", [HEADER, ["A", "2025-07-01", "Recife"]]), ("Vazio", [HEADER])):
        sheet = book.create_sheet(name)
        for line in lines:
            sheet.append(line)
    content = saved(book)
    if is_large:
        grown = io.BytesIO(content)
        with zipfile.ZipFile(grown, "a", zipfile.ZIP_STORED) as archive:
            archive.writestr("xl/media/image1.png", bytes(SEARCHED_WORKBOOK_BYTES))
        content = grown.getvalue()
    has_rows = len(first) > 1 and first[1][:1] == ["texto"]
    for request in (Request(), Request(count_rows=True)):
        head, _ = unpacked(content, request)
        assert (head["sheet"], head["others"]) == (read, [] if is_large and has_rows else others)


def test_a_sheet_is_told_that_has_more_of_the_required_columns_than_the_first():
    book = openpyxl.Workbook()
    book.active.append(HEADER[:2])
    other = book.create_sheet("Dados")
    for line in (HEADER, ["A", "2025-07-01", "Recife"]):
        other.append(line)
    head, _ = unpacked(saved(book), Request(ImportOptions(defaults={"city": "Recife"})))
    assert (head["sheet"], head["others"]) == ("Sheet", ["Dados"])


SHOWN = {
    # The last cell of a row, as a person sees it.
    "a text": "Sala 12",
    "a whole number": "300",
    "a number": "1.5",
    "a date": "2026-07-01",
    "a date and a time": "2026-07-01T19:30:00",
    "a time": "19:30:00",
    "a span above a day": "26:00:00",
    "a span below a day": "01:30:00",
    "a text by formula": "Sala 12",
    "a text under a time": "19h30",
    "a text under a date": "2026-07-01",
    "a text under a number": "Sala 12",
    "a text under text": "Sala 12",
    "an empty text by formula": "",
    "an empty text under a time": "",
    "a number by formula": "300",
    "a zero by formula": "0",
    "a zero under a number": "0",
    "a midnight under a time": "00:00:00",
    "a date by formula": "2026-07-01",
    "a time by formula": "19:30:00",
    "an error by formula": "#DIV/0!",
    "an error under a date": "#N/A",
    "all in percent": "100%",
    "half in percent": "50%",
    "in percent by formula": "200%",
    "a text under percent": "txt",
    "a quoted percent": "3",
}
LOST_IN_XLS = {
    name for name in SHOWN if re.match("an? (?:empty )?text under a? ?(?:time|date|number|text)", name)
}


@cache
def shown_by_libreoffice(form: str) -> dict[str, tuple[str, list[str]]]:
    """Return the last cell of each row by the first, with its codes. Made with openpyxl, saved by 7.4."""
    found = {}
    for line in rows((CORPUS / f"cells_libreoffice.{form}").read_bytes()):
        marked = line if isinstance(line, dict) else {"cells": line}
        name, cell = (*marked["cells"], "")[0], (*marked["cells"], "")[3]
        found[name] = (cell, [code for _, code, _ in marked.get("faults", ())])
    return found


@pytest.mark.parametrize("form", ["xlsx", "xls", "ods"])
@pytest.mark.parametrize("name", SHOWN)
def test_a_cell_is_read_as_it_is_seen_whatever_the_kind_of_workbook(name, form):
    codes = ["cell_error", "no_saved_value"] if SHOWN[name].startswith("#") else []
    if form == "xls" and name in LOST_IN_XLS:
        # LibreOffice saves a text as the number 0, but in the general format.
        assert shown_by_libreoffice(form)[name] == ("", ["no_saved_value"])
    else:
        assert shown_by_libreoffice(form)[name] == (SHOWN[name], codes)


@pytest.mark.parametrize("form", ["xlsx", "xls", "ods"])
def test_a_truth_value_is_one_in_each_kind_of_workbook(form):
    found = shown_by_libreoffice(form)
    assert found["a truth value"][0] in ("true", "1")
    assert found["a comparison"][0] in ("false", "0")


def with_content(content: bytes, old: bytes, new: bytes, *, meta: bool = True) -> bytes:
    """Return an .ods with another content, and without what names its program."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = [(each.filename, archive.read(each)) for each in archive.infolist()]
    return zip_of(*((name, part.replace(old, new)) for name, part in entries if meta or name != "meta.xml"))


@pytest.mark.parametrize(
    ("result", "meta", "is_saved"),
    [
        # A library that only writes files gives no formula a result, and names no program that calculates.
        (b"", True, True),
        (b"", False, False),
        (b' office:value-type="float" office:value="3"', False, True),
    ],
)
def test_an_empty_text_is_a_result_in_an_ods_where_somebody_calculated(result, meta, is_saved):
    first = re.compile(b'(<table:table-cell table:formula="of:=IF\\([^"]*")[^>]*?(/?>)')
    content = (CORPUS / "cells_libreoffice.ods").read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        whole = archive.read("content.xml")
    start, end = whole.index(b"<table:table-row"), whole.rindex(b"</table:table>")
    lines = re.findall(b"<table:table-row.*?</table:table-row>", whole[start:end], re.DOTALL)
    empty = next(line for line in lines if b">an empty text by formula<" in line)
    assert first.search(empty)
    other = (
        b'<table:table-row><table:table-cell/><table:table-cell table:formula="of:=1+2"%s/></table:table-row>'
    )
    table = lines[0] + empty + (other % result if result else b"")
    [_, found, *_] = rows(with_content(content, whole[start:end], table, meta=meta))
    assert isinstance(found, list) == is_saved
    assert is_saved or found["faults"] == [[3, "no_saved_value", ""]]


def test_a_zero_is_no_result_in_an_xls_of_a_library_that_does_not_calculate():
    # As Apache POI writes a formula; the corpus has the result of an empty text, which is that of xlwt.
    content = (CORPUS / "formulas_unsaved.xls").read_bytes()
    empty = b"\x03\x00\x00\x00\x00\x00\xff\xff"
    assert content.count(empty) == 1
    assert rows(content.replace(empty, bytes(8)))[1]["faults"] == [[1, "no_saved_value", ""]]


@pytest.mark.parametrize(
    ("span", "text"), [("PT26H00M00S", "26:00:00"), ("PT2H", "PT2H"), ("PT-Br", "PT-Br"), ("PT", "PT")]
)
def test_only_a_span_of_an_ods_is_written_as_hours(span, text):
    assert rows(workbook(HEADER, [span, "2025-07-01", "Recife"]))[1][0] == text


@pytest.mark.parametrize(
    ("form", "is_one"),
    [("0%", True), ("0.00%", True), ('0" %"', False), ("0\\%", False), ("[Red]0%", True), ("General", False)],
)
def test_a_format_in_percent_is_known(form, is_one):
    assert is_percent(form) == is_one


def test_no_memory_has_an_exit_code_of_its_own():
    # So that a fault of ours, which ends with 1, is not told as a workbook that is too large.
    assert OUT_OF_MEMORY not in (0, 1)
    program = "import runpy, sys, api.unpacking.archive as a\ndef none(content): raise {}\na.opened = none\n"
    program += "sys.argv[1:] = ['{{}}']\nrunpy.run_module('api.unpacking', run_name='__main__')"
    for error, code in (("MemoryError", OUT_OF_MEMORY), ("KeyError", 1)):
        command = [sys.executable, "-c", program.format(error)]
        ended = subprocess.run(command, input=b"", capture_output=True, check=False, timeout=60)
        assert ended.returncode == code, ended.stderr


def test_it_ends_silently_when_nobody_reads_what_it_writes():
    content = zip_of(("a.csv", CSV + b"B,2025-07-01,Recife\n" * 20_000))
    command = [sys.executable, "-m", "api.unpacking", msgspec.json.encode(Request()).decode()]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as child:
        child.stdout.close()
        child.stdin.write(content)
        child.stdin.close()
        assert child.stderr.read() == b""
        assert child.wait(60) == READER_GONE


@pytest.mark.parametrize("form", ["xls", "xlsb", "ods"])
def test_each_kind_of_workbook_can_be_read_without_its_header(form):
    content = (CORPUS / f"agenda.{form}").read_bytes()
    names = ["title", "event_date", "event_time", "city", "local_info.capacity", "local_info.location_name"]
    if form == "xlsb":
        names.remove("event_time")
    columns = {name: f"#{at}" for at, name in enumerate(names, 1)}
    read = []
    for header_row, mapping in ((None, None), (0, columns)):
        options = ImportOptions(mapping=mapping, header_row=header_row)
        head, lines = unpacked(content, Request(options=options))
        assert head["sheet"] == "Eventos"
        reader = SheetReader(options, ZoneInfo("America/Recife"))
        reader.feed(msgspec.json.encode(head) + b"\n" + lines)
        reader.close()
        rows = []
        while not reader.is_hungry:
            rows += reader.rows()
        assert reader.fault is None
        assert reader.dialect.get("header_row") == header_row
        read.append([(row.line, row.fields, [error.code for error in row.errors]) for row in rows])
    assert read[0] == read[1]
    assert read[0]


def test_a_sheet_without_a_header_is_chosen_by_its_dates():
    book = openpyxl.Workbook()
    for line in (["Agenda", "da cidade", "de Recife"], ["por", "mês", "e dia"]):
        book.active.append(line)
    for name in ("Julho", "Agosto"):
        book.create_sheet(name).append(["Festa", "2026-07-01", "Recife"])
    options = ImportOptions(mapping={"title": "#1", "event_date": "#2", "city": "#3"}, header_row=0)
    head, _ = unpacked(saved(book), Request(options=options))
    assert (head["sheet"], head["others"]) == ("Julho", ["Agosto"])


@pytest.mark.parametrize("hidden", ["#REF!", "=A1", "Olinda"])
def test_only_the_first_cell_of_a_merged_range_is_seen(hidden):
    book = openpyxl.Workbook()
    for line in (
        HEADER,
        ["A", "2025-07-01", "Recife"],
        ["B", "2025-07-02", hidden],
        ["C", "2025-07-03", hidden],
        [None, hidden, None, "x"],
        [hidden],
        [None, None, hidden],
    ):
        book.active.append(line)
    areas = "".join(f'<mergeCell ref="{area}"/>' for area in ("C2:C4", "A5:B6", "A7:C8"))
    # Merged in the file itself: openpyxl drops what it covers, other programs leave it.
    with zipfile.ZipFile(io.BytesIO(saved(book))) as archive:
        entries = {each: archive.read(each) for each in archive.namelist()}
    entries["xl/worksheets/sheet1.xml"] = entries["xl/worksheets/sheet1.xml"].replace(
        b"</sheetData>", f"</sheetData><mergeCells>{areas}</mergeCells>".encode()
    )
    found = rows(zip_of(*entries.items()))
    assert found[1:4] == [[name, f"2025-07-0{at}", "Recife"] for at, name in enumerate("ABC", 1)]
    assert found[4] == ["", "", "", "x"]
    assert not any(found[5:])


def test_a_fault_of_the_first_cell_is_that_of_the_whole_range():
    book = openpyxl.Workbook()
    for line in (HEADER, ["A", "2025-07-01", "#REF!"], ["B", "2025-07-02"]):
        book.active.append(line)
    book.active.merge_cells("C2:C3")
    assert [line["faults"] for line in rows(saved(book))[1:]] == [[[2, "cell_error", "#REF!"]]] * 2


def test_merged_ranges_that_overlap_cost_a_row_no_more_than_one():
    book = openpyxl.Workbook()
    book.active.append(HEADER)
    for row in range(2, 1002):
        book.active.cell(row, 5, row)
    book.active["A2"] = "A"
    book.active.merge_cells("A2:C1001")
    content = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved(book))) as old, zipfile.ZipFile(content, "w") as new:
        for name in old.namelist():
            part, ranges = old.read(name), b'<mergeCell ref="A2:C1001"/>'
            new.writestr(
                name, part.replace(ranges, ranges + b'<mergeCell ref="B2:D1001"/>' + ranges * 50_000)
            )
    begun = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    found = rows(content.getvalue())
    assert [row["cells"] for row in found[1:2]] == [["A", "A", "A", "", "2"]]
    assert found[-1] == ["A", "A", "A", "", "1001"]
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - begun < 6
