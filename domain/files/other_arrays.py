"""Looks for further arrays of events behind the one that is read."""

import re
from collections.abc import Callable

from domain.csv.text_window import TextWindow
from domain.files.passed_value import PassedValue
from domain.problems import Problem, excerpt, problem

_FILLER = re.compile(r"[ \t\r\n,\]}]*+")
_MEMBER = re.compile(r'"((?:[^"\\]|\\.)*+)"[ \t\r\n]*+:[ \t\r\n]*+(?=([^ \t\r\n]))', re.DOTALL)
_PLAIN = re.compile(r'"(?:[^"\\]|\\.)*+"|[^"{}\[\],\s]++(?=[\s,}])', re.DOTALL)
_FIRST_OBJECT = re.compile(r"\[[ \t\r\n]*+(?:(\{)|(?=[^ \t\r\n{]))")
_SHOWN = 20
_MOST = 1024 * 1024
"""A name, a text or a first object that is longer is not looked at, nor what follows it."""


class OtherArrays:
    """Passes the members that follow an array, whatever their size.

    Attributes:
        names: those of arrays whose first object is an event.
        fault: why there may be more events, which are not found.
    """

    def __init__(self, is_event: Callable[[int], bool | None]) -> None:
        """`is_event` tells of the object at an index of the text; None while its end is to come."""
        self.names: list[str] = []
        self.fault: Problem | None = None
        self._is_event = is_event
        self._passed: PassedValue | None = None
        self._is_lost = False

    def pass_in(self, window: TextWindow) -> None:
        """Pass all that is there; half a member is left for later."""
        while self.fault is None and window.position < len(window.text) and self._pass_one(window):
            pass

    def _pass_one(self, window: TextWindow) -> bool:
        """Pass a value that was begun, or the next member; False where more is needed."""
        text = window.text
        if self._is_lost:
            window.pass_to(len(text))
            return False
        if self._passed:
            window.pass_to(self._passed.pass_in(text, window.position))
            if self._passed.has_ended:
                self._passed = None
                return True
            return self._waits(window) if window.position < len(text) else False
        window.pass_to(_FILLER.match(text, window.position).end())  # type: ignore[union-attr]
        if text[window.position : window.position + 1] == "{":
            self._refuse_rest(window)
            return False
        member = _MEMBER.match(text, window.position)
        if member is None:
            return self._waits(window)
        return self._pass_value(window, member)

    def _refuse_rest(self, window: TextWindow) -> None:
        """Say what stands behind the end, once enough of it is there to be shown."""
        shown = window.text[window.position : window.position + _SHOWN]
        if len(shown) < _SHOWN and not window.closed:
            window.want_more()
        else:
            self.fault = problem("invalid_json.after_end", value=excerpt(shown), line=window.line)

    def _pass_value(self, window: TextWindow, member: re.Match[str]) -> bool:
        text, at = window.text, member.end()
        if member[2] not in "[{":
            plain = _PLAIN.match(text, at)
            if plain is None:
                return self._waits(window)
            window.pass_to(plain.end())
            return True
        is_event = self._begins_with_event(text, at) if member[2] == "[" else False
        if is_event is None and not self._waits(window):
            return False
        if is_event:
            self.names.append(excerpt(member[1]))
        self._is_lost = False
        window.pass_to(at)
        self._passed = PassedValue(window.line, is_line=False)
        return True

    def _begins_with_event(self, text: str, at: int) -> bool | None:
        first = _FIRST_OBJECT.match(text, at)
        if first is None:
            return None
        return self._is_event(first.end() - 1) if first[1] else False

    def _waits(self, window: TextWindow) -> bool:
        """Wait for more; where none will come, or too much has, what follows is not looked at."""
        rest = len(window.text) - window.position
        if rest == 0:
            return False
        self._is_lost = window.closed or rest > _MOST
        if self._is_lost:
            return True
        window.want_more()
        return False
