"""The numbers that docs/operating.md gives are those of the program."""

from pathlib import Path

from api.settings import Settings
from api.storage.postgres import database

GUIDE = (Path(__file__).parents[2] / "docs" / "operating.md").read_text()


def test_a_process_has_as_many_connections_as_the_guide_says() -> None:
    assert Settings().database_connections == database.CONNECTIONS
    assert f"at most {database.CONNECTIONS} a process" in GUIDE
