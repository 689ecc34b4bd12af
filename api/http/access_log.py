"""The log line of each answered request: the one that is written thousands of times a second.

`logging` makes a record of some thirty fields for each line, and asks filters and formatters one by one:
that was a fifth of a small request. Here the line is put together at once, in the form that `api.logs`
gives to all others. Where that is not set up (tests, other ASGI servers) the line is an ordinary record.
"""

import logging
import sys
import time
from functools import lru_cache
from typing import Any, BinaryIO, Literal

import msgspec

from api.redaction import redact

logger = logging.getLogger("fasttrack.access")


class AccessLines(logging.Handler):
    """Writes lines to stderr. A handler of the logger, so that logging's set-up adds and removes it."""

    def __init__(self, form: Literal["console", "json"]) -> None:
        super().__init__()
        self._line = _json_line if form == "json" else _console_line

    def emit(self, record: logging.LogRecord) -> None:
        """Nothing: records go to the handler of all loggers."""

    def write(self, fields: dict[str, Any]) -> None:
        """Write a line at once."""
        stream: BinaryIO = sys.stderr.buffer
        try:
            stream.write(self._line(fields))
            stream.flush()
        except OSError:
            # As logging does: whoever reads the log is gone, and the request must not fail for it.
            self.handleError(logging.makeLogRecord({"msg": "%s", "args": (fields["path"],)}))


def is_logging() -> bool:
    """Return whether answered requests are logged at all: then there is no need to describe one."""
    return logger.isEnabledFor(logging.INFO)


def log_access(fields: dict[str, Any]) -> None:
    """Log one answered request.

    Args:
        fields: method, path, route, status, bytes, client, request_id, ms and user, in this order; they
            are not the caller's any more.
    """
    if not is_logging():
        return
    for handler in logger.handlers:
        if isinstance(handler, AccessLines):
            fields["path"] = redact(fields["path"])
            handler.write(fields)
            return
    logger.info("%s %s %d", fields["method"], fields["path"], fields["status"], extra=fields)


def _message(fields: dict[str, Any]) -> str:
    return f"{fields['method']} {fields['path']} {fields['status']}"


@lru_cache(1)
def _clock(second: int) -> str:
    return time.strftime("%H:%M:%S", time.localtime(second))


@lru_cache(1)
def _date_and_clock(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


def _json_line(fields: dict[str, Any]) -> bytes:
    now = time.time()
    at = f"{_date_and_clock(int(now))}.{int(now % 1 * 1000):03d}Z"
    line = {"at": at, "level": "info", "logger": logger.name, "message": _message(fields)}
    return msgspec.json.encode(line | fields) + b"\n"


def _console_line(fields: dict[str, Any]) -> bytes:
    at = _clock(int(time.time()))
    line = f"{at} INFO    {_message(fields)}  request_id={fields['request_id']}  ms={fields['ms']}"
    if fields["user"] is not None:
        line += f"  user={fields['user']}"
    return f"{line}\n".encode(errors="backslashreplace")
