"""Hides secrets in all log lines, also in those of libraries."""

import logging
import re
from typing import Any

HIDDEN = "[hidden]"

_SECRETS = re.compile(
    r"""
    (?P<token>\bft_[A-Za-z0-9_-]{8,}|\bfc_[A-Za-z0-9_-]{40,}|\bwhsec_[A-Za-z0-9+/=]{8,})
    | (?P<query>(?:^|(?<=[?&;\s"']))(?:ticket|(?:access_)?token|api_?key|(?:ssl)?password|secret)=)[^&\s"'\#]*
    | (?P<userinfo>://[^\s/@:"']*:)[^\s@"']+(?=@)
    | (?P<scheme>\b(?:Bearer|Basic)\s+)[A-Za-z0-9._~+/=-]{8,}
    | (?P<cookie>\b(?:ft_session|ft_client)=)[^;,\s"']*
    """,
    re.VERBOSE | re.IGNORECASE,
)


_SECRET = re.compile(
    r"(?<![A-Za-z0-9])(?:ft_|fc_|whsec_)[A-Za-z0-9_-]{8}|(?:ft_|fc_)[A-Za-z0-9_-]{40}"
    r"|(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])"
)
"""The secrets of tickets, sessions and browsers have no prefix: they are 32 bytes in base64url."""


def is_secret(text: str) -> bool:
    """Return whether a text without blanks has, or may have, one of our secrets in it."""
    return _SECRET.search(text) is not None


def redact(text: str) -> str:
    """Return the text with tokens, tickets, authorization values and cookies hidden."""
    if "_" not in text and "=" not in text and " " not in text and "@" not in text:
        return text  # Every secret has one of them; most paths have none.
    return _SECRETS.sub(_keep_the_name, text)


def _keep_the_name(found: re.Match[str]) -> str:
    return (found["query"] or found["userinfo"] or found["scheme"] or found["cookie"] or "") + HIDDEN


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
