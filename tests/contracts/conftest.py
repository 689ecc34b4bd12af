"""The adapters that the contract suites run over."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api.storage.store import SqlStore, open_store
from streams.ports import StoredMessage


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def told() -> list[StoredMessage]:
    """The messages that the store told after its commits."""
    return []


@pytest.fixture
async def store(tmp_path: Path, told: list[StoredMessage]) -> AsyncIterator[SqlStore]:
    opened = await open_store("", committed=told.extend, data_dir=tmp_path, timezone="America/Recife")
    yield opened
    await opened.aclose()
