"""The analysis of all events as a task."""

from datetime import UTC, datetime, tzinfo
from typing import Any

import anyio.to_thread

from api.services.store import Store
from api.services.task_report import Clock, Report
from domain.analysis import Analysis
from domain.ports import EventFilter
from domain.tasks import Task


class AnalysisTask:
    """Reads every event once, in chunks, and keeps what the fold finds."""

    def __init__(self, store: Store, *, clock: Clock, timezone: tzinfo) -> None:
        self._store = store
        self._clock = clock
        self._timezone = timezone

    async def run(self, task: Task, report: Report) -> dict[str, Any]:
        """Return the analysis of the events as they were when it began."""
        del task
        now_ms = self._clock()
        fold = Analysis(now=datetime.fromtimestamp(now_ms / 1000, UTC), timezone=self._timezone)
        async with self._store.snapshot() as snapshot:
            total = (await snapshot.events.counts(now_us=now_ms * 1000)).events
            await report.log(f"analysing {total} events")
            async for chunk in snapshot.events.scan(EventFilter()):
                # A thread, so that the fold of a chunk never holds up those who watch.
                await anyio.to_thread.run_sync(fold.add, chunk)
                await report.progress(95 * fold.events / max(total, fold.events), "reading events")
        await report.progress(96, "drawing conclusions")
        result = fold.result()
        for line in _conclusions(result):
            await report.log(line)
        return result

    async def discard(self, task: Task) -> None:
        """Nothing is left behind: the fold lives in memory."""


def _conclusions(result: dict[str, Any]) -> list[str]:
    over = result["capacity_against_participants"]["over_capacity"]["count"]
    return [
        f"{result['events']} events in {len(result['by_city'])} cities, {result['upcoming']} still to come",
        f"{over} with more participants than their venue holds",
        f"{result['likely_duplicates']['count']} likely duplicates",
        f"{result['past_events_not_accessible']['count']} past events in a venue that is not accessible",
    ]
