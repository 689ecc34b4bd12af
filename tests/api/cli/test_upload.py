"""`fasttrack import` on the command line: what it takes, and what it refuses before anything is sent."""

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from api.cli.upload import ImportRun, import_file


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
        ("-", "--header-row", "0"),
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
