"""A bounded cache for values that repeat from row to row."""

from typing import Any, TypeVar

_Value = TypeVar("_Value")

_REMEMBERED = 8192
_REMEMBERED_CHARACTERS = 256


def remember(memory: dict[Any, _Value], key: str | tuple[str, ...], value: _Value) -> None:
    """Cache a value under a short text, or some texts; clear the cache when it is full."""
    if (len(key) if isinstance(key, str) else sum(map(len, key))) > _REMEMBERED_CHARACTERS:
        return
    if len(memory) >= _REMEMBERED:
        memory.clear()
    memory[key] = value
