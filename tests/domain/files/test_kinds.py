"""What a file is, by its first bytes, and never by its name."""

import gzip
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.files.kinds import MARKUP_BYTES, sniff
from domain.problems import Problem

HEADER = b"title,event_date,city,participants,description,local_info,address\n"


def zip_of(name: str, content: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(name, content)
    return target.getvalue()


READ = {
    "csv": (HEADER, "csv"),
    "csv with a byte order mark": (b"\xef\xbb\xbf" + HEADER, "csv"),
    "excel's unicode text": (HEADER.decode().replace(",", "\t").encode("utf-16"), "csv"),
    "short csv": (b"a,b\n", "csv"),
    "empty": (b"", "csv"),
    "a first name in brackets": (b"[title],[event_date],[city]\n", "csv"),
    "a first name in angle brackets": (b"<title>,event_date,city\n", "csv"),
    "a first name like a program's magic": (b"MZ_title,event_date,city\n" + HEADER, "csv"),
    "a first name like a Parquet file's magic": (b"PAR1;PAR2;PAR3\n" + HEADER, "csv"),
    "a first name like a song's magic": (b"ID3,title\n" + HEADER, "csv"),
    "an array of objects": (b' [\n  {"title": "A"}]', "json"),
    "an empty array": (b"[]", "json"),
    "an array of arrays": (b'[["title","city"],["A","B"]]', "json"),
    "an array of texts": (b'["title", "city"]', "json"),
    "an object with items": (b'{"items": []}', "json"),
    "lines of JSON": (b'{"title":"A"}\n{"title":"B"}\n', "json"),
    "JSON with a byte order mark": (b'\xef\xbb\xbf[{"title":"A"}]', "json"),
    "JSON in UTF-16": ('[{"title":"A"}]'.encode("utf-16"), "json"),
    "a calendar": (b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", "ics"),
    "a calendar with blank lines first": (b"\r\n\r\nbegin:vcalendar\r\n", "ics"),
    "a zip": (zip_of("a.csv", HEADER), "packed"),
    "an old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "packed"),
}


@pytest.mark.parametrize("name", READ)
def test_each_kind_that_is_read_is_recognised_by_content(name: str) -> None:
    content, kind = READ[name]
    assert sniff(content, closed=True, filename="foto.png") == kind


SCRIPTS = [
    '// export\n[{"title":"A"}]',
    '/* x */ [{"title":"A"}]',
    '/* x\n */\n// y\n{"title":"A"}',
    '[\n// x\n{"title":"A"}]',
    '[ /* x */ ["title"]]',
    'callback([{"title":"A"}]);',
    '/**/jQuery.cb_1({"items":[]})',
    'var events = [{"title":"A"}];',
    "const events=[{'title':'A'}]",
    'window.events = [{title: "A"}]',
    'export default [{"title":"A"}]',
    ')]}\'\n[{"title":"A"}]',
    ')]}\',\n{"items":[]}',
    'while(1);[{"title":"A"}]',
    'for (;;);{"title":"A"}',
    'throw 1; {"title":"A"}',
]
NO_SCRIPTS = [
    "title (a),city [b]\n",
    "//title,city\n",
    "/* x */ title,city\n",
    "f(x),g[y]\n",
    ")]}'\ntitle,city\n",
    "while(1);[title]\n",
    "[title],[city]\n",
    "http://x/[a]\n",
]


@pytest.mark.parametrize("text", [*SCRIPTS, *NO_SCRIPTS])
def test_json_within_a_script_or_with_comments_is_told(text: str) -> None:
    for content in (text.encode(), text.encode("utf-8-sig"), text.encode("utf-16")):
        for rest, closed in ((b"", True), (b" " * MARKUP_BYTES, False)):
            found = sniff(content + rest, closed=closed)
            rule = found.rule if isinstance(found, Problem) else found
            assert rule == ("javascript" if text in SCRIPTS else "csv")


REFUSED = {
    "a web page": (b"<html><body><table><tr><td>title</td></tr>", "a.html", "web page"),
    "a web page named .xls": (b"<!DOCTYPE html><meta>", "agenda.xls", "ending .xls: open it in Excel"),
    "Excel 2003 XML": (
        b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook>',
        "a.xls",
        "Excel 2003 XML",
    ),
    "fods": (b'<?xml version="1.0"?><office:document xmlns:office="urn">', "a.fods", ".fods"),
    "rss": (b'<?xml version="1.0"?><rss version="2.0"><channel>', "a.xml", "news feed"),
    "xml": (b'<?xml version="1.0"?><events><event/></events>', "a.xml", "XML"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'>", "a.csv", "SVG"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "a.csv", "PDF"),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(80), "a.csv", "PNG"),
    "jpeg": (b"\xff\xd8\xff\xe0" + bytes(80), "a.csv", "JPEG"),
    "webp": (b"RIFF\x24\0\0\0WEBPVP8 ", "a.csv", "image"),
    "heic": (b"\0\0\0\x18ftypheic" + bytes(80), "a.csv", "HEIC"),
    "gzip": (gzip.compress(HEADER), "a.csv", "gzip"),
    "rtf": (b"{\\rtf1\\ansi", "a.csv", "RTF"),
    "parquet": (b"PAR1\x15\x04", "a.csv", "Parquet"),
    "dbase": (b"\x03\x7a\x01\x1f\x02\0\0\0a\0", "a.csv", "dBase"),
    "sqlite": (b"SQLite format 3\0" + bytes(80), "a.csv", "SQLite"),
    "a program": (b"MZ\x90\0\3\0", "a.csv", "program"),
    "tar": (b"a.csv" + bytes(252) + b"ustar\x00" + bytes(249), "a.csv", "tar"),
    "contacts": (b"BEGIN:VCARD\r\nVERSION:3.0\r\n", "a.vcf", "vCard"),
    "a very old workbook": (b"\x09\x08\x08\0\0\0\x10\0", "a.xls", "very old version of Excel"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_unsupported_kind_is_named_with_advice(name: str) -> None:
    content, filename, words = REFUSED[name]
    problem = sniff(content, closed=True, filename=filename)
    assert isinstance(problem, Problem)
    assert problem.code == "not_text"
    assert words in problem.message
    assert ":" in problem.message  # After it comes what to do.


@pytest.mark.parametrize("name", [*READ, *REFUSED])
def test_no_prefix_of_a_file_is_recognised_as_another_kind(name: str) -> None:
    content = (READ.get(name) or REFUSED[name])[0] + b" " * MARKUP_BYTES
    whole = sniff(content[:MARKUP_BYTES], closed=False)
    for size in range(700):
        early = sniff(content[:size], closed=False)
        assert early is None or early == whole or name == "tar"


@given(st.binary(max_size=200), st.booleans())
def test_any_4_kib_are_enough_to_recognise_a_kind(head: bytes, closed: bool) -> None:
    assert closed is False or sniff(head, closed=True) is not None
    assert sniff(head.ljust(MARKUP_BYTES, b"x"), closed=False) is not None


@pytest.mark.parametrize(
    "text", ["title,event_date,city\nA,", "T\u00edtulo;Data;Cidade\r\nA", "data\ttitulo\tcidade\r"]
)
def test_a_line_that_names_columns_is_enough(text: str) -> None:
    assert sniff(text.encode(), closed=False) == "csv"
    line = len(text.splitlines()[0].encode())
    assert {sniff(text.encode()[:size], closed=False) for size in range(line + 1)} == {None}


@pytest.mark.parametrize(
    "text",
    ["[title],event_date,city\n", "lista de 2026,x,y,z\n", "city,title\nA,B\n", "<a>,title,city,date\n"],
)
def test_few_bytes_that_may_be_anything_are_not(text: str) -> None:
    assert sniff(text.encode(), closed=False) is None
