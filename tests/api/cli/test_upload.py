"""`fasttrack import` on the command line: what it takes, and what it refuses before anything is sent."""

import json
import os
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from api.cli.server_client import server_client
from api.cli.upload import ImportRun, import_file
from api.cli.upload_sender import Sender


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What was asked of each run; nothing is sent."""
    runs: list[dict[str, Any]] = []

    async def run(self: ImportRun) -> int:
        runs.append(self._params)
        return 0

    monkeypatch.setattr(ImportRun, "run", run)
    return runs


def call(*words: str) -> click.testing.Result:
    return CliRunner().invoke(import_file, words)


def test_every_option_is_sent_by_its_name_in_the_api(asked: list[dict[str, Any]], tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("x")
    words = (
        *("--mapping", "title=Nome", "--mapping", "city=#3", "--default", '{"city":"Recife"}'),
        *("--values", '{"city":{"Rec":"Recife"}}', "--date-format", "dmy", "--on-duplicate", "update"),
        *("--key", "title,city", "--mode", "atomic", "--dry-run", "--encoding", "cp1252", "--delimiter", ";"),
        *("--sheet", "2", "--header-row", "4"),
    )
    assert call(str(file), *words).exit_code == 0
    assert asked == [
        {
            "mapping": '{"title":"Nome","city":"#3"}',
            "defaults": '{"city":"Recife"}',
            "values": '{"city":{"Rec":"Recife"}}',
            "date_format": "dmy",
            "on_duplicate": "update",
            "key": "title,city",
            "mode": "atomic",
            "dry_run": "true",
            "encoding": "cp1252",
            "delimiter": ";",
            "sheet": "2",
            "header_row": "4",
        }
    ]
    assert call("-").exit_code == 0
    assert call("--repairs-of", "x").exit_code == 0
    assert asked[1:] == [{}, {"repairs_of": "x"}]


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("nowhere.csv",),
        ("-", "--mapping", "title"),
        ("-", "--mapping", "{"),
        ("-", "--values", "[]"),
        ("-", "--values", "a=b"),
        ("-", "--date-format", "ymd"),
        ("-", "--header-row", "-1"),
        ("-", "--on-duplicate", "replace"),
        ("-", "--rejected", "/no/such/folder/rejected.csv"),
        ("-", "--url", "localhost:8000"),
    ],
)
def test_a_wrong_command_line_ends_with_2_and_sends_nothing(
    asked: list[dict[str, Any]], words: tuple[str, ...]
) -> None:
    result = call(*words)
    assert (result.exit_code, asked) == (2, [])
    assert "Error: " in result.output


REFUSED_FILES = {
    "what is imported": "agenda.csv",
    "another name of it": "again.csv",
    "a link to it": "link.csv",
    "another format": "rejected.ods",
    "a link to another format": "of-store.csv",
    "the database": "data/fasttrack.sqlite3",
    "a staged file": "data/blobs/upload",
    "a new file among the staged ones": "data/blobs/new.csv",
    "a folder that is not there": "nowhere/rejected.csv",
}


@pytest.fixture
def agenda(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file to import, with other names, beside the data folder of a server."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FASTTRACK_DATA_DIR", raising=False)
    file = tmp_path / "agenda.csv"
    file.write_text("title\n")
    (tmp_path / "again.csv").hardlink_to(file)
    (tmp_path / "link.csv").symlink_to(file)
    (tmp_path / "data" / "blobs").mkdir(parents=True)
    (tmp_path / "data" / "blobs" / "upload").touch()
    (tmp_path / "data" / "fasttrack.sqlite3").touch()
    (tmp_path / "of-store.csv").symlink_to(tmp_path / "data" / "fasttrack.sqlite3")
    return file


@pytest.mark.parametrize("name", REFUSED_FILES.values(), ids=REFUSED_FILES.keys())
def test_rejected_rows_never_replace_what_is_imported_or_a_store(
    asked: list[dict[str, Any]], agenda: Path, name: str
) -> None:
    result = call(str(agenda), "--rejected", name)
    assert (result.exit_code, asked) == (2, [])
    assert "Invalid value for --rejected" in result.output


@pytest.mark.parametrize("name", ["rejected.csv", "rejected.JSON", "rejected.txt", "rejected", "/dev/null"])
def test_rejected_rows_may_go_to_any_other_file(asked: list[dict[str, Any]], agenda: Path, name: str) -> None:
    result = call(str(agenda), "--rejected", name)
    assert (result.exit_code, len(asked)) == (0, 1), result.output


@pytest.mark.parametrize("token", ["ft_secret\rx", "ft_secret x", "ft_segrédo", "ft_\x00secret"])
def test_what_is_no_token_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    # The environment of a process has no NUL: what it could hold is given all the same.
    monkeypatch.setattr(os, "environ", {"FASTTRACK_TOKEN": token})
    with pytest.raises(click.UsageError, match="FASTTRACK_TOKEN is not a token") as refused:
        server_client("http://127.0.0.1:1")
    assert "secr" not in refused.value.message
    assert "segr" not in refused.value.message


@pytest.mark.parametrize("ending", ["\r\n", "\n", " "])
def test_the_line_end_of_a_file_is_no_part_of_a_token(monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    monkeypatch.setenv("FASTTRACK_TOKEN", f"ft_secret{ending}")
    assert server_client("http://127.0.0.1:1").headers["Authorization"] == "Bearer ft_secret"


@pytest.mark.parametrize(
    ("position", "first"),
    [
        (None, "stopped: nothing was sent"),
        (2, "stopped: 2 of 6 bytes were sent"),
        (6, "stopped watching: all of it was sent, and the import"),
    ],
)
def test_who_stops_the_command_is_told_what_continues(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
    position: int | None,
    first: str,
) -> None:
    file = tmp_path / "agenda.csv"
    file.write_text("title\n")

    async def stopped(self: ImportRun) -> int:
        if position is not None:
            async with server_client("http://127.0.0.1:1") as http:
                report = self._report("agenda.csv")
                self._sender = Sender(
                    http, file, name="agenda.csv", upload_id="u", params={}, progress=report
                )
                self._sender.position = position
        raise KeyboardInterrupt

    monkeypatch.setattr(ImportRun, "run", stopped)
    with pytest.raises(SystemExit) as ended:
        import_file.main([str(file), "--json", "--url", "http://127.0.0.1:1"], standalone_mode=False)
    told = json.loads(capfdbinary.readouterr().out)
    assert (ended.value.code, told["exit_code"], told["status"]) == (130, 130, "stopped")
    message = told["error"]["message"]
    assert message.startswith(first)
    if position is not None:
        assert f"fasttrack tail upload/{told['upload_id']} --url http://127.0.0.1:1" in message
        assert f"/api/v1/uploads/{told['upload_id']}/cancel?undo=true" in message
