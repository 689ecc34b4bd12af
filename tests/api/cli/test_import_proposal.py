"""A file that needs options is proposed the command that imports it, by a real server's preview."""

import json
import shlex
from pathlib import Path

import anyio
import click
import httpx
import pytest
from click.testing import CliRunner

from api.cli.import_outcome import ImportOutcome
from api.cli.import_proposal import Proposal, propose
from api.cli.upload import ImportRun, import_file
from tests.serving import serving

pytestmark = pytest.mark.anyio

UPLOADS = "/api/v1/uploads"
FAILED = {"type": "finished", "status": "failed", "rejected": 0, "rows_stay": False}


def failed(code: str) -> ImportOutcome:
    return ImportOutcome("a", {**FAILED, "error": {"code": code, "message": ""}})


async def proposed(
    http: httpx.AsyncClient, file: Path, content: bytes, code: str, **given: str
) -> list[Proposal]:
    await anyio.Path(file).write_bytes(content)
    return await propose(http, file, given, failed(code), shown="my agenda.csv")


async def imported(http: httpx.AsyncClient, content: bytes, params: dict[str, str]) -> int:
    answer = await http.post(
        UPLOADS, params=params, files={"file": ("a.csv", content)}, headers={"Prefer": "wait=30"}
    )
    assert answer.is_success, answer.text
    return int(answer.json()["accepted"])


@pytest.mark.parametrize(
    ("content", "code", "given"),
    [
        (b"Nome da coisa;Quando foi;Cidade\nA;2025-07-01;Recife\n", "missing_columns", {}),
        (b"Nome da coisa;Quando foi;Cidade\nA;31/01/2025;Recife\n", "missing_columns", {}),
        (b"titulo,data\nA,2025-07-01\n", "missing_columns", {}),
        (b"title,title,event_date,city\nA,B,2025-07-01,Recife\n", "duplicate_columns", {}),
        (
            b"titulo,data,cidade\nA,2025-07-01,Recife\n",
            "missing_columns",
            {"mapping": '{"title":"TITLE OF IT"}'},
        ),
        (
            "title,event_date,city\nSão João,2025-07-01,Olinda\nAção,2025-07-01,Olinda\n".encode("mac_roman"),
            "unclear_encoding",
            {},
        ),
    ],
    ids=["names", "names and dates with proof", "no city", "twice", "a wrong mapping", "Mac Roman"],
)
async def test_the_proposed_command_imports_the_file(
    tmp_path: Path, content: bytes, code: str, given: dict[str, str]
) -> None:
    async with serving(tmp_path) as served, served.client() as http:
        (proposal,) = await proposed(http, tmp_path / "a.csv", content, code, **given)
        assert await imported(http, content, proposal.params) == content.count(b"\n") - 1
        assert proposal.command().startswith("fasttrack import 'my agenda.csv'")


