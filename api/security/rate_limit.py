"""Rate limits per person and minute."""

import time
from collections.abc import Callable

WINDOW_SECONDS = 60.0
_SWEEP_AT = 10_000


class MemoryRateLimiter:
    """A window of a minute that opens with a key's first call, in the memory of this process.

    A window, not a bucket that refills: "600 a minute" then means the 601st is refused, and
    Retry-After is the exact rest.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._windows: dict[str, tuple[float, int]] = {}
        self._sweep_at = _SWEEP_AT

    async def take(self, key: str, limit: int) -> int:
        """Count one; return 0, or the seconds to wait when the limit was reached before."""
        began, count = self._window(key)
        if count >= limit:
            return self._rest(began)
        if count == 0:
            self._sweep()
        self._windows[key] = (began, count + 1)
        return 0

    def _window(self, key: str) -> tuple[float, int]:
        now = self._clock()
        began, count = self._windows.get(key, (now, 0))
        return (began, count) if now - began < WINDOW_SECONDS else (now, 0)

    def _rest(self, began: float) -> int:
        return max(1, int(began + WINDOW_SECONDS - self._clock()) + 1)

    def _sweep(self) -> None:
        """Forget closed windows when there are many, so that strangers cannot fill the memory."""
        if len(self._windows) >= self._sweep_at:
            now = self._clock()
            self._windows = {
                key: window for key, window in self._windows.items() if now - window[0] < WINDOW_SECONDS
            }
            # Where most are open still, the next look waits until as many again have come.
            self._sweep_at = max(_SWEEP_AT, 2 * len(self._windows))
