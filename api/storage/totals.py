"""What had to be counted, kept until events change."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")

KEPT = 200


class Totals:
    """What was counted as of a version of the events.

    Whoever pages through a list asks for the same total with every page.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, tuple[int, Any]] = OrderedDict()

    async def of(self, asked: Hashable, version: int, count: Callable[[], Awaitable[T]]) -> T:
        """Return what is known of this version, else count."""
        known = self._kept.get(asked)
        if known is None or known[0] != version:
            known = (version, await count())
            self._kept[asked] = known
        self._kept.move_to_end(asked)
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        total: T = known[1]
        return total
