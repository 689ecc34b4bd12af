"""Finds the end of a JSON value that is too long, or too deep, to be kept."""

import re

_OUTSIDE = re.compile(r'[^"{}\[\]]*+')


class _Patterns:
    """What is passed at once: in a text, and within a value, where nothing deeper is."""

    def __init__(self, plain: str) -> None:
        """`plain` are the characters of a text, but for escapes."""
        text = rf'"{plain}*+(?:\\.{plain}*+)*+"'
        flat = rf'(?:[^"{{}}\[\]]++|{text})*+'
        self.in_text = re.compile(rf"{plain}*+(?:\\.{plain}*+)*+", re.DOTALL)
        self.within = re.compile(
            rf'(?:[^"{{}}\[\]]++|{text}|\{{{flat}\}}|\[{flat}\])*+',
            re.DOTALL,
        )


_OF_FILE = _Patterns(r'[^"\\]')
_OF_LINE = _Patterns(r'[^"\\\r\n]')


class PassedValue:
    """Counts brackets outside texts as the value comes; what they hold is not looked at.

    Attributes:
        line: the line on which the value begins.
        has_ended: whether its end was found.
    """

    def __init__(self, line: int, *, is_line: bool) -> None:
        """Start at the first bracket, or the quote of a text.

        Where `is_line`, a line break in a text ends the value.
        """
        self.line = line
        self.has_ended = False
        self._depth = 0
        self._is_in_text = False
        self._patterns = _OF_LINE if is_line else _OF_FILE

    def pass_in(self, text: str, at: int) -> int:
        """Return the index behind what was passed; half an escape at the end is left for later."""
        while at < len(text) and not self.has_ended:
            if self._is_in_text:
                at = self._patterns.in_text.match(text, at).end()  # type: ignore[union-attr] # matches anything
                mark = text[at : at + 1]
                if mark == "\\":
                    break
                self._is_in_text = not mark
                self.has_ended = mark in ("\r", "\n") or (mark == '"' and self._depth == 0)
                at += mark == '"'
                continue
            passed = self._patterns.within if self._depth else _OUTSIDE
            at = passed.match(text, at).end()  # type: ignore[union-attr] # matches anything
            mark = text[at : at + 1]
            self._is_in_text = mark == '"'
            self._depth += (mark in ("{", "[")) - (mark in ("}", "]"))
            at += bool(mark)
            self.has_ended = mark in ("}", "]") and self._depth <= 0
        return at