async def test_a_value_that_only_the_person_knows_is_left_as_a_placeholder(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, served.client() as http:
        (proposal,) = await proposed(
            http, tmp_path / "a.csv", b"titulo,data\nA,2025-07-01\n", "missing_columns"
        )
    assert proposal.to_fill == ["CITY"]
    assert shlex.split(proposal.command("--url", "http://x"))[3:] == [
        *["--mapping", '{"title":"titulo","event_date":"data"}', "--default", "city=CITY"],
        *["--url", "http://x"],
    ]


DATES_APART = {
    "without a year": "Dia;Evento;Cidade\n13/12;A;Recife\n14/12;B;Recife\n",
    "days alone": "Dia;Evento;Cidade\n13;A;Recife\n14;B;Recife\n",
    "in parts": "Ano;Mês;Dia;Evento;Cidade\n2026;12;13;A;Recife\n2026;12;14;B;Recife\n",
    "in headings": "Evento;Cidade\nSábado, 05/12/2026;\nA;Recife\nDomingo, 06/12/2026;\nB;Recife\n",
    "not all readable": "Dia;Evento;Cidade\n13/12/2026;A;Recife\na definir;B;Recife\n",
    "under an unknown title": "Dia;Nome da coisa;Cidade\n13/12;A;Recife\n14/12;B;Recife\n",
}


@pytest.mark.parametrize("name", DATES_APART)
async def test_one_date_for_all_rows_is_not_proposed_where_they_have_others(
    tmp_path: Path, name: str
) -> None:
    content = DATES_APART[name].encode()
    defaults = {"defaults": '{"event_date":"2026-12-05","title":"A"}'}
    async with serving(tmp_path) as served, served.client() as http:
        assert await proposed(http, tmp_path / "a.csv", content, "missing_columns") == []
        # Nor is the one that a file of these columns was imported with before.
        await imported(http, content, defaults)
        assert await proposed(http, tmp_path / "a.csv", content, "missing_columns") == []


SHOW = b"Evento;Data;Hora do show;Cidade;Local do show;Artista\nA;13/12/2026;21h;Recife;Teatro;Ana\n"


async def test_columns_that_an_import_left_out_are_proposed(tmp_path: Path) -> None:
    ended = {**FAILED, "status": "completed", "error": None}
    outcome = ImportOutcome("a", ended, has_unused_columns=True)
    stored = ImportOutcome("a", {**ended, "rows_stay": True}, has_unused_columns=True)
    file = tmp_path / "a.csv"
    file.write_bytes(SHOW)
    given = {"mapping": '{"participants":"Artista"}', "date_format": "dmy"}
    mapping = {"event_time": "Hora do show", "local_info.location_name": "Local do show"}
    async with serving(tmp_path) as served, served.client() as http:
        (dry,) = await propose(http, file, given, outcome, shown="a.csv", undo="undo it")
        (again,) = await propose(http, file, given, stored, shown="a.csv", undo="undo it")
        assert (dry.undo, again.undo) == ("", "undo it")
        assert dry.about == "to use Hora do show as event_time, Local do show as local_info.location_name"
        assert json.loads(dry.params["mapping"]) == {"participants": "Artista", **mapping}
        assert await propose(http, file, dry.params, outcome, shown="a.csv") == []
        assert await propose(http, file, {"repairs_of": "b"}, outcome, shown="a.csv") == []
        assert await propose(http, file, {}, ImportOutcome("a", ended), shown="a.csv") == []
        assert await imported(http, SHOW, dry.params) == 1


async def test_dates_with_two_readings_are_proposed_in_either_order(tmp_path: Path) -> None:
    content = b"titulo,data\nA,03/04/2025\n"
    async with serving(tmp_path) as served, served.client() as http:
        both = await proposed(http, tmp_path / "a.csv", content, "missing_columns")
        assert [(one.params["date_format"], one.about) for one in both] == [
            ("dmy", "if 03/04/2025 is 2025-04-03"),
            ("mdy", "if 03/04/2025 is 2025-03-04"),
        ]


async def test_remembered_options_for_the_same_header_are_proposed_first(tmp_path: Path) -> None:
    header = b"coisa,quando,onde\n"
    params = {
        "mapping": json.dumps({"title": "coisa", "event_date": "quando", "city": "onde"}),
        "date_format": "dmy",
    }
    async with serving(tmp_path) as served, served.client() as http:
        assert await imported(http, header + b"A,01/02/2025,Recife\n", params) == 1
        (proposal,) = await proposed(
            http, tmp_path / "a.csv", header + b"B,03/04/2025,Recife\n", "missing_columns"
        )
    assert json.loads(proposal.params["mapping"]) == json.loads(params["mapping"])
    assert proposal.params["date_format"] == "dmy"


@pytest.mark.parametrize("content", [b"x,y\n1,2\n", b"%PDF-1.7", b""])
async def test_nothing_is_proposed_when_no_option_helps(tmp_path: Path, content: bytes) -> None:
    async with serving(tmp_path) as served, served.client() as http:
        assert await proposed(http, tmp_path / "a.csv", content, "missing_columns") == []
        assert await proposed(http, tmp_path / "a.csv", content, "not_tabular") == []


async def test_stored_rows_are_not_part_of_the_proposal(tmp_path: Path) -> None:
    ambiguous = {
        "code": "ambiguous_date",
        "value": "03/04/2025",
        "suggestions": ["2025-04-03", "2025-03-04"],
    }
    partly = ImportOutcome("id1", {**FAILED, "status": "completed", "rows_stay": True, "error": None})
    given = {"mapping": "{}", "sheet": "2", "encoding": "cp1252", "dry_run": "false"}
    file = tmp_path / "a.csv"
    async with httpx.AsyncClient(timeout=60) as http:
        assert await propose(http, file, given, partly, shown="a.csv") == []
        partly.ambiguous = ambiguous
        both = await propose(http, file, given, partly, shown="a.csv")
    assert [one.command() for one in both] == [
        f"fasttrack import --mapping '{{}}' --repairs-of id1 --date-format {order}"
        for order in ("dmy", "mdy")
    ]


GIVEN = {
    "url": ["--url", "http://127.0.0.1:9"],
    "mapping": ["--mapping", "title=Nome da coisa", "--mapping", "city=#3"],
    "defaults": ["--default", "city=São Paulo", "--default", "description=a=b"],
    "values": ["--values", '{"venue_type":{"Bar \\"x\\"":"Outro"}}'],
    "date_format": ["--date-format", "dmy"],
    "on_duplicate": ["--on-duplicate", "skip"],
    "key": ["--key", "title,city"],
    "mode": ["--mode", "partial"],
    "atomic": ["--atomic"],
    "dry_run": ["--dry-run"],
    "encoding": ["--encoding", "cp850"],
    "delimiter": ["--delimiter", ";"],
    "sheet": ["--sheet", "Agenda 2027"],
    "header_row": ["--header-row", "3"],
    "rejected": ["--rejected", "not in.xlsx"],
    "repairs_of": ["--repairs-of", "cli-x"],
    "as_json": ["--json"],
}
"""How each option of the command is given."""


def test_every_option_of_the_command_is_known_here() -> None:
    names = {one.name for one in import_file.params if isinstance(one, click.Option)}
    assert names == GIVEN.keys()


@pytest.mark.parametrize("name", [*GIVEN, "all"])
def test_a_proposed_command_has_every_option_of_the_one_that_was_given(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my agenda.csv").touch()
    runs: list[ImportRun] = []

    async def run(self: ImportRun) -> int:
        runs.append(self)
        return 0

    monkeypatch.setattr(ImportRun, "run", run)
    given = [word for option in GIVEN if name in (option, "all") for word in GIVEN[option]]
    assert CliRunner().invoke(import_file, ["my agenda.csv", *given]).exit_code == 0
    proposal = Proposal(runs[0]._params, "", "my agenda.csv")
    words = shlex.split(proposal.command(*runs[0]._repeated()))
    assert words[:2] == ["fasttrack", "import"]
    assert CliRunner().invoke(import_file, words[2:]).exit_code == 0
    for member in ("_url", "_params", "_file", "_rejected", "_as_json"):
        assert getattr(runs[1], member) == getattr(runs[0], member)
