"""`fasttrack user` on a store of its own."""

import json
import sqlite3
from pathlib import Path

import anyio
import pytest
from click.testing import CliRunner, Result

from api.__main__ import main
from api.services.identity import Identity
from api.services.people import People
from api.services.personal import Personal
from api.settings import Settings
from api.storage.store import open_store


def fasttrack(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["user", *words, "--data-dir", str(folder)])


def test_a_user_is_added_listed_disabled_enabled_and_rotated(tmp_path: Path) -> None:
    added = fasttrack(tmp_path, "add", "ana", "--role", "editor")
    assert added.exit_code == 0, added.output
    token = added.stdout.strip()
    assert token.startswith("ft_")
    assert "ana" in fasttrack(tmp_path, "list").output
    assert "disabled" in fasttrack(tmp_path, "disable", "ana").output
    assert "disabled" in fasttrack(tmp_path, "list").output
    assert "active" in fasttrack(tmp_path, "enable", "ana").output
    rotated = fasttrack(tmp_path, "rotate", "ana").output.strip()
    assert rotated.startswith("ft_")
    assert rotated != token


def test_a_name_that_is_taken_or_unknown_is_reported(tmp_path: Path) -> None:
    fasttrack(tmp_path, "add", "ana")
    again = fasttrack(tmp_path, "add", "ana")
    assert again.exit_code == 1
    assert "the user 'ana' already exists" in again.output
    unknown = fasttrack(tmp_path, "disable", "bia")
    assert unknown.exit_code == 1
    assert "there is no user 'bia'" in unknown.output


@pytest.mark.parametrize("words", [("list",), ("disable", "ana"), ("enable", "ana"), ("rotate", "ana")])
def test_only_adding_a_user_creates_a_store(tmp_path: Path, words: tuple[str, ...]) -> None:
    folder = tmp_path / "wrong"
    done = fasttrack(folder, *words)
    assert done.exit_code == 1
    assert f"there is no store at {folder / 'fasttrack.sqlite3'}" in done.stderr
    assert "--data-dir" in done.stderr
    assert not folder.exists()
    added = fasttrack(folder, "add", "ana")
    assert f"there is no store at {folder / 'fasttrack.sqlite3'}: a new one is created" in added.stderr
    assert fasttrack(folder, *words).exit_code == 0


def test_a_file_is_no_data_folder(tmp_path: Path) -> None:
    (tmp_path / "agenda.csv").touch()
    done = fasttrack(tmp_path / "agenda.csv", "add", "ana")
    assert done.exit_code == 1
    assert "it is a file, not a folder" in done.stderr


def test_users_are_listed_for_programs(tmp_path: Path) -> None:
    fasttrack(tmp_path, "add", "ana", "--role", "editor")
    one = json.loads(fasttrack(tmp_path, "list", "--json").stdout)
    assert (one["name"], one["role"], one["disabled"]) == ("ana", "editor", False)


def test_a_new_token_tells_of_calendar_addresses_that_stay_and_can_revoke_them(tmp_path: Path) -> None:
    fasttrack(tmp_path, "add", "ana")
    fasttrack(tmp_path, "add", "bia")
    assert fasttrack(tmp_path, "rotate", "ana").stderr == ""
    anyio.run(add_calendars, tmp_path, "ana", "ana", "bia")
    rotated = fasttrack(tmp_path, "rotate", "ana")
    assert rotated.stdout.strip().startswith("ft_")
    assert len(rotated.stdout.splitlines()) == 1
    assert "still open the calendar: 2" in rotated.stderr
    assert "--revoke-calendars" in rotated.stderr
    revoked = fasttrack(tmp_path, "rotate", "ana", "--revoke-calendars")
    assert revoked.stdout.strip().startswith("ft_")
    assert "revoked: 2" in revoked.stderr
    assert fasttrack(tmp_path, "rotate", "ana").stderr == ""
    assert "still open the calendar: 1" in fasttrack(tmp_path, "rotate", "bia").stderr


async def add_calendars(folder: Path, *names: str) -> None:
    settings = Settings(data_dir=folder)
    store = await open_store(
        settings.database_url or "",
        committed=lambda _: None,
        data_dir=folder,
        timezone=settings.timezone,
        serves=False,
    )
    ids = {user.name: user.id for user in await People(store, clock=lambda: 1, session_seconds=1).users()}
    for name in names:
        who = Identity(name, "viewer", f"user:{ids[name]}", user_id=ids[name])
        await Personal(store, lambda: 1).add_calendar(who, {})
    await store.aclose()


def test_the_last_administrator_is_disabled_only_by_force(tmp_path: Path) -> None:
    fasttrack(tmp_path, "add", "ana", "--role", "admin")
    refused = fasttrack(tmp_path, "disable", "ana")
    assert refused.exit_code == 1
    assert "the last enabled administrator: enable or add another one first, or use --force" in refused.output
    assert fasttrack(tmp_path, "disable", "ana", "--force").exit_code == 0


@pytest.mark.parametrize("command", [("list",), ("add", "bia"), ("rotate", "ana")])
def test_a_store_of_an_earlier_version_is_left_to_its_servers(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    """A command would migrate it under them, and close the way back."""
    fasttrack(tmp_path, "add", "ana")
    with sqlite3.connect(tmp_path / "fasttrack.sqlite3") as store:
        store.execute("UPDATE alembic_version SET version_num = '0016'")
    store.close()
    refused = fasttrack(tmp_path, *command)
    assert refused.exit_code == 1
    assert "earlier version of FastTrack (its tables are 0016)" in refused.output
    assert "run: fasttrack migrate" in refused.output
    with sqlite3.connect(tmp_path / "fasttrack.sqlite3") as store:
        assert store.execute("SELECT version_num FROM alembic_version").fetchall() == [("0016",)]
    store.close()
