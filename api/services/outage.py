"""An outage of the store as one loop meets it."""

import logging

LONGEST_PAUSE_SECONDS = 5.0
"""Between two tries: so soon a loop goes on when the store answers again."""


class Outage:
    """Says once that a loop waits for the store, and how long to wait before each next try."""

    def __init__(self, log: logging.Logger, sentence: str, *, first_pause_seconds: float) -> None:
        """Log `sentence` with the reason at the start of each outage."""
        self._log = log
        self._sentence = sentence
        self._first = self._pause = first_pause_seconds
        self._is_known = False

    def pause(self, error: Exception) -> float:
        """Note a try that failed, and return for how many seconds to wait."""
        if not self._is_known:
            self._log.warning("%s: %s", self._sentence, error)
        self._is_known = True
        pause, self._pause = self._pause, max(self._pause, min(2 * self._pause, LONGEST_PAUSE_SECONDS))
        return pause

    def over(self) -> None:
        """Note a try that succeeded."""
        self._pause, self._is_known = self._first, False
