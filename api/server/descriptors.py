"""Detects that file descriptors have run out, which libuv does not report."""

import errno
import logging
import os
import resource
from collections.abc import Callable

LOG_SECONDS = 60.0

logger = logging.getLogger("fasttrack.server")


def is_one_left() -> bool:
    """Return whether another descriptor could be opened."""
    try:
        os.close(os.dup(0))
    except OSError as error:
        return error.errno not in (errno.EMFILE, errno.ENFILE)
    return True


class DescriptorWatch:
    """Logs that descriptors have run out, once a minute at most."""

    def __init__(self, clock: Callable[[], float], *, is_one_left: Callable[[], bool] = is_one_left) -> None:
        self._clock = clock
        self._is_one_left = is_one_left
        self._logged_at = -LOG_SECONDS

    def look(self) -> None:
        """Check, and log if descriptors have run out."""
        if self._clock() - self._logged_at < LOG_SECONDS or self._is_one_left():
            return
        self._logged_at = self._clock()
        most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        logger.error(
            "all %d file descriptors are in use: new connections are closed; raise `ulimit -n`", most
        )
