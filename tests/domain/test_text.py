"""Rules for any text that comes from outside."""

import unicodedata
from datetime import UTC

import pytest

from domain.csv.reader import CsvReader
from domain.events import EventFields, parse_fields
from domain.imports import ImportOptions
from domain.text import is_invisible, looks_damaged

INVISIBLE = {
    "nothing": "",
    "blanks": " \t\u00a0\u3000\u2003",
    "zero width space": "\u200b",
    "zero width joiners": "\u200c\u200d\u2060",
    "byte order mark": "\ufeff",
    "soft hyphens": "\u00ad\u00ad",
    "variation selectors": "\ufe0f\U000e0101",
    "Hangul fillers": "\u3164\u115f\u1160\uffa0",
    "grapheme joiner": "\u034f",
    "Mongolian separator": "\u180e\u180b",
    "marks of direction": "\u200e\u200f\u061c",
    "tags": "\U000e0020\U000e007f",
    "Braille without dots": "\u2800",
    "Khmer vowels that are not written": "\u17b4\u17b5",
    "all at once": "\u200b \u3164\ufeff",
}
VISIBLE = ["a", "\u200bFesta\u200b", "❤\ufe0f", "é", "👩\u200d🚒", "한", "。", "-", "\u0301", "᠎x"]
FIELDS = {"title": "Festa", "event_date": "2026-06-24", "city": "Recife"}


@pytest.mark.parametrize("name", INVISIBLE)
def test_invisible_text_is_recognised(name: str) -> None:
    assert is_invisible(INVISIBLE[name])


@pytest.mark.parametrize("text", VISIBLE)
def test_visible_text_is_not_taken_for_invisible(text: str) -> None:
    assert not is_invisible(text)


def test_no_letter_number_or_sign_is_invisible() -> None:
    fillers = {0x115F, 0x1160, 0x3164, 0xFFA0, 0x2800}
    visible = [
        point
        for point in range(0x110000)
        if unicodedata.category(chr(point))[0] in "LNPS" and point not in fillers
    ]
    assert [hex(point) for point in visible if is_invisible(chr(point))] == []


def required(answer: object) -> list[str]:
    assert isinstance(answer, tuple), answer
    return [problem.field for problem in answer if problem.code == "required"]


@pytest.mark.parametrize("name", INVISIBLE)
def test_an_invisible_title_city_or_place_counts_as_missing(name: str) -> None:
    text = INVISIBLE[name]
    for field in ("title", "city"):
        assert required(parse_fields({**FIELDS, field: text}, timezone=UTC)) == [field]
    venue = {"location_name": text * 2}
    assert required(parse_fields({**FIELDS, "local_info": venue}, timezone=UTC)) == [
        "local_info.location_name"
    ]


@pytest.mark.parametrize("text", VISIBLE)
def test_any_visible_text_is_a_valid_title(text: str) -> None:
    assert isinstance(parse_fields({**FIELDS, "title": text}, timezone=UTC), EventFields)


@pytest.mark.parametrize("name", [name for name in INVISIBLE if name != "nothing"])
def test_a_file_follows_the_same_rule_for_invisible_text(name: str) -> None:
    reader = CsvReader(ImportOptions(), UTC)
    lines = ["title,event_date,city", f'"{INVISIBLE[name]}",2026-06-24,Recife', "Festa,2026-06-24,Recife"]
    reader.feed("\n".join(lines).encode() + b"\n")
    reader.close()
    first, second = reader.rows()
    assert required(first.errors) == ["title"]
    assert second.fields is not None


@pytest.mark.parametrize(
    "text",
    [
        *(
            "S\ufffdo",
            "S\u00c3\u00a3o",
            "S&#227;o",
            "S&#xE3;o",
            "S&atilde;o",
            "R&amp;B",
            "&quot;x&quot;",
            "a&nbsp;b",
        ),
        *("S?o Jo?o", "Cora??o", "um cora??o.", "(Jo?o)", "Programa??o, noite", "a\nJo?o", "Jo?o\tb"),
    ],
)
def test_letters_that_were_lost_or_written_otherwise_look_damaged(text: str) -> None:
    assert looks_damaged(text)
    assert looks_damaged(f"x, {text}\ny")


@pytest.mark.parametrize(
    "text",
    [
        *("R&B; Jo\u00e3o", "A & B;", "&;", "AT&T;", "&x;", "&#;", "Tom & Jerry; Ana"),
        *(
            "http://x/a?b",
            "https://x.org/agenda?id=5&lang=pt",
            "x/y?z",
            "www.x.org?a",
            "a?b=c",
            "Vamos?",
            "? x",
        ),
        *("o qu\u00ea? como", "Quando?Hoje", "1?2", "?rea", "JO?O", "a" * 60 + "?b"),
    ],
)
def test_ordinary_signs_do_not_look_damaged(text: str) -> None:
    assert not looks_damaged(text)
