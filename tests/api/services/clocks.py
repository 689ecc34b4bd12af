"""A clock for properties in which leases end: it goes by what is done, not by the machine."""


class ClockOfLooks:
    """Shows a later time at each look: a lease ends after as many on a slow machine as on a fast one.

    A clock that runs faster than the real one ends leases that a busy machine had no time to renew, and
    what is promised only of servers that get some time fails.
    """

    def __init__(self, start_ms: int, *, each_look_ms: int) -> None:
        self._now_ms = start_ms
        self._each_look_ms = each_look_ms

    def __call__(self) -> int:
        self._now_ms += self._each_look_ms
        return self._now_ms

    def let_pass(self, milliseconds: int) -> None:
        """Let so much time have passed."""
        self._now_ms += milliseconds
