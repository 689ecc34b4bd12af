"""Finds the end of a JSON value that is too long, or too deep, to be kept."""

import re

_OUTSIDE = re.compile(r'[^"{}\[\]]*+')
_IN_STRING = re.compile(r'(?:[^"\\]|\\.)*+', re.DOTALL)
_IN_LINE = re.compile(r'(?:[^"\\\r\n]|\\.)*+', re.DOTALL)


class PassedValue:
    """Counts brackets outside strings as the text comes; what they hold is not looked at.

    Attributes:
        line: the line on which the value begins.
        has_ended: whether its end was found.
    """

    def __init__(self, line: int, *, is_line: bool) -> None:
        """Start at the first bracket. Where `is_line`, a line break in a string ends the value."""
        self.line = line
        self.has_ended = False
        self._depth = 0
        self._is_in_string = False
        self._string = _IN_LINE if is_line else _IN_STRING

    def pass_in(self, text: str, at: int) -> int:
        """Return the index behind what was passed; half an escape at the end is left for later."""
        while at < len(text) and not self.has_ended:
            if self._is_in_string:
                at = self._string.match(text, at).end()  # type: ignore[union-attr] # matches anything
                if text[at : at + 1] == "\\":
                    break
                self._is_in_string = at == len(text)
                self.has_ended = text[at : at + 1] in ("\r", "\n")
                at += text[at : at + 1] == '"'
                continue
            at = _OUTSIDE.match(text, at).end()  # type: ignore[union-attr] # matches anything
            mark = text[at : at + 1]
            self._is_in_string = mark == '"'
            self._depth += (mark in ("{", "[")) - (mark in ("}", "]"))
            at += bool(mark)
            self.has_ended = bool(mark) and self._depth == 0
        return at
