"""No look at a cell takes quadratic time, whatever the cell."""

from collections.abc import Callable
from time import thread_time

import pytest

from domain.dates.several_times import are_times
from domain.rows.cells import is_error, may_hold_errors
from domain.rows.columns import REQUIRED
from domain.rows.damaged_names import damaged_name
from domain.rows.formula_guard import exported, imported, may_be_guarded
from domain.rows.looks import (
    ends_with_offset,
    is_count,
    is_count_of_rows,
    is_line_of_totals,
    is_no_name,
    is_no_text,
    is_no_title,
    is_number,
    is_ruler,
    is_several,
    tries_json,
)
from domain.rows.placeholders import is_placeholder
from domain.text import looks_damaged

CELLS = [
    *(
        "'",
        "'x",
        "1,",
        ", ",
        "a@",
        "a@.",
        "{ ",
        "[",
        "#",
        "#1",
        ":5",
        "&",
        "?a",
        "a?",
        "a?b/",
        "&a",
        "&#1",
        "a" * 39 + "?b=",
        "Ã",
        "\n ",
        "1 ",
        "a/",
        "A a ",
        "Ana Bia e ",
        "d'A ",
        "??x",
        "=",
        ".",
    ),
]
LOOKS: list[Callable[[str], object]] = [
    *(
        may_be_guarded,
        imported,
        exported,
        is_error,
        may_hold_errors,
        is_number,
        is_count,
        is_no_name,
        is_no_title,
        is_no_text,
        lambda cell: damaged_name(REQUIRED, [cell]),
    ),
    *(is_several, tries_json, ends_with_offset, looks_damaged, lambda cell: is_line_of_totals([cell])),
    *(lambda cell: is_ruler([cell]), lambda cell: is_count_of_rows([cell]), is_placeholder),
]
SIZE, TIMES = 2_000, 16


def _seconds(look: Callable[[str], object], cell: str) -> float:
    def once() -> float:
        begun = thread_time()
        look(cell)
        return thread_time() - begun

    return min(once() for _ in range(5))


@pytest.mark.parametrize("look", LOOKS)
def test_a_look_takes_time_in_proportion_to_the_cell(look: Callable[[str], object]) -> None:
    for unit in CELLS:
        for first in ("", "1", "a@"):
            some, more = (first + unit * (size // len(unit)) + "\x01" for size in (SIZE, SIZE * TIMES))
            # Quadratic time would be 256-fold; what is quick is not measured well.
            limit = max(10 * TIMES * _seconds(look, some), 0.02)
            assert _seconds(look, more) < limit, (unit, first)


@pytest.mark.parametrize("between", ["as as", "a a las", "e as", "das as", "- as"])
def test_a_list_of_times_that_ends_as_none_is_seen_soon(between: str) -> None:
    few, many = (f"1h {f'{between} 1 ' * times}x" for times in (3, 9))
    assert not are_times(few)
    assert not are_times(many)
    # A choice at each of them would double it six times.
    assert _seconds(are_times, many) < max(20 * _seconds(are_times, few), 0.005)
