"""Large JSON from strangers, read item by item."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import json_items
from domain.json_items import MAX_CHARACTERS, MAX_VALUES, TOO_LARGE, NotAnArray, decode_bounded, read_items
from domain.json_text import decode_json
from domain.problems import Problem

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def items_of(text: str | bytes) -> list[Any]:
    found = read_items(text)
    assert isinstance(found, Iterator)
    return list(found)


@given(st.lists(VALUES), st.sampled_from([None, 1]), st.integers(1, 200))
def test_items_equal_those_of_the_whole_array_with_any_window(
    values: list[Any], indent: int | None, window: int
) -> None:
    text = json.dumps(values, indent=indent)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_items, "_WINDOW", window)
        assert items_of(text) == json.loads(text)
        assert items_of(b"\xef\xbb\xbf" + text.encode()) == json.loads(text)


@given(VALUES)
def test_a_bounded_value_decodes_as_usual(value: Any) -> None:
    text = json.dumps(value)
    assert decode_bounded(text) == decode_json(text)


@given(st.text(alphabet='[]{},:"\\ 1a\u00e9', max_size=30), st.integers(1, 40))
def test_reading_by_items_refuses_the_same_texts_as_reading_whole(text: str, window: int) -> None:
    whole = decode_json(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_items, "_WINDOW", window)
        found = read_items(text)
        last = [*found][-1:] if isinstance(found, Iterator) else [found]
    refused = any(isinstance(one, Problem) for one in last)
    assert refused == isinstance(whole, Problem)
    if isinstance(found, NotAnArray):
        assert found.value == whole


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[1,]", "invalid_json"),
        ("[1 2]", "invalid_json"),
        ("[1", "invalid_json"),
        ("[", "invalid_json"),
        ("[]]", "invalid_json"),
        ("[{}] x", "invalid_json"),
        ('[{"a":1,"a":2}]', "duplicate_key"),
        ("[NaN]", "invalid_json"),
        ("[" * 65 + "]" * 65, "invalid_json"),
        ("[" + "[" * 200_000, "invalid_json"),
        ("[[" + "1," * MAX_VALUES + "1]]", TOO_LARGE),
        ('["' + "x" * MAX_CHARACTERS + '"]', TOO_LARGE),
        ('["' + "x" * MAX_CHARACTERS * 2, TOO_LARGE),
    ],
)
def test_a_syntax_error_ends_the_items(text: str, code: str) -> None:
    *_, last = items_of(text)
    assert isinstance(last, Problem)
    assert last.code == code


def test_the_position_of_a_syntax_error_is_in_the_whole_text() -> None:
    *before, last = items_of('[{"a":1}, {"b" 2}]')
    assert before == [{"a": 1}]
    assert "character 16" in last.message


@pytest.mark.parametrize(
    "text", ["{" + ",".join(f'"{n}":1' for n in range(MAX_VALUES + 2)) + "}", "[" * MAX_CHARACTERS * 2]
)
def test_a_value_with_too_many_parts_is_refused_before_it_is_decoded(text: str) -> None:
    refused = decode_bounded(text)
    assert isinstance(refused, Problem)
    assert refused.code in {TOO_LARGE, "invalid_json"}


def test_64_levels_of_nesting_are_the_maximum() -> None:
    text = "[" * 64 + "]" * 64
    assert items_of(text) == json.loads(text)


def test_brackets_inside_strings_are_not_counted() -> None:
    text = json.dumps(["[{," * MAX_VALUES])
    assert decode_bounded(text) == json.loads(text)
    assert items_of(text) == json.loads(text)
