"""What the metrics say of webhooks: attempts, what waits and for how long, how many are disabled."""

from collections.abc import Mapping
from typing import get_args

from domain.webhooks import Attempt, DisabledBecause

MOST_PENDING = 10_000
"""So many messages of one webhook are counted: more is as bad, and counting takes time."""

RESULTS = ("delivered", "refused", "unreached")
STATES = ("enabled", *get_args(DisabledBecause))


class Figures:
    """Counts of one process, but for `states`, which is of the store.

    Attributes:
        attempts: by result: a 2xx, another status, no answer. They never fall.
        states: how many webhooks are enabled, or disabled for which cause.
        pending: messages that the webhooks of this process have not delivered, as of the last look.
        oldest_ms: when the oldest of them was published; None where there is none.
    """

    def __init__(self) -> None:
        self.attempts = dict.fromkeys(RESULTS, 0)
        self.states = dict.fromkeys(STATES, 0)
        self.pending = 0
        self.oldest_ms: int | None = None

    def note(self, attempt: Attempt) -> None:
        """Count one attempt."""
        self.attempts["delivered" if attempt.succeeded else "refused" if attempt.status else "unreached"] += 1

    def note_states(self, counts: Mapping[str, int]) -> None:
        """Take the counts of webhooks by state; a state that is not among them has none."""
        self.states = {state: counts.get(state, 0) for state in STATES}

    def oldest_seconds(self, now_ms: int) -> float:
        """Return for how long the oldest message has waited, 0 where none does."""
        return 0.0 if self.oldest_ms is None else max(0, now_ms - self.oldest_ms) / 1000
