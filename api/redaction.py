"""Hides secrets in all log lines, also in those of libraries."""

import logging
import re
from typing import Any

HIDDEN = "[hidden]"

_PREFIXED = (
    r"(?<![A-Za-z0-9])ft_[A-Za-z0-9_-]{8,}|(?-i:f[tc]_[A-Za-z0-9_-]{40,})"
    r"|(?<![A-Za-z0-9])whsec_[A-Za-z0-9+/=]{8,}"
)
_USERINFO = r"(?P<userinfo>://[^\s/@:\"']*:)[^\s@\"']{1,4000}+(?=@)"
_USER_OF_HOST = r"(?P<userinfo>://[^\s/@:\"']*:)[^\s/@\"']{1,4000}+(?=@)"
_NAMES = "ticket|(?:access_)?token|api_?key|(?:ssl)?password|secret"
# Each named group stands before a secret, and is kept.
_SECRETS = re.compile(
    rf"""
    {_PREFIXED}
    | (?P<query>(?:^|(?<=[?&;\s"']))(?:{_NAMES})=)[^&\s"'\#]*
    | {_USERINFO}
    | (?P<scheme>\b(?:Bearer|Basic)\s+)[A-Za-z0-9._~+/=-]{{8,}}
    | (?P<cookie>\b(?:ft_session|ft_client)=)[^;,\s"']*
    """,
    re.VERBOSE | re.IGNORECASE,
)
_IN_URL = re.compile(
    rf"{_PREFIXED}|{_USER_OF_HOST}|(?P<query>(?<=[?&;])(?:{_NAMES})=)[^&\s\"'\#]*", re.IGNORECASE
)
"""The secrets that a server finds in a URL once it is decoded. Other words of a path are no secrets."""
_SECRET_NAME = re.compile(f"{_NAMES}|key|(?:ft_)?session", re.IGNORECASE)
_ESCAPED = re.compile("%[0-9A-Fa-f]{2}")
_MOST_DECODINGS = 8
"""Of a server, and of the proxies before it; more than any way has."""

_SECRET = re.compile(
    r"(?<![A-Za-z0-9])(?:ft_|fc_|whsec_)[A-Za-z0-9_-]{8}|(?:ft_|fc_)[A-Za-z0-9_-]{40}"
    r"|(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])"
)
"""The secrets of tickets, sessions and browsers have no prefix: they are 32 bytes in base64url."""


def is_secret(text: str) -> bool:
    """Return whether a text without blanks has, or may have, one of our secrets in it."""
    return _SECRET.search(text) is not None


def names_secret(name: str) -> bool:
    """Return whether the value of a URL parameter of this name is a secret."""
    return _SECRET_NAME.fullmatch(name) is not None


def redact(text: str) -> str:
    """Return the text with tokens, tickets, authorization values and cookies hidden, however escaped."""
    if "%" in text:
        return _redact_escaped(text)
    if "_" not in text and "=" not in text and " " not in text and "@" not in text:
        return text  # Every secret has one of them; most paths have none.
    return _SECRETS.sub(_keep_the_name, text)


def _keep_the_name(found: re.Match[str]) -> str:
    return found.string[found.start() : _start(found)] + HIDDEN


def _start(found: re.Match[str]) -> int:
    """Return where the secret of a match begins: behind its name, if it has one."""
    return found.end(found.lastgroup) if found.lastgroup else found.start()


def _redact_escaped(text: str) -> str:
    """Return the text without what is a secret as it is, or becomes one when it is decoded.

    A secret may be escaped in part (`%66t_…`), and again by who passes it on (`%2566t_…`).
    """
    spans = [(_start(found), found.end()) for found in _SECRETS.finditer(text)]
    decoded, places = text, [*range(len(text) + 1)]
    for _ in range(_MOST_DECODINGS):
        if _ESCAPED.search(decoded) is None:
            break
        decoded, places = _decoded(decoded, places)
        spans += [(places[_start(found)], places[found.end()]) for found in _IN_URL.finditer(decoded)]
    return _without(text, sorted(spans)) if spans else text


def _decoded(text: str, places: list[int]) -> tuple[str, list[int]]:
    """Return a text decoded once, byte by byte, and for each place in it the one that it came from."""
    parts: list[str] = []
    came_from: list[int] = []
    end = 0
    for found in _ESCAPED.finditer(text):
        parts += text[end : found.start()], chr(int(found[0][1:], 16))
        came_from += places[end : found.start() + 1]
        end = found.end()
    return "".join([*parts, text[end:]]), came_from + places[end:]


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    """Return a text with each run of overlapping spans hidden."""
    parts: list[str] = []
    end = 0
    for start, stop in spans:
        if start >= end:
            parts += text[end:start], HIDDEN
        end = max(end, stop)
    return "".join([*parts, text[end:]])


class Redaction(logging.Filter):
    """Rewrites a record before any handler formats it; it never drops one.

    It belongs on handlers: a filter on a logger is skipped for the records of its children.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Hide secrets in the message, its arguments and the traceback."""
        # uvicorn's access formatter reads the arguments again, so they are kept apart.
        record.msg = _clean(record.msg)
        record.args = _clean_args(record.args)
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        return True


def _clean(value: Any) -> Any:
    """Return numbers as they are, and anything else as clean text only where cleaning changes it."""
    if value is None or isinstance(value, int | float):
        return value
    text = str(value)
    clean = redact(text)
    return value if clean == text else clean


def _clean_args(args: Any) -> Any:
    if isinstance(args, tuple):
        return tuple(_clean(value) for value in args)
    if isinstance(args, dict):
        return {name: _clean(value) for name, value in args.items()}
    return args
