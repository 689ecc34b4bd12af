"""One shared timer for all timeouts, because a timer per connection would cost too much."""

from collections.abc import Callable

Check = Callable[[float], float | None]
"""Called with the time when it is due; returns the time of its next call, or None."""


class TimerWheel:
    """Calls checks when they are due, with the precision of a tick."""

    def __init__(self, tick_seconds: float, now: float) -> None:
        self._tick_seconds = tick_seconds
        self._next = int(now / tick_seconds)
        self._due: dict[int, list[Check]] = {}

    def add(self, check: Check, at: float) -> None:
        """Call a check at that time or just after it."""
        tick = max(int(at / self._tick_seconds) + 1, self._next)
        self._due.setdefault(tick, []).append(check)

    def turn(self, now: float) -> None:
        """Call the checks that are due."""
        while self._next <= int(now / self._tick_seconds):
            tick = self._next
            self._next += 1
            for check in self._due.pop(tick, ()):
                again = check(now)
                if again is not None:
                    self.add(check, again)
