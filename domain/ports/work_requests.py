"""The port for requests to the holder of a lease."""

from typing import Literal, Protocol

WorkRequest = Literal["stop_upload", "stop_task", "hand_over_upload", "undo_upload"]
"""To hand over is to release the lease on an import that rests until its next bytes come.

`undo_upload` stands with `stop_upload`, and its asker is a person: whoever ends the import begins its undo.
"""


class RequestStore(Protocol):
    """Requests to the process that has the lease on an import or a task."""

    async def put(self, request: WorkRequest, work_id: str, *, asker: str, at_ms: int) -> None:
        """Store a request; repeating it renews it."""
        ...

    async def pending(self, request: WorkRequest, owner: str, *, since_ms: int = 0) -> dict[str, str]:
        """Return the requests for imports or tasks of `owner` since `since_ms`, and who made them."""
        ...

    async def is_pending(self, request: WorkRequest, work_id: str) -> bool:
        """Return whether there is a request for one import or task."""
        ...

    async def asker(self, request: WorkRequest, work_id: str) -> str | None:
        """Return who made a request for one import or task; None where nobody did."""
        ...

    async def purge(self, *, before_ms: int, limit: int) -> int:
        """Delete some older requests; return how many."""
        ...

    async def clear(self, request: WorkRequest, work_id: str) -> None:
        """Delete a request, if it exists."""
        ...
