"""Looks for further events behind the array, or the object, that is read."""

import re
from collections.abc import Callable

from domain.csv.text_window import TextWindow
from domain.files.passed_value import PassedValue
from domain.problems import excerpt

_FILLER = re.compile(r"[ \t\r\n,\]}\x1e\ufeff]*+")
_MEMBER = re.compile(r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"[ \t\r\n]*+:[ \t\r\n]*+(?=([^ \t\r\n]))', re.DOTALL)
_PLAIN = re.compile(r'[^"{}\[\],\s]++(?=[\s,}])')
_FIRST_OBJECT = re.compile(r"\[[ \t\r\n]*+(?:(\{)|(?=[^ \t\r\n{]))")
_MOST = 1024 * 1024
"""A name or a first object that is longer is not looked at."""


class OtherArrays:
    """Passes the members that follow an array, whatever their size.

    Attributes:
        names: those of members that are an event, or begin with one.
        has_ended: what stands there is no member: another document, or nothing that is JSON.
    """

    def __init__(self, has_events: Callable[[int], bool | None]) -> None:
        """`has_events` tells of the object at an index of the text; None while its end is to come."""
        self.names: list[str] = []
        self.has_ended = False
        self._has_events = has_events
        self._passed: PassedValue | None = None

    def pass_in(self, window: TextWindow) -> None:
        """Pass all that is there; half a member is left for later."""
        self.has_ended = False
        while not self.has_ended and window.position < len(window.text) and self._pass_one(window):
            pass

    def _pass_one(self, window: TextWindow) -> bool:
        """Pass a value that was begun, or the next member; False where more is needed."""
        text = window.text
        if self._passed:
            window.pass_to(self._passed.pass_in(text, window.position))
            if self._passed.has_ended:
                self._passed = None
                return True
            return self._waits(window)
        window.pass_to(_FILLER.match(text, window.position).end())  # type: ignore[union-attr]
        if text[window.position : window.position + 1] not in ("", '"'):
            self.has_ended = True
            return False
        member = _MEMBER.match(text, window.position)
        return self._waits(window) if member is None else self._pass_value(window, member)

    def _pass_value(self, window: TextWindow, member: re.Match[str]) -> bool:
        text, at = window.text, member.end()
        if member[2] not in '[{"':
            plain = _PLAIN.match(text, at)
            if plain is None:
                return self._waits(window)
            window.pass_to(plain.end())
            return True
        has_events = False if member[2] == '"' else self._begins_with_event(text, at)
        if has_events is None and self._may_come(window):
            window.want_more()
            return False
        if has_events:
            self.names.append(excerpt(member[1]))
        window.pass_to(at)
        self._passed = PassedValue(window.line, is_line=False)
        return True

    def _begins_with_event(self, text: str, at: int) -> bool | None:
        if text[at] == "{":
            return self._has_events(at)
        first = _FIRST_OBJECT.match(text, at)
        if first is None:
            return None
        return self._has_events(first.end() - 1) if first[1] else False

    def _may_come(self, window: TextWindow) -> bool:
        """Return whether what is missing may come, and is not too much."""
        return not window.closed and len(window.text) - window.position <= _MOST

    def _waits(self, window: TextWindow) -> bool:
        """Wait for more; where none will come, or too much has, this is the end."""
        if window.position < len(window.text) and self._may_come(window):
            window.want_more()
        elif window.position < len(window.text):
            self.has_ended = True
        return False
