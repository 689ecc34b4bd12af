"""Problems of rows in the language of who reads a file."""

import string
from typing import Any

import pytest
from msgspec import UNSET

from api.services.problem_words import words_of
from domain.problems import Problem, problem
from domain.sentences import SENTENCES

NUMBERS = {"length": 1400, "limit": 100, "count": 3, "width": 2, "position": 7, "line": 12, "proof": 9}
CODES = {"why": "comma", "is_one": "monday", "not_one": "sunday"}
ASKED_OF_FILES = {"kind", "advice", "status", "fields", "target", "targets", "used_as", "limit_bytes"}
"""Parameters of sentences about whole files, which no row has, that are no plain texts."""


def parameters(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(SENTENCES[sentence]) if name}


OF_ROWS = [sentence for sentence in SENTENCES if not parameters(sentence) & ASKED_OF_FILES]


def made(sentence: str) -> Problem:
    params: dict[str, Any] = {
        name: NUMBERS.get(name, CODES.get(name, f"<{name}>"))
        for name in parameters(sentence) - {"field", "value"}
    }
    return problem(sentence, "event_date", value="<value>", **params)


@pytest.mark.parametrize("sentence", OF_ROWS)
def test_every_sentence_is_said_in_portuguese_with_all_that_it_speaks_of(sentence: str) -> None:
    told = made(sentence)
    words = words_of(told, "pt")
    assert words.startswith("Data: ")
    assert told.message not in words
    assert told.code not in words.split(": ")
    for name in parameters(sentence) - {"field", "value"} - CODES.keys():
        shown = f"{NUMBERS[name]:,}".replace(",", ".") if name in NUMBERS else f"<{name}>"
        assert shown in words


def test_phrases_are_said_in_portuguese_too() -> None:
    assert "falta uma vírgula no caractere 7" in words_of(made("invalid_json.at"), "pt")
    assert "cai em segunda, não em domingo" in words_of(made("invalid_date.weekday"), "pt")


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "a linha tem 0 célula,"), (1, "a linha tem 1 célula,"), (2, "2 células,"), (1200, "1.200 células,")],
)
def test_words_agree_with_their_number(count: int, words: str) -> None:
    assert words in words_of(problem("missing_cells", count=count, width=6), "pt")


def test_a_row_has_no_field_and_suggestions_are_named_once() -> None:
    assert words_of(problem("missing_cells", count=3, width=6), "pt") == (
        "a linha tem 3 células, o cabeçalho tem 6"
    )
    venue = problem(
        "unknown_venue_type", "local_info.venue_type", value="Salao", suggestion="Salão", known="Salas"
    )
    assert words_of(venue, "pt").startswith("Tipo de local: não é um tipo de local conhecido")
    assert words_of(venue, "pt").endswith("; sugestão: Salão")
    both = ("2026-05-07T00:00:00", "2026-07-05T00:00:00")
    date = problem(
        "ambiguous_date", "event_date", value="05/07/2026", suggestions=both, one=both[0], other=both[1]
    )
    assert words_of(date, "pt").count(both[0]) == 1
    assert "sugestão" not in words_of(date, "pt")


def test_english_is_what_was_told_and_so_is_what_an_earlier_version_stored() -> None:
    told = made("too_long")
    assert words_of(told, "en") == f"too_long: {told.message}"
    old = Problem("title", "too_long", "title has 140 characters", "A", None)
    assert old.params is UNSET
    assert words_of(old, "pt") == "too_long: title has 140 characters"
    phrase = Problem(
        "local_info", "invalid_json", "not JSON", "{", rule="at", params={"why": "x", "position": 7}
    )
    assert words_of(phrase, "pt").endswith("não é JSON: x no caractere 7")
    assert words_of(Problem("title", "of_old", "no such rule now"), "pt") == "of_old: no such rule now"
