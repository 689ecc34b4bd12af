"""Folding: without case and accents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.folding import _fold_slowly, fold, folds_to_nothing


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
        ("", ""),
    ],
)
def test_fold_removes_case_and_accents(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text(st.characters(max_codepoint=0x17F)))
def test_the_byte_table_folds_like_unicode(text: str) -> None:
    assert fold(text) == _fold_slowly(text)


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_what_folds_to_nothing_is_what_every_text_would_contain(text: str) -> None:
    assert folds_to_nothing(text) == (fold(text).strip() == "")
    assert not folds_to_nothing(text + "a")


def test_marks_alone_fold_to_nothing() -> None:
    assert all(map(folds_to_nothing, ["", " ", "\u0301", "\u0362\u0300", "\u0340", "\u00b4", "\u00a0"]))
    assert not any(map(folds_to_nothing, ["a", "\u0301a", "\u0591", "-", "\u0345"]))
