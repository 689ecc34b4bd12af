"""Names of columns whose letters were lost or changed are recognised."""

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.problems import Problem
from domain.rows.columns import REQUIRED, match_columns
from domain.rows.damaged_names import damaged_name
from domain.rows.names import meaning

NAMES = ("título", "Título do evento", "data de início", "município", "Município do evento", "TÍTULO")
MISTAKES = {
    "Latin-1": lambda name: name.encode().decode("latin-1"),
    "twice": lambda name: name.encode().decode("latin-1").encode().decode("latin-1"),
    "Mac Roman": lambda name: name.encode().decode("mac_roman"),
    "CP850": lambda name: name.encode().decode("cp850"),
    "HTML": lambda name: html.escape(name).replace("í", "&iacute;").replace("Í", "&Iacute;"),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("mistake", sorted(MISTAKES))
def test_a_changed_name_is_told_as_it_was(name: str, mistake: str) -> None:
    damaged = MISTAKES[mistake](name)
    assert damaged_name(REQUIRED, ["other", damaged]) == (damaged, name)
    assert damaged_name((), [damaged]) is None


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("marks", ["?", "\ufffd", "??", "\ufffd\ufffd"])
def test_a_name_that_lost_letters_is_told(name: str, marks: str) -> None:
    damaged = name.replace("í", marks).replace("Í", marks)
    found, (own,) = damaged_name(REQUIRED, [damaged]), {known.field for known in [meaning(name)] if known}
    assert found is not None
    known = meaning(found[1])
    assert known is not None
    assert (found[0], known.field) == (damaged, own)


@pytest.mark.parametrize(
    "name", ["", "?", "?????", "o que?", "Descri??o", "\u00c3\u00a1rea", "T?" * 30, "&amp;"]
)
def test_other_names_are_left(name: str) -> None:
    assert damaged_name(REQUIRED, [name]) is None


@given(st.text(max_size=80))
def test_any_name_is_answered(name: str) -> None:
    damaged_name(REQUIRED, [name])


def test_the_fault_says_what_a_damaged_column_is_and_what_to_do() -> None:
    fault = match_columns(["t\u00c3\u00adtulo", "data", "cidade"], sample=[["A", "2026-12-13", "R"]])
    assert isinstance(fault, Problem)
    assert (fault.code, fault.rule, fault.suggestion) == ("missing_columns", "damaged", "título")
    assert "save the table again, as UTF-8" in fault.message
