"""What a problem repeats of a value can be sent, and is short."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.problems import VALUE_LIMIT, excerpt

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
