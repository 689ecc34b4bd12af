from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.end_to_end.server_process import ServerProcess

StartServer = Callable[..., ServerProcess]


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """Start real servers; whatever still runs at the end is stopped."""
    started: list[ServerProcess] = []

    def start(**settings: str) -> ServerProcess:
        folder = tmp_path / f"server{len(started)}"
        folder.mkdir()
        server = ServerProcess(folder, **settings)
        started.append(server)
        server.start()
        return server

    yield start
    for server in started:
        server.stop()
