"""The end of a value that is passed without being kept, wherever the text is cut."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.files.passed_value import PassedValue

LEAVES = st.none() | st.integers() | st.text(alphabet='a"\\{}[],:\n\u00e9', max_size=6)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
).filter(lambda value: isinstance(value, str | list | dict))


def passed(text: str, size: int, *, is_line: bool = False) -> int:
    """Return the index behind the value at the beginning of a text that comes in pieces; -1 for none."""
    value, at, known = PassedValue(1, is_line=is_line), 0, 0
    while known < len(text) and not value.has_ended:
        known = min(len(text), known + size)
        at = value.pass_in(text[:known], at)
    return at if value.has_ended else -1


@given(VALUES, st.integers(1, 9), st.sampled_from([None, 1]), st.booleans())
def test_the_end_is_found_however_the_text_comes(
    value: Any, size: int, indent: int | None, ascii_: bool
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_)
    assert passed(f"{text}, ]}}", size) == len(text)
    assert passed(text[:-1], size) == -1


@pytest.mark.parametrize("text", ['{"a":"x\n', '["x\r\n', '"x\n'])
@pytest.mark.parametrize("size", [1, 100])
def test_a_line_break_in_a_text_ends_the_value_of_a_line(text: str, size: int) -> None:
    assert passed(f"{text}{{}}", size, is_line=True) == text.index("x") + 1
    assert passed(f'{text}"]}}', size) != text.index("x") + 1
