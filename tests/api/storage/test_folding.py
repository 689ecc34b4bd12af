"""Folding: without case and accents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.storage.folding import _fold_slowly, fold


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
