"""Cells of an .ods: what stands aside of their text is no part of it."""

import io
import zipfile
from pathlib import Path

import pytest

from api.unpacking.ods_marks import _shown, readable
from tests.api.unpacking.test_sheets import rows, zip_of

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
