"""Folding: without case and accents."""

import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.folding import LETTERS, _fold_slowly, fold, folds_to_nothing

PAGE = Path(__file__).parents[2] / "api/static/page/folding.js"

texts = st.text(st.one_of(st.characters(), st.sampled_from(LETTERS), st.characters(max_codepoint=0x24F)))


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("São Paulo", "sao paulo"),
        ("AÇÃO Nº 1", "acao no 1"),
        ("Straße", "strasse"),
        ("Ação\u0303", "acao"),
        ("ΆΛΦΑ", "αλφα"),
        ("名前", "名前"),
        ("½", "1\u20442"),
        ("ÿ½ŸÞ", "y1\u20442yth"),
        ("Łódź", "lodz"),
        ("Đà Nẵng", "da nang"),
        ("Việt Đức", "viet duc"),
        ("København", "kobenhavn"),
        ("Ærø, Ǿǽ", "aero, oae"),
        ("Ħamrun", "hamrun"),
        ("Diyarbak\u0131r, İzmir, ISPARTA", "diyarbakir, izmir, isparta"),
        ("Þórsmörk, Seyðisfjörður", "thorsmork, seydisfjordur"),
        ("Œuvre, œuf", "oeuvre, oeuf"),
        ("Guovdageaidnu, Ŧana", "guovdageaidnu, tana"),
        ("Ɓauci, Ɗan, Ƙano", "bauci, dan, kano"),
        ("GROẞ", "gross"),
        ("", ""),
    ],
)
def test_fold_removes_case_and_accents(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(texts)
def test_the_byte_table_folds_like_unicode(text: str) -> None:
    assert fold(text) == _fold_slowly(text)


def test_every_letter_of_the_table_is_folded_in_both_cases() -> None:
    for pair in LETTERS.split():
        letter, ascii_letters = pair[0], pair[1:]
        assert ascii_letters
        assert ascii_letters.isascii()
        for written in (letter, letter.upper(), letter + "\u0301"):
            assert fold(f"a{written}b") == f"a{ascii_letters}b"


def test_a_letter_with_a_stroke_is_folded_to_the_letter_of_its_name() -> None:
    stroked = re.compile("LATIN (?:CAPITAL|SMALL) LETTER ([A-Z]) WITH (?:DIAGONAL )?STROKE(?: AND [A-Z]+)?")
    named = {chr(code): stroked.fullmatch(unicodedata.name(chr(code))) for code in range(0xC0, 0x250)}
    letters = {letter: match[1].lower() for letter, match in named.items() if match}
    assert len(letters) > 30
    assert {letter: fold(letter) for letter in letters} == letters


def test_the_page_folds_the_same_letters() -> None:
    literal = re.search(r"^const LETTERS =([^;]+);", PAGE.read_text(), re.MULTILINE)
    assert literal is not None
    assert "".join(re.findall(r'"([^"]*)"', literal[1])) == LETTERS


@given(texts)
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_what_folds_to_nothing_is_what_every_text_would_contain(text: str) -> None:
    assert folds_to_nothing(text) == (fold(text).strip() == "")
    assert not folds_to_nothing(text + "a")


def test_marks_alone_fold_to_nothing() -> None:
    assert all(map(folds_to_nothing, ["", " ", "\u0301", "\u0362\u0300", "\u0340", "\u00b4", "\u00a0"]))
    assert not any(map(folds_to_nothing, ["a", "\u0301a", "\u0591", "-", "\u0345"]))
