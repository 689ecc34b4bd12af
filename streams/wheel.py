"""One shared tick for all that waits: a timer a connection would cost more than the connection."""

from collections.abc import Callable

Check = Callable[[float], float | None]
"""Called with the time when it is due; returns when it wants to be called again, None for never."""


class Wheel:
    """Calls checks when they are due, to the tick."""

    def __init__(self, tick_seconds: float, now: float) -> None:
        self._tick_seconds = tick_seconds
        self._next = int(now / tick_seconds)
        self._due: dict[int, list[Check]] = {}

    def add(self, check: Check, at: float) -> None:
        """Have a check called at or just after that time."""
        tick = max(int(at / self._tick_seconds) + 1, self._next)
        self._due.setdefault(tick, []).append(check)

    def turn(self, now: float) -> None:
        """Call what is due."""
        while self._next <= int(now / self._tick_seconds):
            tick = self._next
            self._next += 1
            for check in self._due.pop(tick, ()):
                again = check(now)
                if again is not None:
                    self.add(check, again)
