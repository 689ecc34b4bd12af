"""Old workbooks of Excel 5 and 95: code pages, and formats whose numbers mean another kind by themselves."""

from struct import pack

import pytest

from api.unpacking.xls_readable import readable
from tests.api.unpacking.test_sheets import fault, rows

DAY = 46359.0
END_OF_CHAIN, FREE = 0xFFFFFFFE, 0xFFFFFFFF


def record(kind: int, body: bytes) -> bytes:
    return pack("<HH", kind, len(body)) + body


def container(stream: bytes) -> bytes:
    """Return an OLE file with one stream, in whole sectors: table, directory, stream. [MS-CFB] §2."""
    stream = stream.ljust(max(4096, -(-len(stream) // 512) * 512), b"\0")
    sectors = len(stream) // 512
    chain = [*range(3, sectors + 2), END_OF_CHAIN]
    table = pack("<128I", 0xFFFFFFFD, END_OF_CHAIN, *chain, *[FREE] * (126 - sectors))
    header = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(10)
    )
    header += pack("<IIIIIIIII", 1, 1, 0, 4096, END_OF_CHAIN, 0, END_OF_CHAIN, 0, 0)
    header += pack("<108I", *[FREE] * 108)

    def entry(name: str, kind: int, child: int, first: int, size: int) -> bytes:
        wide = (name + "\0").encode("utf-16-le")
        told = wide.ljust(64, b"\0") + pack("<HBBIII", len(wide), kind, 1, FREE, FREE, child)
        return told + bytes(36) + pack("<II", first, size) + bytes(4)

    directory = entry("Root Entry", 5, 1, END_OF_CHAIN, 0) + entry("Book", 2, FREE, 2, len(stream))
    return header + table + directory + bytes(256) + stream


def old_workbook(
    *table: list[object],
    page: int | None = 1252,
    codec: str = "cp1252",
    formats: dict[int, str] | None = None,
) -> bytes:
    """Return a workbook of Excel 5. Cells are texts, numbers, or numbers with the number of their format."""
    shown = sorted(
        {0, *(formats or ()), *(cell[1] for row in table for cell in row if isinstance(cell, tuple))}
    )
    head = record(0x809, pack("<HHHH", 0x500, 5, 0, 0))
    head += record(0x42, pack("<H", page)) if page is not None else b""
    for number, code in (formats or {}).items():
        head += record(0x41E, pack("<HB", number, len(code)) + code.encode())
    for number in shown:
        head += record(0xE0, pack("<8H", 0, number, 1, 0, 0, 0, 0, 0))
    name = "Programação".encode(codec, "replace")
    start = len(head) + 4 + 7 + len(name) + 4
    head += record(0x85, pack("<LHB", start, 0, len(name)) + name) + record(0x0A, b"")
    sheet = record(0x809, pack("<HHHH", 0x500, 0x10, 0, 0)) + record(
        0x200, pack("<5H", 0, len(table), 0, 9, 0)
    )
    for at, row in enumerate(table):
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                text = cell.encode(codec)
                sheet += record(0x204, pack("<4H", at, column, 0, len(text)) + text)
            else:
                value, number = cell if isinstance(cell, tuple) else (cell, 0)
                sheet += record(0x203, pack("<3Hd", at, column, shown.index(number), value))
    return container(head + sheet + record(0x0A, b""))


@pytest.mark.parametrize(
    ("page", "codec"),
    [
        (1252, "cp1252"),
        (0x8001, "cp1252"),
        (None, "cp1252"),
        (10000, "mac_roman"),
        (0x8000, "mac_roman"),
        (850, "cp850"),
        (860, "cp860"),
        (858, "cp858"),
    ],
)
def test_texts_of_an_old_workbook_are_read_by_its_code_page(page: int | None, codec: str) -> None:
    letters = ["Título", "Olá é Ç"]
    content = old_workbook(letters, ["ção", 300.0], page=page, codec=codec)
    assert rows(content) == [letters, ["ção", "300"]]


def test_letters_of_another_country_are_read_by_the_page_that_has_them() -> None:
    words = ["Żółw", "Łódź"]
    assert rows(old_workbook(words, page=1250, codec="cp1250")) == [words]
    assert rows(old_workbook(words, page=852, codec="cp852")) == [words]
    assert rows(old_workbook(words, page=10029, codec="mac_latin2")) == [words]


@pytest.mark.parametrize("page", [0, 1, 7200])
def test_an_unknown_code_page_is_named(page: int) -> None:
    told = fault(old_workbook(["Titulo"], page=page))
    assert (told["code"], told["rule"], told["value"]) == ("not_text", "code_page", str(page))


def test_letters_that_no_page_of_windows_has_together_are_refused_by_the_name_of_their_page() -> None:
    told = fault(old_workbook(["║ Olá"], page=850, codec="cp850"))
    assert (told["rule"], told["value"]) == ("code_page", "850")


@pytest.mark.parametrize(
    ("number", "code", "value", "shown"),
    [
        # Numbers of dates that the file gives to numbers.
        (50, "0000", 2026.0, "2026"),
        (14, "#,##0", 300.0, "300"),
        (22, '0" pessoas"', 300.0, "300"),
        (27, "General", 300.0, "300"),
        (45, "0.00E+00", 300.0, "300"),
        # Dates stay dates, also in the letters of another language.
        (14, "dd/mm/yyyy", DAY, "2026-12-03"),
        (14, "TT.MM.JJJJ", DAY, "2026-12-03"),
        (22, "m/d/yy h:mm AM/PM", DAY + 0.8125, "2026-12-03T19:30:00"),
        # Numbers of numbers that the file gives to dates.
        (1, "dd/mm/yyyy", DAY, "2026-12-03"),
        (37, "yyyy\\-mm\\-dd", DAY, "2026-12-03"),
        (38, '0 "d"', 5.0, "5"),
        (10, "0", 5.0, "5"),
        (164, "dd/mm/yyyy", DAY, "2026-12-03"),
    ],
)
def test_a_format_means_what_the_file_says_of_its_number(
    number: int, code: str, value: float, shown: str
) -> None:
    [[found, plain]] = rows(old_workbook([(value, number), 7.0], formats={number: code}))
    assert found.removesuffix("T00:00:00") == shown
    assert plain == "7"


def test_what_needs_no_mending_is_given_as_it_is() -> None:
    content = old_workbook(["Título", (DAY, 14)])
    assert readable(content) is content
