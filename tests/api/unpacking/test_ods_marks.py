"""Cells of an .ods: what stands aside of their text is no part of it."""

import io
import zipfile
from pathlib import Path

import pytest

from api.unpacking.ods_marks import _shown, readable
from tests.api.unpacking.test_sheets import rows, zip_of

OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
META = "urn:oasis:names:tc:opendocument:xmlns:meta:1.0"
TABLE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0"
TEXT = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"
CORPUS = Path(__file__).parents[2] / "corpus"
SPACES = (
    ' xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"'
    ' xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0"'
    ' xmlns:dr3d="urn:oasis:names:tc:opendocument:xmlns:dr3d:1.0"'
)
PICTURE = (
    f"<draw:frame{SPACES} draw:name='a>b'><draw:image><text:p/></draw:image><svg:title>Logo</svg:title>"
    "<svg:desc>Brasão</svg:desc></draw:frame>"
)
BOX = f"<draw:frame{SPACES}><draw:text-box><text:p>NOVO!</text:p>{PICTURE}</draw:text-box></draw:frame>"
SHAPE = f"<draw:custom-shape{SPACES}><text:p>NOVO!</text:p><draw:enhanced-geometry/></draw:custom-shape>"
SCENE = f"<dr3d:scene{SPACES}><dr3d:cube/><text:p>3D</text:p></dr3d:scene>"
LINKED = f"<draw:a{SPACES}>{SHAPE}</draw:a>"
RUBY = "<text:ruby><text:ruby-base>Feira</text:ruby-base><text:ruby-text>fei</text:ruby-text></text:ruby>"
NOTE = (
    "<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>nota</text:p>"
    "</text:note-body></text:note>"
)


def with_text(paragraphs: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO((CORPUS / "agenda.ods").read_bytes())) as archive:
        entries = [(entry.filename, archive.read(entry)) for entry in archive.infolist()]
    return zip_of(
        *(
            (name, content.replace(b"<text:p>Feira</text:p>", paragraphs.encode()))
            for name, content in entries
        )
    )


def sheet_of(*lines: str, generator: str = "ODFPY/1.4.1") -> bytes:
    """Return an .ods whose table has these rows of cells."""
    table = "".join(f"<table:table-row>{cells}</table:table-row>" for cells in lines)
    content = (
        f'<office:document-content xmlns:office="{OFFICE}" xmlns:table="{TABLE}" xmlns:text="{TEXT}">'
        f'<office:body><office:spreadsheet><table:table table:name="Plan1">{table}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    meta = (
        f'<office:document-meta xmlns:office="{OFFICE}" xmlns:meta="{META}">'
        f"<office:meta><meta:generator>{generator}</meta:generator></office:meta></office:document-meta>"
    )
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        '<manifest:file-entry manifest:full-path="/" manifest:media-type="x"/></manifest:manifest>'
    )
    return zip_of(
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
        ("META-INF/manifest.xml", manifest.encode()),
        ("content.xml", content.encode()),
        ("meta.xml", meta.encode()),
    )


def word(text: str, attributes: str = "") -> str:
    return (
        f'<table:table-cell office:value-type="string"{attributes}><text:p>{text}</text:p></table:table-cell>'
    )


def formula(value: str = "", content: str = "", name: str = "table-cell") -> str:
    return f'<table:{name} table:formula="of:=[.A1]"{value}>{content}</table:{name}>'


def typed(kind: str, value: str = "") -> str:
    return f' office:value-type="{kind}"{value}'


NUMBERS = [typed(kind) for kind in ("float", "time", "date", "boolean", "percentage", "currency")]


@pytest.mark.parametrize("generator", ["ODFPY/1.4.1", "LibreOffice/7.4"])
@pytest.mark.parametrize("has_result", [False, True])
@pytest.mark.parametrize("cell", [*map(formula, NUMBERS), formula(), formula(typed("string"))])
def test_a_formula_without_a_value_is_told(cell: str, has_result: bool, generator: str) -> None:
    other = formula(typed("float", ' office:value="3"'), "<text:p>3</text:p>")
    more = [word("B") + other] if has_result else []
    found = rows(sheet_of(word("A") + cell + word("z"), *more, generator=generator))[0]
    # Only of a program that calculates an empty text needs no trace.
    may_be_text = not any(kind in cell for kind in NUMBERS)
    is_saved = may_be_text and generator.startswith("LibreOffice")
    faults = found["faults"] if isinstance(found, dict) else []
    assert faults == ([] if is_saved else [[1, "no_saved_value", ""]])


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (formula(typed("float", ' office:value="3"')), "3"),
        (formula(typed("time", ' office:time-value="PT19H30M"')), "19:30:00"),
        (formula(typed("date", ' office:date-value="2026-07-01"')), "2026-07-01"),
        (formula(typed("boolean", ' office:boolean-value="true"')), "true"),
        (formula(typed("string", ' office:string-value="a"')), "a"),
        (formula(typed("string", ' office:string-value=""')), ""),
        (formula(typed("string"), "<text:p>a</text:p>"), "a"),
        (formula(typed("string"), "<text:p/>"), ""),
    ],
)
def test_a_formula_with_a_value_or_an_empty_text_is_saved(cell: str, text: str) -> None:
    assert rows(sheet_of(word("A") + cell + word("z"))) == [["A", text, "z"]]


