"""How much a busy caller is given ahead, so that the database is not asked about each."""

AHEAD_SECONDS = 0.05
"""As much as is wanted in this time, at the rate since the last time that the database was asked."""
MOST_AHEAD = 256


def wanted_ahead(given: int, seconds: float) -> int:
    """Return how many to ask for ahead, by how many were given in the last seconds.

    None for one who asks now and then.
    """
    return min(given, MOST_AHEAD, int(given * AHEAD_SECONDS / max(seconds, AHEAD_SECONDS / MOST_AHEAD)))
