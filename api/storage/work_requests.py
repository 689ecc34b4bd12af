"""Requests to the process that works on an import or a task."""

import sqlalchemy as sa

from api.storage.schema import tasks, uploads, work_requests
from api.storage.unit_of_work import Unit
from domain.ports.work_requests import WorkRequest

_WORK = {"stop_upload": uploads, "hand_over_upload": uploads, "undo_upload": uploads, "stop_task": tasks}


class SqlRequests:
    """Requests of one unit of work. Source: `domain.ports.work_requests.RequestStore`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    async def put(self, request: WorkRequest, work_id: str, *, asker: str, at_ms: int) -> None:
        """Store a request; repeating it renews it."""
        insert = self._unit.insert(work_requests).values(request=request, work_id=work_id)
        news = {"asker": asker, "at_ms": at_ms}
        key = ["request", "work_id"]
        await self._unit.run(insert.values(news).on_conflict_do_update(index_elements=key, set_=news))

    async def pending(self, request: WorkRequest, owner: str, *, since_ms: int = 0) -> dict[str, str]:
        """Return the requests for imports or tasks of `owner` since `since_ms`, and who made them."""
        work = _WORK[request]
        found = (
            sa.select(work_requests.c.work_id, work_requests.c.asker)
            .join(work, work.c.id == work_requests.c.work_id)
            .where(
                work_requests.c.request == request,
                work_requests.c.at_ms >= since_ms,
                work.c.lease_owner == owner,
            )
        )
        return {row.work_id: row.asker for row in await self._unit.rows(found)}

    async def is_pending(self, request: WorkRequest, work_id: str) -> bool:
        """Return whether there is a request for one import or task."""
        return await self.asker(request, work_id) is not None

    async def asker(self, request: WorkRequest, work_id: str) -> str | None:
        """Return who made a request for one import or task; None where nobody did."""
        own = (work_requests.c.request == request, work_requests.c.work_id == work_id)
        row = await self._unit.first(sa.select(work_requests.c.asker).where(*own))
        return None if row is None else str(row.asker)

    async def purge(self, *, before_ms: int, limit: int) -> int:
        """Delete some older requests; return how many."""
        key = sa.tuple_(work_requests.c.request, work_requests.c.work_id)
        old = work_requests.c.at_ms < before_ms
        some = sa.select(work_requests.c.request, work_requests.c.work_id).where(old).limit(limit)
        return await self._unit.run(sa.delete(work_requests).where(key.in_(some)))

    async def clear(self, request: WorkRequest, work_id: str) -> None:
        """Delete a request, if it exists."""
        own = (work_requests.c.request == request, work_requests.c.work_id == work_id)
        await self._unit.run(sa.delete(work_requests).where(*own))
