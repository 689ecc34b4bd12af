"""The port for rate limits."""

from typing import Protocol


class RateLimiter(Protocol):
    """Counts calls under a key: in one process, or over all that share a store."""

    async def take(self, key: str, limit: int) -> int:
        """Count one; return 0, or the seconds to wait when the limit was reached before."""
        ...
