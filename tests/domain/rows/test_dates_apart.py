"""Dates that stand elsewhere than in a column of whole dates are named for where they stand."""

import pytest

from domain.problems import Problem
from domain.rows.columns import match_columns
from domain.rows.dates_apart import holds_date

NAMES = ["Dia", "Evento", "Cidade"]


def told(names: list[str], rows: list[list[str]], **mapping: str | None) -> tuple[str | None, object]:
    """Return the rule of the fault, and what it names."""
    found = match_columns(names, mapping, None, rows)
    if not isinstance(found, Problem):
        return None, None
    params = dict(found.params or {})
    del params["fields"]
    assert all(str(shown) in found.message for shown in params.values() if isinstance(shown, str))
    return found.rule or "", tuple(params.values())


@pytest.mark.parametrize(
    ("cells", "rule", "params"),
    [
        (["13/12", "14/12"], "no_year", ("Dia", "13/12")),
        (["13/dez", "14 de dezembro"], "no_year", ("Dia", "13/dez")),
        (["sábado, 13/12", "14.12"], "no_year", ("Dia", "sábado, 13/12")),
        (["13/12/2026", "14/12", "15/12"], "no_year", ("Dia", "14/12")),
        (["12", "13"], "no_month", ("Dia", "12")),
        (["12.0", "1", "31"], "no_month", ("Dia", "12.0")),
        (["", "07", ""], "no_month", ("Dia", "07")),
        (["32", "45"], "values", ("Dia", "event_date")),
        (["13/12/2026", "a definir"], "values", ("Dia", "event_date")),
        (["13/12/2026", "14/12/2026"], None, None),
        (["", ""], None, None),
    ],
)
def test_days_without_their_month_or_year_are_said_to_lack_it(
    cells: list[str], rule: str | None, params: object
) -> None:
    rows = [[cell, "Frevo", "Recife"] for cell in cells]
    assert told(NAMES, rows) == (rule, params)
    if rule not in (None, "values"):
        # Somebody has seen that the column is none of dates: it is still why there are none.
        assert told(NAMES, rows, event_date=None) == (rule, params)
        # What is another field by the mapping is none of dates.
        assert told(NAMES, rows, description="Dia")[0] != rule


@pytest.mark.parametrize(
    ("names", "cells", "columns"),
    [
        (["Ano", "Mês", "Dia"], ["2026", "DEZEMBRO", "13"], ("Ano", "Mês", "Dia")),
        (["Dia", "Mês", "Ano"], ["12", "3", "27"], ("Dia", "Mês", "Ano")),
        (["DIA", "MES", "Hora"], ["12", "mar.", "19h"], ("DIA", "MES")),
        (["Year", "Day", "Local"], ["2026", "12/03", "Sala"], ("Year", "Day")),
        (["Dia do evento", "Mês do evento"], ["1", "12"], ("Dia do evento", "Mês do evento")),
        (["Año", "Mes", "Día"], ["2026", "diciembre", "13"], ("Año", "Mes", "Día")),
    ],
)
def test_a_date_in_several_columns_is_to_be_joined(
    names: list[str], cells: list[str], columns: tuple[str, ...]
) -> None:
    assert told([*names, "Evento", "Cidade"], [[*cells, "A", "Recife"]]) == ("parts", (columns,))


@pytest.mark.parametrize(
    ("names", "cells"),
    [(["Ano", "Mês"], ["2026", "12"]), (["Dia da semana", "Mês"], ["sábado", "12"]), (["Ano"], ["2026"])],
)
def test_columns_without_days_are_no_parts_of_dates(names: list[str], cells: list[str]) -> None:
    assert told([*names, "Evento", "Cidade"], [[*cells, "A", "Recife"]])[0] != "parts"


EVENT = ["9h", "Abertura", "Recife"]


@pytest.mark.parametrize(
    ("rows", "dates"),
    [
        ([["Sábado, 05/12/2026"] * 3, EVENT, ["Domingo"] * 3, EVENT], "Sábado, 05/12/2026; Domingo"),
        ([["05/12/2026", "", ""], EVENT], "05/12/2026"),
        ([["", "Dia 1 (5/12)", ""], EVENT], "Dia 1 (5/12)"),
        (
            [["1/2/2026"], ["2/2/2026"], ["3/2/2026"], ["4/2/2026"], EVENT, EVENT],
            "1/2/2026; 2/2/2026; 3/2/2026; …",
        ),
        ([["Palco 2", "", ""], EVENT], None),
        ([["05/12/2026", "", ""]], None),
        ([["05/12/2026", "", ""], ["06/12/2026", "Mesa", "Recife"]], None),
    ],
)
def test_days_in_headings_are_told(rows: list[list[str]], dates: str | None) -> None:
    rule, params = told(["Horário", "Atividade", "Cidade"], rows)
    assert (params if rule == "headings" else None) == (dates and (dates,))


DAYS = """
05/12/2026; Sábado, 05/12/2026; SÁBADO - 5.12.26; 1º dia: 2026-12-05; Dia 5 de dezembro; 1º de maio; 5-dez
Saturday, December 5; 05/12; Dia 05/12; Domingo (6/12); SEXTA-FEIRA; Quinta, 10; 13/12 (domingo)
"""
NO_DAYS = """
Palco 2; 19h; 19h30; 9:00-12:00; 45839; 2026; DEZEMBRO 2026; Dec 2026; Sala 3.1; Mesa 10/12; Edital 01/2026
Sexta 19h; Capítulo 3.2.1; 10.000; Marco Zero; May 19:00; 2.3.2026.4; 12; 3ª edição
"""


def test_headings_name_days_or_not() -> None:
    for texts, names_a_day in ((DAYS, True), (NO_DAYS, False)):
        found = {text: holds_date(text) for text in texts.replace("\n", "; ").split("; ") if text}
        assert found == dict.fromkeys(found, names_a_day)


def test_a_long_text_is_no_heading_of_a_day() -> None:
    assert not holds_date("05/12/2026 " + "x" * 200)


@pytest.mark.parametrize(
    ("names", "rule"),
    [
        ("title,event_date,city", "one_cell"),
        ("Nome;Quando;Cidade", "one_cell"),
        ("Nome|Quando", "one_cell"),
        ("Nome#Quando#Cidade", "no_names"),
        ("Agenda", "no_names"),
    ],
)
@pytest.mark.parametrize("line", ["{};2026-07-01;Recife", "{},2026-07-01,Recife", "{}#2026-07-01#Recife"])
@pytest.mark.parametrize("further", [[], ["Mostra"], ["", "Mostra"]])
def test_whole_lines_in_one_cell_are_no_headings(
    names: str, rule: str, line: str, further: list[str]
) -> None:
    rows = [[line.format("Baile")], [line.format("Frevo")], further]
    found = match_columns([names], {}, None, rows)
    assert isinstance(found, Problem)
    assert found.rule == rule


def test_lines_in_one_cell_below_several_names_are_no_headings_either() -> None:
    rows = [["Baile;2026-07-01;Recife"], ["Frevo;2026-07-02;Recife"]]
    assert told(["Nome", "Cidade"], rows)[0] != "headings"
    assert told(["Nome", "Cidade"], [["2026-07-01"], ["Baile", "Recife"]])[0] == "headings"
