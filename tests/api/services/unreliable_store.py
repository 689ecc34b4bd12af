"""A store whose commits fail as a test says: refused with nothing done, or done with their answer lost."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, Literal

import anyio
from hypothesis import strategies as st

from api.services.store import Store, Transaction
from domain.ports.errors import StorageUnavailableError

Outcome = Literal["answered", "refused", "lost", "waiting"]

SCHEDULES = st.lists(
    st.tuples(st.sampled_from(("answered", "refused", "lost")), st.integers(0, 4)), max_size=16
)
"""Of the first commits: how each goes, and the milliseconds until that is known."""


class Unreliable:
    """A store whose next commit goes as it is told; one that is `waiting` does so until it `may_go_on`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._next: Outcome = "answered"
        self._of: int | None = None
        self.commits = anyio.Event()
        self.may_go_on = anyio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def next_is(self, outcome: Outcome, *, of_anyone: bool = False) -> None:
        """Have the next commit of this task, or of anyone, go so."""
        self._next, self._of = outcome, None if of_anyone else anyio.get_current_task().id

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        now: Outcome = "answered"
        if self._of in {None, anyio.get_current_task().id}:
            now, self._next = self._next, "answered"
        async with self._store.transaction() as tx:
            yield tx
            if now == "waiting":
                self.commits.set()
                await self.may_go_on.wait()
            if now == "refused":
                raise StorageUnavailableError("there is no store")
        if now == "lost":
            raise StorageUnavailableError("the answer was lost")


class Scheduled(Unreliable):
    """A store whose commits go as a schedule has it; those after its end are answered."""

    def __init__(self, store: Store, schedule: Iterable[tuple[Outcome, int]]) -> None:
        super().__init__(store)
        self._schedule = iter(schedule)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        outcome, milliseconds = next(self._schedule, ("answered", 0))
        self.next_is(outcome)
        try:
            async with super().transaction() as tx:
                yield tx
        finally:
            await rest(milliseconds)


async def rest(milliseconds: int) -> None:
    """Let others go on for so long."""
    if milliseconds:
        await anyio.sleep(milliseconds / 1000)
