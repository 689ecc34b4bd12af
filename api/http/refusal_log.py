"""Logs and counts answers that the server gives itself, without the application.

Whoever sends what is no HTTP pays nothing for it, so that lines are bounded; counts are exact.
"""

import logging
from collections.abc import Callable

from msgspec import Struct

from api.http.metrics import UNROUTED, Metrics
from api.http.request_log import METHODS, OTHER_METHOD, logged_path
from api.redaction import redact

LINES_A_MINUTE = 10
"""Of one status; the rest of a minute is counted in one line."""
MINUTE = 60.0

logger = logging.getLogger("fasttrack.access")


class Refusal(Struct, frozen=True):
    """An answer without the application.

    Attributes:
        status: as on the wire.
        detail: why, in our own words; nothing of the request is in it.
        method: as it came; empty where it could not be read.
        target: the request target as it came; empty where it could not be read.
        client: the address of the peer; None on a Unix socket.
        request_id: as in the answer's X-Request-ID.
        bytes: of the answer's body.
    """

    status: int
    detail: str
    method: str
    target: bytes
    client: str | None
    request_id: str
    bytes: int


class _Minute:
    """The lines of one status, from the first on."""

    __slots__ = ("began", "lines", "unlogged")

    def __init__(self, began: float) -> None:
        self.began = began
        self.lines = 0
        self.unlogged = 0


class RefusalLog:
    """Counts every refusal, and logs the first ten of each status in a minute."""

    def __init__(self, metrics: Metrics, clock: Callable[[], float]) -> None:
        self._metrics = metrics
        self._clock = clock
        self._minutes: dict[int, _Minute] = {}

    def record(self, refusal: Refusal) -> None:
        """Count a refusal, and log it if few were logged before."""
        method = refusal.method if refusal.method in METHODS else OTHER_METHOD
        self._metrics.count(method, UNROUTED, refusal.status)
        self.look()
        minute = self._minutes.setdefault(refusal.status, _Minute(self._clock()))
        if minute.lines == LINES_A_MINUTE:
            minute.unlogged += 1
        else:
            minute.lines += 1
            _log(refusal, method)

    def look(self) -> None:
        """Log how many lines a minute that has ended went without."""
        now = self._clock()
        for status in [*self._minutes]:
            if now - self._minutes[status].began >= MINUTE:
                _log_rest(status, self._minutes.pop(status))

    def close(self) -> None:
        """Log what is left at the end of the server."""
        while self._minutes:
            _log_rest(*self._minutes.popitem())


def _log(refusal: Refusal, method: str) -> None:
    # The target of a tunnel or an absolute URL may hold a name and a password.
    path = redact(logged_path(refusal.target)) if refusal.target.startswith(b"/") else "-"
    fields = {
        "method": method,
        "path": path,
        "route": UNROUTED,
        "status": refusal.status,
        "bytes": refusal.bytes,
        "client": refusal.client or "unix",
        "user": None,
        "request_id": refusal.request_id,
    }
    logger.info("%s %s %d: %s", method, path, refusal.status, refusal.detail, extra=fields)


def _log_rest(status: int, minute: _Minute) -> None:
    if minute.unlogged:
        told = "%d more requests were refused with %d in a minute"
        logger.warning(told, minute.unlogged, status, extra={"route": UNROUTED, "status": status})
