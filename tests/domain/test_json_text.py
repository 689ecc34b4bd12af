"""JSON from strangers."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.json_text import decode_json
from domain.problems import Problem, excerpt
from domain.text import check_characters


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "invalid_json"),
        ("{", "invalid_json"),
        ('{"a":1,}', "invalid_json"),
        ('{"a":NaN}', "invalid_json"),
        ('{"a":-Infinity}', "invalid_json"),
        ("{'a':1}", "invalid_json"),
        ('{"a":True}', "invalid_json"),
        ("{\u201ca\u201d:1}", "invalid_json"),
        ('{"a":"x\ny"}', "invalid_json"),
        ('{"a":1} x', "invalid_json"),
        ('{"a":1,"a":1}', "duplicate_key"),
        ('{"b":{"a":1,"a":2}}', "duplicate_key"),
        ("[" * 65 + "]" * 65, "invalid_json"),
        ("[" * 100_000, "invalid_json"),
        ('{"a":' * 100_000, "invalid_json"),
        ('"' + "[" * 100, "invalid_json"),
        (b"\xff{}", "invalid_unicode"),
    ],
)
def test_text_that_is_not_json_gives_a_problem(text: str | bytes, code: str) -> None:
    answer = decode_json(text, field="local_info")
    assert isinstance(answer, Problem)
    assert (answer.field, answer.code) == ("local_info", code)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("{\u201ca\u201d: 1}", "curly"),
        ("{'a': 1}", "Python"),
        ('{"a": NaN}', "NaN"),
        ('{"a": None}', "Python"),
    ],
)
def test_the_message_of_a_json_problem_says_what_to_do(text: str, advice: str) -> None:
    answer = decode_json(text)
    assert isinstance(answer, Problem)
    assert advice in answer.message


def test_64_levels_of_nesting_are_the_maximum() -> None:
    text = "[" * 64 + "]" * 64
    assert decode_json(text) == json.loads(text)


def test_brackets_inside_strings_do_not_count_as_nesting() -> None:
    text = json.dumps({"a": "[{" * 100 + '"' + "[" * 80})
    assert decode_json(text) == json.loads(text)


@pytest.mark.parametrize("sign", ["", "-"])
def test_a_problem_shows_the_first_80_digits_of_a_huge_integer(sign: str) -> None:
    digits = sign + "9" * 5000
    assert excerpt(decode_json(digits)) == digits[:80]


@pytest.mark.parametrize("half", ["d800", "DC00", "dc80", "DCff", "dfff"])
def test_an_escaped_surrogate_is_not_taken_for_a_stray_byte(half: str) -> None:
    read = decode_json(f'{{"x": ["\\u{half}", "\\ud83d\\udc80"]}}')
    assert isinstance(read, dict)
    problems: list[Problem] = []
    for text in read["x"]:
        check_characters("x", text, problems)
    assert [problem.code for problem in problems] == ["invalid_unicode"]


def test_a_byte_order_mark_before_a_body_is_skipped() -> None:
    assert decode_json(b'\xef\xbb\xbf{"a":1}') == {"a": 1}


def test_the_decoder_accepts_an_escaped_lone_surrogate() -> None:
    assert decode_json('"\\ud800"') == "\ud800"


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(values)
def test_any_json_value_decodes_to_itself(value: Any) -> None:
    assert decode_json(json.dumps(value)) == value


@given(st.text(st.characters() | st.sampled_from('[]{}",:\\0123456789eE.-')) | st.binary())
def test_any_text_is_a_value_or_a_problem(text: str | bytes) -> None:
    decode_json(text)
    assert isinstance(decode_json("x"), Problem)
