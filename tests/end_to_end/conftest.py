import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.contracts.conftest import postgres, postgres_database
from tests.end_to_end.deployments import Deployment
from tests.end_to_end.server_process import ServerProcess

__all__ = ["postgres"]

StartServer = Callable[..., ServerProcess]


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """Start real servers; whatever still runs at the end is stopped."""
    started: list[ServerProcess] = []

    def start(**settings: str) -> ServerProcess:
        server = ServerProcess(Path(tempfile.mkdtemp(prefix="server", dir=tmp_path)), **settings)
        started.append(server)
        server.start()
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture(
    params=[
        pytest.param(1, id="one"),
        pytest.param(2, id="two"),
        pytest.param(3, id="three"),
    ]
)
def deployment(request: pytest.FixtureRequest, start_server: StartServer) -> Iterator[Deployment]:
    """One server over SQLite, two and three over one PostgreSQL."""
    if request.param == 1:
        yield Deployment([start_server()])
        return
    request.getfixturevalue("postgres")
    with postgres_database() as url:
        yield Deployment([start_server(database_url=url) for _ in range(request.param)])
