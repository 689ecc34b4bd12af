"""Looks for further events behind the array, or the object, that is read."""

import re
from collections.abc import Callable

from domain.csv.text_window import TextWindow
from domain.files.event_members import LOOKED_AT
from domain.files.json_values import after_commas
from domain.files.passed_value import PassedValue
from domain.problems import excerpt

_FILLER = re.compile(r"[ \t\r\n,\]}\x1e\ufeff]*+")
_MEMBER = re.compile(r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"[ \t\r\n]*+:[ \t\r\n]*+(?=([^ \t\r\n]))', re.DOTALL)
_PLAIN = re.compile(r'[^"{}\[\],\s]++(?=[\s,}])')
_MOST = 1024 * 1024
"""Of a member, so many characters are looked at."""

Look = Callable[[int, str | None], tuple[bool, int] | None]
"""Tells of the value at an index whether it has events, and where it ends.

Its name is given, None for one of an array. None while its end is to come. Raises `ValueError` where it is
no JSON.
"""


class OtherArrays:
    """Passes the members that follow an array, whatever their size.

    Attributes:
        names: those of members that are an event, or have one.
        has_ended: what stands there is no member: another document, or nothing that is JSON.
    """

    def __init__(self, look: Look) -> None:
        self.names: list[str] = []
        self.has_ended = False
        self._look = look
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
        has_events = False if member[2] == '"' else self._has_events(text, at, excerpt(member[1]))
        if has_events is None and self._may_come(window):
            window.want_more()
            return False
        if has_events:
            self.names.append(excerpt(member[1]))
        window.pass_to(at)
        self._passed = PassedValue(window.line, is_line=False)
        return True

    def _has_events(self, text: str, at: int, name: str) -> bool | None:
        """Return whether the object or array at an index has events; None while that is to come."""
        try:
            if text[at] == "{":
                seen = self._look(at, name)
                return None if seen is None else seen[0]
            at = after_commas(text, at + 1)
            for _ in range(LOOKED_AT):
                if text[at : at + 1] == "]":
                    return False
                seen = self._look(at, None) if at < len(text) else None
                if seen is None or seen[0]:
                    return seen and seen[0]
                at = after_commas(text, seen[1])
        except ValueError:
            pass  # What is no JSON ends the file where it is passed.
        return False

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
