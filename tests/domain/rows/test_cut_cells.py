"""A text that no cell of a workbook holds is cut where everyone sees it, and never imported as the text."""

import pytest

from domain.rows.cells import CELL_CHARACTERS, CUT_MARK, held_in_cell, is_cut, is_error, may_hold_errors


def units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


LONG = {
    "letters": "a" * 40_000,
    "accents": "ã" * CELL_CHARACTERS + "!",
    "outside the first plane": "🎉" * 16_384,
    "cut in a character": "a" + "🎉" * 20_000,
    "guarded": "'=" + "a" * 40_000,
    "lines": "linha\n" * 9_000,
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_a_text_that_is_too_long_is_cut_and_recognised(text: str) -> None:
    held = held_in_cell(text)
    assert CELL_CHARACTERS - 1 <= units(held) <= CELL_CHARACTERS
    assert text.startswith(held.removesuffix(CUT_MARK))
    assert is_cut(held)
    assert is_cut(held + "\n")
    assert is_error(held)
    assert may_hold_errors(f"a,{held},b")


FITTING = {
    "empty": "",
    "letters": "a" * CELL_CHARACTERS,
    "outside the first plane": "🎉" * 16_383 + "a",
    "the mark alone": CUT_MARK,
    "a text about the mark": f"O texto termina em {CUT_MARK}",
}


@pytest.mark.parametrize("text", FITTING.values(), ids=FITTING)
def test_a_text_that_fits_stays_as_it_is(text: str) -> None:
    assert held_in_cell(text) == text
    assert not is_cut(text)