@pytest.mark.parametrize(
    ("hidden", "spans"),
    [
        (formula(name="covered-table-cell"), ' table:number-rows-spanned="2"'),
        (formula(typed("float"), name="covered-table-cell"), ' table:number-rows-spanned="2"'),
        (
            formula(typed("string"), "<text:p>#REF!</text:p>", name="covered-table-cell"),
            ' table:number-rows-spanned="2" table:number-columns-spanned="1"',
        ),
    ],
)
def test_what_a_merged_range_covers_is_not_told(hidden: str, spans: str) -> None:
    found = rows(sheet_of(word("A") + word("Recife", spans), word("B") + hidden))
    assert found == [["A", "Recife"], ["B", "Recife"]]


@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("PT19H30M", "19:30:00"),
        ("PT19H", "19:00:00"),
        ("P0DT19H30M00S", "19:30:00"),
        ("PT19H30M00,5S", "19:30:00.500000"),
        ("PT19H30M00S", "19:30:00"),
        ("P1DT2H", "26:00:00"),
        ("PT26H00M00S", "26:00:00"),
        ("P1M", "P1M"),
    ],
)
def test_a_time_is_read_in_every_form_of_a_duration(value: str, text: str, quote: str) -> None:
    cell = f"<table:table-cell{typed('time')} office:time-value={quote}{value}{quote}/>"
    # A text stays a text, whatever it looks like.
    assert rows(sheet_of(cell + word("PT19H30M"))) == [[text, "PT19H30M"]]


@pytest.mark.parametrize("aside", [PICTURE, BOX, SHAPE, SCENE, LINKED, SHAPE + PICTURE, f"\n{SHAPE}\n"])
@pytest.mark.parametrize("is_first", [True, False])
def test_drawings_in_a_cell_are_no_part_of_its_text(aside: str, is_first: bool) -> None:
    text = "<text:p>Feira</text:p>"
    found = rows(with_text(aside + text if is_first else text + aside))[2]
    cells = found["cells"] if isinstance(found, dict) else found
    assert cells[0].strip() == "Feira"


@pytest.mark.parametrize("words", [RUBY, f"Feira{NOTE}", f"{SHAPE}Feira", "<text:span>Feira</text:span>"])
def test_what_is_said_of_words_is_no_part_of_them(words: str) -> None:
    found = rows(with_text(f"<text:p>{words}</text:p>"))[2]
    assert (found["cells"] if isinstance(found, dict) else found)[0] == "Feira"


@pytest.mark.parametrize(
    "damaged", ["<draw:frame>", "</draw:frame>", '<draw:a "', "<draw:a '\">", "<text:note", "<draw:g/>"]
)
def test_drawings_are_left_out_in_time_that_grows_with_their_number(damaged: str) -> None:
    content = zip_of(("content.xml", f"<a>{damaged * 200_000}</a>".encode()))
    with zipfile.ZipFile(io.BytesIO(readable(content))) as mended:
        kept = mended.read("content.xml")
    assert kept.endswith(b"</a>")
    assert (b"draw:g" in kept) is False


def test_an_indented_document_is_read_like_any_other() -> None:
    content = (CORPUS / "agenda.ods").read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    for tag in (b"<table:", b"</table:", b"<text:p>", b"<office:body", b"</office:body"):
        entries["content.xml"] = entries["content.xml"].replace(tag, b"\n  <!-- a -->\n  " + tag)
    assert rows(zip_of(*entries.items())) == rows(content)


def test_blanks_within_a_paragraph_stay() -> None:
    spans = "<text:span>a</text:span> <text:span>b</text:span> &gt; <text:span>c</text:span>"
    cell = f"\n <text:p>{spans}</text:p>\n"
    found = rows(with_text(cell))[2]
    assert (found["cells"] if isinstance(found, dict) else found)[0].strip() == "a b > c"


@pytest.mark.parametrize(
    ("shown", "value", "part"),
    [
        ("dez/26", "2026-12-01", "month"),
        ("12/2026", "2026-12-01T00:00:00", "month"),
        ("01/27", "2027-01-01", "month"),
        ("jan. de 2027", "2027-01-01", "month"),
        ("2027", "2027-01-01", "year"),
        ("01/12/26", "2026-12-01", None),
        ("1 de janeiro de 2027", "2027-01-01", None),
        ("01/01/2027", "2027-01-01", None),
        ("dez/26", "2026-12-13", None),
        ("terça-feira", "2026-12-01", None),
        ("00:00", "2026-12-01", None),
        ("I/12", "2026-12-01", None),
        ("00:00", "2000-12-01", None),
        ("", "2026-12-01", None),
        ("###", "2026-12-01", None),
    ],
)
def test_what_a_cell_shows_of_the_first_of_a_month(shown: str, value: str, part: str | None) -> None:
    assert _shown(shown, value) == part
