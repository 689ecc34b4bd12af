"""A store whose commits fail as a test says: refused with nothing done, or done with their answer lost."""

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Any, Literal, cast

import anyio
from hypothesis import strategies as st

from api.services.store import Snapshot, Store, Transaction
from domain.ports.blobs import BlobStore
from domain.ports.errors import StorageUnavailableError
from streams.ports import FeedReader

Outcome = Literal["answered", "refused", "lost", "waiting"]

SCHEDULES = st.lists(
    st.tuples(st.sampled_from(("answered", "refused", "lost")), st.integers(0, 4)), max_size=16
)
"""Of the first operations: how each goes, and the milliseconds until that is known."""


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
    """A store whose commits go as a schedule has it; those after its end are answered.

    So do its snapshots, its blobs and reads of its feed, by a schedule of their own.
    """

    def __init__(
        self,
        store: Store,
        schedule: Iterable[tuple[Outcome, int]],
        others: Iterable[tuple[Outcome, int]] = (),
    ) -> None:
        super().__init__(store)
        self._schedule = iter(schedule)
        self._others = iter(others)
        self.blobs = cast("BlobStore", _ScheduledCalls(store.blobs, self._others))
        self.feed = cast("FeedReader", _ScheduledCalls(store.feed, self._others))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        outcome, milliseconds = next(self._schedule, ("answered", 0))
        self.next_is(outcome)
        try:
            async with super().transaction() as tx:
                yield tx
        finally:
            await rest(milliseconds)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Snapshot]:
        outcome, milliseconds = next(self._others, ("answered", 0))
        await rest(milliseconds)
        if outcome != "answered":
            raise StorageUnavailableError("there is no store")
        async with self._store.snapshot() as snapshot:
            yield snapshot


class _ScheduledCalls:
    """A port whose operations are refused, done, or done with their answer lost."""

    def __init__(self, port: object, schedule: Iterator[tuple[Outcome, int]]) -> None:
        self._port = port
        self._schedule = schedule

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self._port, name)

        async def attempt(*arguments: Any, **named: Any) -> Any:
            outcome, milliseconds = next(self._schedule, ("answered", 0))
            if outcome == "refused":
                raise StorageUnavailableError("there is no store")
            answer = await operation(*arguments, **named)
            await rest(milliseconds)
            if outcome == "lost":
                raise StorageUnavailableError("the answer was lost")
            return answer

        return attempt


async def rest(milliseconds: int) -> None:
    """Let others go on for so long."""
    if milliseconds:
        await anyio.sleep(milliseconds / 1000)
