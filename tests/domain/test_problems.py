"""What a problem repeats of a value can be sent, and is short."""

import math
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.problems import VALUE_LIMIT, excerpt, problem
from domain.sentences import SENTENCES

ANY_TEXT = st.text(st.characters(codec=None), max_size=200)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
)


@given(VALUES)
def test_an_excerpt_of_anything_can_be_sent_and_is_short(value: object) -> None:
    assert len(excerpt(value).encode()) <= VALUE_LIMIT * 4


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a" * 81, "a" * 80),
        ("a\ud800b", "a\ufffdb"),
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (1.5, "1.5"),
        (math.inf, "a huge number"),
        ([1], "[…]"),
        ({"a": 1}, "{…}"),
    ],
)
def test_an_excerpt_shows_scalars_as_json_does_and_of_containers_their_kind(
    value: object, shown: str
) -> None:
    assert excerpt(value) == shown


OF_A_VALUE = [
    key
    for key, text in SENTENCES.items()
    if {name for _, name, _, _ in Formatter().parse(text) if name} in ({"value"}, {"field", "value"})
]


@pytest.mark.parametrize("value", ["", " ", "\u00a0", "\t "])
@pytest.mark.parametrize("sentence", OF_A_VALUE)
def test_a_value_that_nobody_would_see_stands_in_quotes(sentence: str, value: str) -> None:
    told = problem(sentence, "title", value=value)
    assert f'"{value}"' in told.message
    assert told.value == value
    assert '"Auditorium"' not in problem(sentence, "title", value="Auditorium").message


def test_an_empty_name_of_a_column_stands_in_quotes() -> None:
    told = problem(
        "missing_columns.likely", value="", suggestion="city", fields=("city",), column="", target="city"
    )
    assert told.message == 'the file has no column city; "" may be meant as city'
