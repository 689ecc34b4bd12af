"""The analysis of all events as a task."""

from datetime import UTC, datetime, tzinfo
from typing import Any

import anyio.to_thread

from api.services.store import Store
from api.services.task_report import Clock, Report
from domain.analysis import Analysis
from domain.ports.events import EventFilter
from domain.tasks import Task


class AnalysisTask:
    """Reads every event once, in chunks, and returns the analysis."""

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
            await report.log("analysis.reading", events=total)
            async for chunk in snapshot.events.scan(EventFilter()):
                # A thread, so that the fold of a chunk never holds up those who watch.
                await anyio.to_thread.run_sync(fold.add, chunk)
                await report.progress(95 * fold.events / max(total, fold.events), "analysis.reading")
        await report.progress(96, "analysis.concluding")
        result = fold.result()
        for code, params in _conclusions(result).items():
            await report.log(code, **params)
        return result

    async def discard(self, task: Task) -> None:
        """Do nothing: an analysis keeps everything in memory."""


def _conclusions(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what the log ends with: codes of sentences, and their parameters."""
    found = {"events": result["events"], "cities": len(result["by_city"]), "upcoming": result["upcoming"]}
    over = result["capacity_against_participants"]["over_capacity"]["count"]
    return {
        "analysis.found": found,
        "analysis.over_capacity": {"count": over},
        "analysis.likely_duplicates": {"count": result["likely_duplicates"]["count"]},
        "analysis.not_accessible": {"count": result["past_events_not_accessible"]["count"]},
    }
