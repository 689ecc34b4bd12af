"""The places of a pool: so many connections at most, and a queue of those who wait for one."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from domain.ports.errors import StorageUnavailableError

C = TypeVar("C")


class Places(Generic[C]):
    """Hands out the places of connections, in the order in which they were asked for.

    Attributes:
        taken: places that have a connection, or somebody who opens one.

    Args:
        give_back: takes back a connection that came to somebody who was gone in that moment.
    """

    def __init__(self, size: int, wait_seconds: float, give_back: Callable[[C], None]) -> None:
        self.taken = 0
        self._size = size
        self._wait_seconds = wait_seconds
        self._give_back = give_back
        self._queue: deque[asyncio.Future[C | None]] = deque()

    async def take(self) -> C | None:
        """Return a connection that another one has used; None where the caller has a place to open one.

        Raises:
            StorageUnavailableError: neither came in time.
        """
        if self.taken < self._size:
            self.taken += 1
            return None
        turn: asyncio.Future[C | None] = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            async with asyncio.timeout(self._wait_seconds):
                return await turn
        except BaseException as error:
            self._decline(turn)
            if isinstance(error, TimeoutError):
                raise StorageUnavailableError("every connection to the store is busy") from error
            raise

    def pass_on(self, connection: C | None) -> bool:
        """Give a connection, or its place alone, to who has waited longest; False where nobody waits."""
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(connection)
                return True
        return False

    def leave(self) -> None:
        """Leave a place whose connection is closed, or was not opened."""
        if not self.pass_on(None):
            self.taken -= 1

    def _decline(self, turn: "asyncio.Future[C | None]") -> None:
        if not turn.done() or turn.cancelled():
            return
        given = turn.result()
        if given is None:
            self.leave()
        else:
            self._give_back(given)
