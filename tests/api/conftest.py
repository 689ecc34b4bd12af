"""A real server for the tests of routes: uvicorn on a free port, SQLite in a folder of the test."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import uvicorn

from api.app import create_app
from api.settings import Settings

Serving = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def serving(tmp_path: Path) -> Serving:
    """Return how to serve with some settings for the length of a block; it gives a client."""

    @asynccontextmanager
    async def serve(**settings: Any) -> AsyncIterator[httpx.AsyncClient]:
        chosen = replace(Settings(data_dir=tmp_path / "data", port=0), **settings)
        config = uvicorn.Config(create_app(chosen), port=0, log_config=None, access_log=False, lifespan="on")
        server = uvicorn.Server(config)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.serve)
            with anyio.fail_after(20):
                while not server.started:
                    assert not server.should_exit, "the server did not start"
                    await anyio.sleep(0.005)
            port = server.servers[0].sockets[0].getsockname()[1]
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
                yield client
            server.should_exit = True

    return serve


@pytest.fixture
async def client(serving: Serving) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an open server with an empty store."""
    async with serving() as client:
        yield client
