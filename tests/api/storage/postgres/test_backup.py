"""What a restore into PostgreSQL may replace, and what it leaves to administrators and other programs."""

import asyncio
import secrets
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from click.testing import CliRunner, Result

from api.__main__ import main
from api.storage.migrate import LOCK
from api.storage.postgres.backup_contents import Shared, made_at_the_end, replaced, without
from tests.api.storage.postgres.test_suitability import execute, role_with
from tests.contracts.conftest import POSTGRES_URL, postgres, postgres_database

__all__ = ["postgres"]

pytestmark = pytest.mark.usefixtures("postgres")


def run(url: str, folder: Path, *words: str) -> Result:
    environment = {"FASTTRACK_DATABASE_URL": url, "FASTTRACK_DATA_DIR": str(folder)}
    return CliRunner().invoke(main, [*words], env=environment)


def done(url: str, folder: Path, *words: str) -> str:
    result = run(url, folder, *words)
    assert result.exit_code == 0, result.output
    return result.output


def refused(url: str, folder: Path, *words: str) -> str:
    """Return the sentence that a command ends with."""
    result = run(url, folder, *words)
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit), result.exception
    return result.output


@contextmanager
def holding(url: str) -> Iterator[None]:
    """Hold the lock of those that migrate or restore."""
    held, over = threading.Event(), threading.Event()

    async def hold() -> None:
        connection = await asyncpg.connect(url, timeout=60)
        await connection.execute(f"SELECT pg_advisory_lock({LOCK})")
        held.set()
        await asyncio.to_thread(over.wait)
        await connection.close()

    with ThreadPoolExecutor(1) as pool:
        holder = pool.submit(lambda: asyncio.run(hold()))
        try:
            assert held.wait(60)
            yield
        finally:
            over.set()
            holder.result()


