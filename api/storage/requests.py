"""What is asked of the process that works on an import or a task."""

from collections.abc import Sequence

import sqlalchemy as sa

from api.storage.schema import work_requests
from api.storage.unit import Unit
from domain.ports import WorkRequest


class SqlRequests:
    """Requests of one unit of work. Source: `domain.ports.RequestStore`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    async def put(self, request: WorkRequest, work_id: str, *, asker: str, at_ms: int) -> None:
        """Ask; to ask again makes the request new."""
        insert = self._unit.insert(work_requests).values(request=request, work_id=work_id)
        news = {"asker": asker, "at_ms": at_ms}
        key = ["request", "work_id"]
        await self._unit.run(insert.values(news).on_conflict_do_update(index_elements=key, set_=news))

    async def pending(
        self, request: WorkRequest, work_ids: Sequence[str], *, since_ms: int = 0
    ) -> dict[str, str]:
        """Return of which of these it is asked, not before `since_ms`, and by which process last."""
        found = sa.select(work_requests.c.work_id, work_requests.c.asker).where(
            work_requests.c.request == request,
            work_requests.c.work_id.in_(work_ids),
            work_requests.c.at_ms >= since_ms,
        )
        return {row.work_id: row.asker for row in await self._unit.rows(found)}

    async def clear(self, request: WorkRequest, work_id: str) -> None:
        """Forget a request; absent is fine."""
        own = (work_requests.c.request == request, work_requests.c.work_id == work_id)
        await self._unit.run(sa.delete(work_requests).where(*own))
