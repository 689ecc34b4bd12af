"""Log lines for people or for machines; never a query string, never a secret."""

import logging
import logging.config
import time
from typing import Any, Literal

import msgspec

from api.http.access_log import AccessLines
from api.redaction import Redaction
from domain.ports.errors import StorageError

logger = logging.getLogger("fasttrack.server")

_EXTRAS = ("request_id", "ms", "user", "upload_id", "task_id")
_FIELDS = ("method", "path", "route", "status", "bytes", "client", *_EXTRAS)
"""What machines get, too; for people the message has the most of it."""


class JsonLines(logging.Formatter):
    """One JSON object a line: at, level, logger, message, and what the caller added."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        at = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03d}Z"
        line: dict[str, Any] = {"at": at, "level": record.levelname.lower(), "logger": record.name}
        line["message"] = record.getMessage()
        line |= {name: getattr(record, name) for name in _FIELDS if hasattr(record, name)}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line, enc_hook=str).decode()


class ConsoleLines(logging.Formatter):
    """Time, level, message and extras, for a terminal."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # the name is logging's
        """Return the line without an exception."""
        found = [(name, getattr(record, name, None)) for name in _EXTRAS]
        extras = [f"{name}={value}" for name, value in found if value is not None]
        return "  ".join([super().formatMessage(record), *extras])


class WithoutQueries(logging.Filter):
    """Cuts query strings from paths: uvicorn logs those of WebSockets, and a query may hold a ticket."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep every record, with its paths cut."""
        if isinstance(record.args, tuple):
            record.args = tuple(_cut(argument) for argument in record.args)
        return True


class WithoutLifespan(logging.Filter):
    """Drops uvicorn's tracebacks of a lifespan that fails: the two functions below log them, once."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep every record but that of the lifespan."""
        return not record.pathname.endswith("uvicorn/lifespan/on.py")


class JobFailedError(Exception):
    """A background job failed, and the log has the reason already; it is the `__cause__`."""


def log_failed_start(error: BaseException) -> None:
    """Log why the server does not start: in one line if the operator can fix it."""
    cause = next(iter(_unlogged(error)), None)
    if cause is None:
        return
    if isinstance(cause, (StorageError, OSError)):
        logger.critical("cannot start: %s", cause)
    else:
        logger.critical("cannot start", exc_info=error)


def log_failed_services(error: BaseException) -> None:
    """Log why a server ends that has served, unless the log has each reason."""
    if _unlogged(error):
        logger.critical("the server stops, because a part of it failed", exc_info=error)


def _unlogged(error: BaseException) -> list[BaseException]:
    """Return the single errors in an error whose reason the log does not have yet."""
    if isinstance(error, BaseExceptionGroup):
        return [one for inner in error.exceptions for one in _unlogged(inner)]
    return [] if isinstance(error, JobFailedError) else [error]


def _cut(argument: object) -> object:
    if isinstance(argument, str) and argument.startswith("/"):
        return argument.partition("?")[0]
    return argument


def configure_logs(form: Literal["console", "json"], level: str) -> None:
    """Send every logger of the process to stderr in one form."""
    formatter = JsonLines if form == "json" else ConsoleLines
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "filters": {
                "without_queries": {"()": WithoutQueries},
                "without_secrets": {"()": Redaction},
                "without_lifespan": {"()": WithoutLifespan},
            },
            "formatters": {"lines": {"()": formatter}},
            "handlers": {
                "stderr": {
                    "class": "logging.StreamHandler",
                    "formatter": "lines",
                    "filters": ["without_queries", "without_secrets", "without_lifespan"],
                },
                "access": {"()": AccessLines, "form": form},
            },
            "root": {"handlers": ["stderr"], "level": "WARNING"},
            "loggers": {
                **{name: {"level": level.upper()} for name in ("fasttrack", "api", "streams")},
                "fasttrack.access": {"handlers": ["access"]},
                "uvicorn.error": {"level": level.upper() if level != "info" else "WARNING"},
            },
        }
    )
