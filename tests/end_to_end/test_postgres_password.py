"""A database that asks for a password: every command gives it, and none shows it."""

from pathlib import Path
from urllib.parse import quote

import anyio
from click.testing import CliRunner

from api.__main__ import main
from api.storage.store import open_store
from tests.end_to_end.postgres_process import PostgresProcess, postgres_process

PASSWORD = "p:@/ ?%&*ç"


def _asking_for_passwords(process: PostgresProcess, name: str) -> str:
    """Return the URL of a database that only its owner enters, by a password."""
    rules = process.data / "pg_hba.conf"
    rules.write_text(f"host {name} all 127.0.0.1/32 scram-sha-256\n{rules.read_text()}")
    process.sql(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")
    process.sql(f"CREATE DATABASE {name} OWNER {name} ENCODING 'UTF8' TEMPLATE template0")
    process.sql("SELECT pg_reload_conf()")
    return f"postgresql://{name}:{quote(PASSWORD, safe='')}@127.0.0.1:{process.port}/{name}"


def _run(url: str, folder: Path, *arguments: str) -> str:
    environment = {"FASTTRACK_DATABASE_URL": url, "FASTTRACK_DATA_DIR": str(folder)}
    done = CliRunner().invoke(main, arguments, env=environment)
    assert done.exit_code == 0, done.output
    assert PASSWORD not in done.output
    return done.output


def test_a_backup_is_made_and_restored_with_the_password_of_the_url(tmp_path: Path) -> None:
    async def make_store(url: str) -> None:
        store = await open_store(url, committed=lambda _: None, data_dir=tmp_path, timezone="UTC")
        await store.aclose()

    with postgres_process() as process:
        source, target = (_asking_for_passwords(process, name) for name in ("ana", "bia"))
        anyio.run(make_store, source)
        file = tmp_path / "backup"
        _run(source, tmp_path, "doctor")
        _run(source, tmp_path, "backup", str(file))
        _run(target, tmp_path, "restore", str(file))
        _run(target, tmp_path, "backup", str(tmp_path / "again"))
