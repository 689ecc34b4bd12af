"""What had to be counted, kept until events change."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")

KEPT = 200


class CountCache:
    """A cache of counts for one version of the events.

    Each page of a list asks for the same total; and what several ask for at once is counted once.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, tuple[int, Any]] = OrderedDict()
        self._counting: dict[tuple[Hashable, int], asyncio.Event] = {}

    async def of(self, asked: Hashable, version: int, count: Callable[[], Awaitable[T]]) -> T:
        """Return the cached count of this version, or count."""
        while (known := self._kept.get(asked)) is None or known[0] != version:
            counting = self._counting.get((asked, version))
            if counting is None:
                total = await self._count(asked, version, count)
                self._keep(asked, version, total)
                return total
            # The one that counts may be cancelled or fail: then the next that waits counts.
            await counting.wait()
        self._kept.move_to_end(asked)
        found: T = known[1]
        return found

    async def _count(self, asked: Hashable, version: int, count: Callable[[], Awaitable[T]]) -> T:
        done = self._counting[asked, version] = asyncio.Event()
        try:
            return await count()
        finally:
            del self._counting[asked, version]
            done.set()

    def _keep(self, asked: Hashable, version: int, total: Any) -> None:
        self._kept[asked] = (version, total)
        self._kept.move_to_end(asked)
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
