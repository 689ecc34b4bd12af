"""A real server for the tests of routes, SQLite in a folder of the test."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving import serving as serving_in

Serving = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def serving(tmp_path: Path) -> Serving:
    """Return how to serve with some settings for the length of a block; it gives a client."""

    @asynccontextmanager
    async def serve(**settings: Any) -> AsyncIterator[httpx.AsyncClient]:
        async with serving_in(tmp_path / "data", **settings) as served, served.client() as client:
            yield client

    return serve


@pytest.fixture
async def client(serving: Serving) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an open server with an empty store."""
    async with serving() as client:
        yield client
