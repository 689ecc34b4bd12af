"""Waits for the check of a staged import."""

from typing import Any

import anyio
import httpx

UPLOADS = "/api/v1/uploads"


async def checked(http: httpx.AsyncClient, **params: Any) -> dict[str, Any]:
    """Check the staged import `x`, and return the task when it has ended."""
    task: dict[str, Any] = (await http.post(f"{UPLOADS}/x/check", params=params)).json()
    with anyio.fail_after(60):
        while task["status"] not in ("completed", "failed"):
            await anyio.sleep(0.02)
            task = (await http.get(task["links"]["self"])).json()
    return task
