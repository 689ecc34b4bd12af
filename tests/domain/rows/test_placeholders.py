"""Whole cells that stand for something else are known, and names that begin or end like them are not."""

from itertools import product

import pytest

from domain.rows.looks import beginnings_of
from domain.rows.placeholders import is_placeholder, placeholders

DITTO = [
    *(
        "idem",
        "\u00eddem",
        "I\u0301dem",
        "id.",
        "ibid",
        "ibidem",
        "ditto",
        "o mesmo",
        "a mesma",
        "mesmo",
        "el mismo",
    ),
    *("lo mismo", "la misma", "same as above", "the same", "as above", "idem acima", "idem, ao anterior"),
    *("mesmo local", "a mesma cidade", "same place", "mismo lugar"),
]
OPEN = [
    *("a definir", "a confirmar", "a anunciar", "a combinar", "a divulgar", "a informar", "a ser definido"),
    *(
        "a ser confirmada",
        "por definir",
        "por confirmar",
        "sin confirmar",
        "sem defini\u00e7\u00e3o",
        "n\u00e3o definido",
    ),
    *(
        "na\u0303o definida",
        "ainda n\u00e3o confirmado",
        "a\u00fan no definido",
        "indefinido",
        "em defini\u00e7\u00e3o",
    ),
    *("tba", "tbd", "tbc", "t.b.a.", "to be announced", "to be confirmed", "to be defined", "to be decided"),
    *(
        "not yet announced",
        "coming soon",
        "em breve",
        "n\u00e3o se aplica",
        "no aplica",
        "n\u00e3o informado",
    ),
    *(
        "sem informa\u00e7\u00e3o",
        "sin informaci\u00f3n",
        "not available",
        "local a definir",
        "Cidade: a confirmar",
    ),
    *("t\u00edtulo a definir", "venue TBA", "xxx", "xxxxxx", "x x x"),
]
MARKS = [
    *(
        '"',
        "''",
        "\u3003",
        '-"-',
        "-//-",
        "//",
        ",,",
        "\u201e",
        "\u201d",
        "???",
        "??",
        "\u2026",
        "...",
        "____",
    ),
    *("-----", "- - -", "***", "\u2033"),
]
NOTHING = ["NA", "n/a", "null", "\\N", "-", "--", " NA "]
NAMES = [
    *(
        "Xique-Xique",
        "Same",
        "ID",
        "Id",
        "Ids",
        "TBA Teatro",
        "Show da TBA",
        "Mesa",
        "Mesma Banda",
        "A Mesma Pra\u00e7a",
    ),
    *(
        "Porto Alegre",
        "Por uma vida a definir",
        "Comunidade",
        "A cidade",
        "Idem Produ\u00e7\u00f5es",
        "Idema",
        "XX",
        "XXI",
    ),
    *(
        "!!!",
        "+/-",
        "12",
        "A",
        "x",
        "Ana",
        "\u2665",
        "To be or not to be",
        "Sem Defini\u00e7\u00e3o de Amor",
        "No Ar",
    ),
    *(
        "Local",
        "Sala",
        "Cidade",
        "Nossa Senhora",
        "Na",
        "Em Breve, o Show",
        "A definir o futuro",
        "",
        " ",
        "\u00a0",
    ),
    *("Tbilisi", "Definir", "Indefinidos do Samba", "Ditto Music", "TBA + TBD ao vivo", "Noite", "1/2", "?!"),
]


@pytest.mark.parametrize("text", [*DITTO, *OPEN, *MARKS, *NOTHING])
def test_a_cell_that_stands_for_something_else_is_known(text: str) -> None:
    assert is_placeholder(text)


@pytest.mark.parametrize("text", NAMES)
def test_a_name_is_none(text: str) -> None:
    assert not is_placeholder(text)


@pytest.mark.parametrize("text", [*DITTO, *OPEN])
def test_case_points_and_brackets_change_nothing(text: str) -> None:
    for case, around in product(
        (str.lower, str.upper, str.capitalize, str.title),
        ("{}.", "({})", "[{}]", "- {} -", " {} ", '"{}"', "*{}*", "<{}>", "{}...", "\u201c{}\u201d", "{}:"),
    ):
        assert is_placeholder(around.format(case(text))), around


@pytest.mark.parametrize("text", [*DITTO, *OPEN, *MARKS, *NOTHING, *NAMES])
def test_a_search_among_many_finds_the_same(text: str) -> None:
    forms = {form for case in (text, text.upper(), text.title()) for form in (case, f"({case})", f"{case}.")}
    found = placeholders(forms, beginnings_of(forms))
    assert found == {form for form in forms if is_placeholder(form)}


def test_a_long_cell_is_none() -> None:
    assert not is_placeholder("a definir " * 1000)
    assert not is_placeholder("?" * 1000)