@pytest.fixture(scope="module")
def backup(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of a store with the user `ana`, and with the index of texts."""
    folder = tmp_path_factory.mktemp("backup")
    with postgres_database() as url:
        done(url, folder, "user", "add", "ana")
        done(url, folder, "backup", str(folder / "one.backup"))
    return folder / "one.backup"


FOREIGN = {
    "users": "CREATE TABLE users (id int, email text)",
    "events": "CREATE TABLE events (a int); INSERT INTO events VALUES (1)",
    "no version": "CREATE TABLE alembic_version (version_num text)",
    "no column": "CREATE TABLE alembic_version (x int)",
    "a revision": "CREATE TABLE alembic_version AS SELECT 'abc' AS version_num",
    "our number": "CREATE TABLE alembic_version AS SELECT '0018' AS version_num; CREATE TABLE users (id int)",
    "a view": "CREATE VIEW webhooks AS SELECT 1",
    "a sequence": "CREATE SEQUENCE users_id_seq",
    "an index": "CREATE TABLE foo (x int); CREATE INDEX events_title ON foo (x)",
}


@pytest.mark.parametrize("foreign", FOREIGN)
def test_what_another_program_made_is_neither_replaced_nor_taken_for_a_store(
    backup: Path, tmp_path: Path, foreign: str
) -> None:
    with postgres_database() as url:
        execute(FOREIGN[foreign], url=url)
        for force in ([], ["--force"]):
            assert "tables of another program" in refused(url, tmp_path, "restore", str(backup), *force)
        for words in (["migrate"], ["user", "add", "ana"], ["doctor", "--port", "0"]):
            if foreign != "a sequence":
                assert "has tables of another program" in refused(url, tmp_path, *words)
        for words in (["user", "list"], ["after-restore"], ["backup", str(tmp_path / "x")]):
            told = refused(url, tmp_path, *words)
            assert "another program" in told or "there is no store in the database" in told


@pytest.mark.parametrize(
    "beside",
    [
        "CREATE TABLE foo (x int)",
        "CREATE SCHEMA other; CREATE TABLE other.users (id int); CREATE TABLE other.alembic_version (x int)",
        "CREATE SCHEMA other; CREATE TABLE other.alembic_version AS SELECT 'abc' AS version_num",
        "CREATE EXTENSION pg_trgm",
        "CREATE EXTENSION pg_stat_statements",
        "CREATE SCHEMA extensions; CREATE EXTENSION pg_trgm SCHEMA extensions",
    ],
)
def test_what_stands_beside_a_store_does_not_hinder_it(backup: Path, tmp_path: Path, beside: str) -> None:
    with postgres_database() as url:
        execute(beside, url=url)
        assert "can be the store" in run(url, tmp_path, "doctor", "--port", "0").output
        done(url, tmp_path, "restore", str(backup))
        assert "not empty; --force" in refused(url, tmp_path, "restore", str(backup))
        done(url, tmp_path, "backup", str(tmp_path / "all"))
        done(url, tmp_path, "restore", "--force", str(tmp_path / "all"))
        done(url, tmp_path, "migrate")
        assert "ana" in done(url, tmp_path, "user", "list")


def test_versions_are_compared_before_force_is_advised(backup: Path, tmp_path: Path) -> None:
    with postgres_database() as url:
        done(url, tmp_path, "user", "add", "bia")
        execute("UPDATE alembic_version SET version_num = '0099'", url=url)
        for force in ([], ["--force"]):
            assert "version 0099" in refused(url, tmp_path, "restore", str(backup), *force)
        assert "newer version" in refused(url, tmp_path, "doctor", "--port", "0")


@pytest.mark.parametrize(
    "words", [["user", "list"], ["user", "disable", "x"], ["user", "rotate", "x"], ["after-restore"]]
)
def test_a_command_that_needs_a_store_makes_none(tmp_path: Path, words: list[str]) -> None:
    with postgres_database() as url:
        told = refused(url, tmp_path, *words)
        assert f"there is no store in the database {url}" in told
        execute("CREATE TABLE events ()", "CREATE TABLE alembic_version ()", url=url)


def test_doctor_does_not_wait_for_who_migrates_or_restores(tmp_path: Path) -> None:
    with postgres_database() as url, holding(url):
        assert "another process migrates or restores" in refused(url, tmp_path, "doctor", "--port", "0")


def test_what_a_later_schema_of_the_search_path_has_hinders_no_start(tmp_path: Path) -> None:
    with postgres_database() as url:
        execute("CREATE TABLE public.users (id int); CREATE SCHEMA mine", url=url)
        for path, code in (("mine%2Cpublic", 0), ("public", 1)):
            own = f"{url}{'&' if '?' in url else '?'}options=-csearch_path%3D{path}"
            assert run(own, tmp_path, "migrate").exit_code == code


def test_a_store_in_a_schema_of_its_own_keeps_its_index_where_it_is_restored(tmp_path: Path) -> None:
    def own(url: str) -> str:
        return f"{url}{'&' if '?' in url else '?'}options=-csearch_path%3Dmine"

    file = tmp_path / "own.backup"
    with postgres_database() as url:
        execute("CREATE SCHEMA mine", url=url)
        done(own(url), tmp_path, "user", "add", "ana")
        done(own(url), tmp_path, "backup", str(file))
    with postgres_database() as url:
        done(own(url), tmp_path, "restore", str(file))
        # It is as it was, and was not left to be made by the next start.
        execute("DROP INDEX mine.event_texts_trigrams", url=url)


def test_doctor_creates_no_table(tmp_path: Path) -> None:
    with postgres_database() as url:
        assert "can be the store" in done(url, tmp_path, "doctor", "--port", "0", "--streams-per-server", "1")
        execute("CREATE TABLE events ()", url=url)


@contextmanager
def of_a_stranger(*made: str) -> Iterator[str]:
    """Have the URL of a database for a user who may only create tables in it."""
    role = f"fasttrack_test_{secrets.token_hex(4)}"
    with postgres_database() as url:
        execute(f"CREATE ROLE {role} LOGIN PASSWORD 'x'")
        execute(f"GRANT ALL ON SCHEMA public TO {role}", *made, url=url)
        at = urlsplit(url)
        try:
            yield f"postgresql://{role}:x@{at.hostname}:{at.port or 5432}{at.path}"
        finally:
            execute(f"DROP OWNED BY {role}", url=url)
            execute(f"DROP ROLE {role}", url=POSTGRES_URL)


INDEXED = "SELECT 1 / count(*) FROM pg_indexes WHERE indexname = 'event_texts_trigrams'"
"""Fails where it is not there."""


@pytest.mark.parametrize("has_extension", [False, True])
def test_a_user_without_the_extension_restores(backup: Path, tmp_path: Path, has_extension: bool) -> None:
    made = ["CREATE EXTENSION pg_trgm", "CREATE EXTENSION pg_stat_statements"] if has_extension else []
    with of_a_stranger(*made) as url:
        done(url, tmp_path, "restore", str(backup))
        assert "ana" in done(url, tmp_path, "user", "list")
        done(url, tmp_path, "backup", str(tmp_path / "own"))
        done(url, tmp_path, "restore", "--force", str(tmp_path / "own"))
        done(url, tmp_path, "restore", "--force", str(backup))
        if not has_extension:
            execute("CREATE EXTENSION pg_trgm", url=f"{POSTGRES_URL.rstrip('/')}{urlsplit(url).path}")
            done(url, tmp_path, "migrate")
        execute(INDEXED, url=url)


def test_the_owner_of_a_database_restores_beside_what_its_administrator_made(tmp_path: Path) -> None:
    with role_with(lambda role, _: f"ALTER ROLE {role} SET search_path = public, extensions") as url:
        root = f"{POSTGRES_URL.rstrip('/')}{urlsplit(url).path}"
        execute("CREATE SCHEMA extensions; CREATE EXTENSION pg_trgm SCHEMA extensions", url=root)
        execute("GRANT USAGE ON SCHEMA extensions TO PUBLIC", url=root)
        done(url, tmp_path, "user", "add", "ana")
        done(url, tmp_path, "backup", str(tmp_path / "own"))
        done(url, tmp_path, "restore", "--force", str(tmp_path / "own"))
        execute(INDEXED, url=url)
        execute(f"ALTER ROLE {urlsplit(url).username} RESET search_path", url=root)


@pytest.mark.parametrize("has_extension", [False, True])
def test_a_store_that_takes_no_changes_is_read_and_refuses_the_rest(
    backup: Path, tmp_path: Path, has_extension: bool
) -> None:
    with of_a_stranger(*(["CREATE EXTENSION pg_trgm"] if has_extension else [])) as url:
        done(url, tmp_path, "restore", str(backup))
        name = urlsplit(url).path[1:]
        execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        assert "ana" in done(url, tmp_path, "user", "list")
        restore = ["restore", "--force", str(backup)]
        for words in (["user", "add", "bia"], ["after-restore"], ["migrate"], restore):
            assert "accepts no changes" in refused(url, tmp_path, *words)
        execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")


def test_where_no_temporary_file_can_be_made_a_restore_names_tmpdir(
    backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr("tempfile._candidate_tempdir_list", lambda: ["/proc/nowhere"])
    with postgres_database() as url:
        assert "set TMPDIR" in refused(url, tmp_path, "restore", str(backup))


LISTED = """;
; Archive created at 2026-11-30 20:29:16 UTC
;
7; 2615 16400 SCHEMA - extensions postgres
2; 3079 143253 EXTENSION - pg_trgm 
3658; 0 0 COMMENT - EXTENSION pg_trgm 
4; 3079 16390 EXTENSION - uuid-ossp 
5; 0 0 COMMENT - EXTENSION "uuid-ossp" 
218; 1259 142644 TABLE public events postgres
219; 0 0 COMMENT public TABLE events postgres
3468; 1259 143341 INDEX public event_texts_trigrams postgres
3469; 1259 143341 INDEX public events_texts postgres
3381; 1259 143018 INDEX public events_city postgres
"""  # noqa: W291 - nobody owns an extension.


def test_a_list_is_restored_without_what_is_left_as_it_is() -> None:
    lines = LISTED.splitlines(keepends=True)
    assert without(LISTED, []) == "".join([*lines[:10], lines[12]])
    left = [Shared("EXTENSION", "uuid-ossp"), Shared("SCHEMA", "extensions")]
    assert without(LISTED, left) == "".join([*lines[:3], *lines[4:6], *lines[8:10], lines[12]])
    assert len(made_at_the_end(LISTED)) == 1
    assert made_at_the_end(LISTED.replace("event_texts_trigrams", "x")) == []


def test_what_is_dropped_is_known_by_its_quoted_name() -> None:
    told = """SET row_security = off;
ALTER TABLE IF EXISTS ONLY public.users DROP CONSTRAINT IF EXISTS users_pkey;
DROP INDEX IF EXISTS public.events_title;
CREATE OR REPLACE VIEW public.v AS
DROP FUNCTION IF EXISTS public.note();
DROP TABLE IF EXISTS "Other"."a.b";
DROP SEQUENCE IF EXISTS public.users_id_seq;
CREATE FUNCTION public.f() RETURNS void AS $$
DROP TABLE IF EXISTS public.kept;
"""
    assert replaced(told) == ["public.events_title", '"Other"."a.b"', "public.users_id_seq"]
