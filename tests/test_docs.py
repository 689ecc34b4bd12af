"""The documents are true: the site builds, links lead somewhere, and the commands that they show run."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.conftest import unavailable
from tests.end_to_end.browser.test_film import SCENES
from tests.end_to_end.server_process import ServerProcess

ROOT = Path(__file__).parents[1]
READMES = ("README.md", "README.pt-BR.md")
ROOT_PAGES = (*READMES, "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "examples/README.md")
FENCE = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LOOKS = ("light", "dark", "phone")
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)[^)]*\)|src=\"([^\"]+)\"")

ELSEWHERE = {
    "make run": "starts the server; `test_every_make_target_in_the_documents_exists`",
    "make dist": "builds for half a minute from a registry; `make release` starts what it builds",
    "podman ": "needs an engine; tests/deploy/test_image.py",
    "sudo ": "needs systemd; tests/deploy/test_files.py verifies the unit",
    "python3 -m venv /opt": "installs for the whole machine; `make release` installs the wheel",
    "docker compose": "needs Docker Compose; tests/deploy/test_files.py looks for its services and commands",
    "DATABASE_PASSWORD": "needs Docker Compose; tests/deploy/test_files.py reads the files",
    "npx ": "fetches from a registry; tests/streams and tests/edge read WebSockets",
}
"""How a block begins that is not run here, and who looks after it."""


def blocks(document: str) -> list[str]:
    """Return the commands of a document, block by block."""
    return FENCE.findall((ROOT / document).read_text())


def runnable(document: str) -> list[str]:
    return [block for block in blocks(document) if not block.startswith(tuple(ELSEWHERE))]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as `make docs` does: one broken link within it, and there is none."""
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert built.returncode == 0, built.stderr[-2000:]
    return folder


class Loads(HTMLParser):
    """What a page fetches by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("script", "img", "iframe", "source"):
            self.found.append(given.get("src") or "")
        if tag == "link" and given.get("rel") != "canonical":
            self.found.append(given.get("href") or "")


def test_the_site_has_every_document_and_loads_nothing_from_other_hosts(site: Path) -> None:
    pages = {str(page.relative_to(site).with_suffix(".md")) for page in site.rglob("*.html")}
    documents = {
        str(path.relative_to(ROOT / "docs")).replace("README.md", "index.md")
        for path in (ROOT / "docs").rglob("*.md")
    }
    assert "decisions/index.md" in documents
    assert documents | {"CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"} <= pages
    for page in site.rglob("*.html"):
        loads = Loads()
        loads.feed(page.read_text())
        assert [address for address in loads.found if re.match(r"(https?:)?//", address)] == []


RECORDS = ROOT / "docs" / "decisions"


def test_the_index_of_decisions_lists_every_record_once() -> None:
    lines = [line for line in (RECORDS / "README.md").read_text().splitlines() if line.startswith("- ")]
    listed = [re.fullmatch(r"- \[(\d{4})\]\((\1-[a-z0-9-]+\.md)\): .+", line) for line in lines]
    assert [line for line, match in zip(lines, listed, strict=True) if match is None] == []
    assert sorted(match[2] for match in listed if match) == sorted(
        path.name for path in RECORDS.glob("[0-9]*.md")
    )


@pytest.mark.parametrize("record", sorted(RECORDS.glob("[0-9]*.md")), ids=lambda path: path.name[:4])
def test_a_decision_record_has_the_common_form(record: Path) -> None:
    text = record.read_text()
    assert text.startswith(f"# {record.name[:4]}: ")
    parts = [text.find(f"\n**{part}.**") for part in ("Context", "Decision", "Consequences")]
    assert -1 not in parts
    assert parts == sorted(parts)


def test_a_superseded_decision_and_its_successor_link_to_each_other() -> None:
    successors = {
        (record.name, link)
        for record in RECORDS.glob("[0-9]*.md")
        for link in re.findall(r"^\*Superseded[^\n]*?\]\(([^)]+)\)", record.read_text(), re.MULTILINE)
    }
    assert len(successors) >= 4
    assert [pair for pair in successors if f"]({pair[0]})" not in (RECORDS / pair[1]).read_text()] == []


@pytest.mark.parametrize("document", ROOT_PAGES)
def test_links_of_the_documents_outside_the_site_resolve(document: str) -> None:
    text = (ROOT / document).read_text()
    targets = [(ROOT / document).parent / (link[1] or link[2]) for link in LINK.finditer(text)]
    assert [str(target) for target in targets if not target.exists()] == []


def test_both_readmes_show_the_same_commands() -> None:
    english, portuguese = (
        [
            "".join(line.partition(" #")[0].rstrip() for line in block.splitlines(keepends=True))
            for block in blocks(one)
        ]
        for one in READMES
    )
    assert english == portuguese
    assert len(english) > 10


def test_every_make_target_in_the_documents_exists() -> None:
    text = " ".join((ROOT / name).read_text() for name in (*READMES, "CONTRIBUTING.md"))
    words = set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE))
    assert words >= {"run", "dist", "docs"}
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert words <= known
    plan = subprocess.run(
        ["make", "--dry-run", "run", "PORT=9123"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "fasttrack serve --port 9123" in plan.stdout


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    process = ServerProcess(tmp_path)
    process.start()
    try:
        yield process
    finally:
        process.stop()


SECONDS = {"import": 60, "tail": 5}


class Shell:
    """Runs a document's blocks one after the other, in one folder, against one server."""

    def __init__(self, folder: Path, server: ServerProcess) -> None:
        self.folder = folder
        self._server = server
        self.told: dict[str, str] = {}
        self._watching: list[tuple[str, subprocess.Popen[str]]] = []

    def run(self, block: str) -> str:
        """Return what a block prints. One that waits for a feed is let go on beside the next ones."""
        script = self._here(block)
        if block.startswith("curl -N ") and "Last-Event-ID" not in block:
            self._watching.append((block, self._start(script)))
            return ""
        done = self._start(script)
        printed, _ = done.communicate(timeout=60)
        assert done.returncode == 0, (block, printed)
        assert "/problems/" not in printed, (block, printed)
        return printed

    def watched(self) -> list[str]:
        """Wait for the streams that were opened to end, and return what each said."""
        return [one.communicate(timeout=60)[0] for _, one in self._watching]

    def _here(self, block: str) -> str:
        """Return the block for this server.

        A row of the file is bad, which `import` says with 3; the feed of all events never ends: 124.
        """
        program = f"{Path(sys.executable).with_name('fasttrack')}"
        at = f"--url {self._server.url}"
        block = block.replace("127.0.0.1:8000", f"127.0.0.1:{self._server.port}")
        block = re.sub(r"^curl ", "curl --silent --show-error ", block, flags=re.MULTILINE)
        for words, code in (("import", 3), ("tail", 124)):
            command = re.compile(rf"^\.venv/bin/fasttrack ({words} .*)$", re.MULTILINE)
            block = command.sub(rf"timeout {SECONDS[words]} {program} \1 {at} || [ $? = {code} ]", block)
        return block

    def _start(self, script: str) -> subprocess.Popen[str]:
        if shutil.which("curl") is None:
            unavailable("curl, to run the documents' commands")
        return subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def types(stream: str) -> list[str]:
    """Return the types of the messages of an event stream."""
    return [json.loads(line[6:])["type"] for line in stream.splitlines() if line.startswith("data: ")]


def test_the_commands_of_the_readme_run(server: ServerProcess, tmp_path: Path) -> None:
    folder = tmp_path / "newcomer"
    folder.mkdir()
    shell = Shell(folder, server)
    said = {}
    for block in runnable("README.md"):
        command = block
        if "THE-ID" in block:
            (watched,) = shell.watched()
            assert types(watched)[0] == "hello"
            assert {"progress", "row_error", "finished"} <= set(types(watched))
            assert types(watched)[-1] == "bye"
            first, *_ = re.findall(r"^id: (.*)$", watched, re.MULTILINE)
            command = block.replace("THE-ID", first)
        said[block.splitlines()[0]] = shell.run(command)
    repaired = next(printed for first, printed in said.items() if "/repairs" in first)
    assert json.loads(repaired)["accepted"] == 1
    (workbook,) = folder.glob("*.xlsx")
    assert workbook.read_bytes()[:2] == b"PK"


def test_the_commands_of_the_tutorial_run(server: ServerProcess, tmp_path: Path) -> None:
    folder = tmp_path / "newcomer"
    folder.mkdir()
    shell = Shell(folder, server)
    said = [(block, shell.run(block)) for block in runnable("docs/tutorial.md")]
    (watched,) = shell.watched()
    assert types(watched).count("row_error") == 2
    assert types(watched)[-2:] == ["finished", "bye"]
    answer = {
        re.findall(r"v1/([a-z/]+)", block)[0]: printed for block, printed in said if "/api/v1/" in block
    }
    preview = json.loads(answer["uploads/junho/preview"])
    assert (preview["encoding"], preview["header_row"], preview["date_format"]) == ("windows-1252", 3, "dmy")
    assert json.loads(answer["uploads/junho/errors"])["total"] == 2
    assert json.loads(answer["uploads/junho/repairs"])["accepted"] == 2
    assert "eventos.ics?key=" in json.loads(answer["calendars"])["url"]
    assert json.loads(answer["uploads/junho/undo"])["undone"]["kept"] == 0


def test_the_commands_of_the_api_page_run(server: ServerProcess, tmp_path: Path) -> None:
    folder = tmp_path / "caller"
    folder.mkdir()
    shell = Shell(folder, server)
    said = {
        re.findall(r"v1/([a-z/_?=]+)", block)[-1]: shell.run(block) for block in runnable("docs/http-api.md")
    }
    assert json.loads(said["uploads/review/import"])["accepted"] == 2
    assert '{"accepted":1,"rejected":0,' in said["uploads/review/repairs"]
    assert json.loads(said["uploads?repairs_of=review"])["rejected"] == 0
    assert json.loads(said["uploads/preview"])["remembered"]["values"] == {"city": {"Rec": "Recife"}}
    assert json.loads(said["uploads/review/undo"])["undone"]["deleted"] == 3


def test_the_commands_of_the_feeds_page(server: ServerProcess, tmp_path: Path) -> None:
    (block,) = blocks("docs/feed-protocol.md")
    streams, poll = block.partition("curl 'http")[0], "curl 'http" + block.partition("curl 'http")[2]
    shell = Shell(tmp_path, server)
    # A feed of all events never ends: each command is let go on for some seconds.
    for command in streams.splitlines():
        limited = command.replace("curl ", f"timeout {SECONDS['tail']} curl ", 1) + " || [ $? = 124 ]"
        assert types(shell.run(limited))[0] == "hello"
    poll, _, rest = poll.partition("\n")
    assert rest.startswith("npx ")
    assert json.loads(shell.run(poll))["messages"][0]["resume"] == "reset"


def test_the_commands_of_the_webhooks_page(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path, webhook_private_addresses="true")
    server.start()
    try:
        shell = Shell(tmp_path, server)
        add, secret = blocks("docs/webhooks.md")
        # No name server is asked here.
        made = json.loads(shell.run(add.replace("https://example.org/", "http://127.0.0.1:9/")))
        assert made["secret"].startswith("whsec_")
        changed = json.loads(shell.run(secret.replace("ID", made["id"])))
        assert changed["secret"] != made["secret"]
    finally:
        server.stop()


def test_the_commands_for_operators(server: ServerProcess, tmp_path: Path) -> None:
    shell = Shell(tmp_path, server)
    restart, backup = (one for one in blocks("docs/operating.md") if not one.startswith(tuple(ELSEWHERE)))
    assert "systemctl restart fasttrack@$port" in restart
    shell.run("systemctl() { :; }\n" + restart.replace("8001 8002", f"{server.port} {server.port}"))
    program = Path(sys.executable).with_name("fasttrack")
    here = backup.replace("fasttrack ", f"{program} ").replace(" /var/backups", f" {tmp_path}")
    take, put = here.replace("/var/backups", str(tmp_path)).splitlines()
    assert "0 events" in shell.run(f"{take} --data-dir {tmp_path}/data")
    assert "Restored: 0 events." in shell.run(f"{put} --data-dir {tmp_path}/elsewhere")


def test_every_command_of_the_documents_is_run_or_said_not_to_be() -> None:
    """A page with commands needs a test above; what a test cannot run is in `ELSEWHERE`."""
    with_commands = {
        str(path.relative_to(ROOT))
        for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").glob("*.md"))
        if "```sh\n" in path.read_text()
    }
    development = {"CONTRIBUTING.md"}
    portuguese = {"README.pt-BR.md"}  # The commands of the README, word for word.
    assert with_commands - development - portuguese == {
        "README.md",
        *(f"docs/{name}.md" for name in ("tutorial", "http-api", "feed-protocol", "webhooks", "operating")),
    }


def test_the_readme_of_the_javascript_package_links_nothing_outside_of_it() -> None:
    folder = ROOT / "api" / "static" / "client"
    targets = [link[1] or link[2] for link in LINK.finditer((folder / "README.md").read_text())]
    assert [target for target in targets if not (folder / target).resolve().is_relative_to(folder)] == []
    assert [target for target in targets if not (folder / target).exists()] == []


PICTURES_BYTES = 2_500_000
"""Who clones the repository gets all pictures, in each version of them."""


def test_every_picture_is_shown_in_a_document_and_all_are_small() -> None:
    pictures = sorted((ROOT / "docs/images").iterdir())
    texts = "".join(
        path.read_text() for path in [*(ROOT / "docs").glob("*.md"), *map(ROOT.joinpath, READMES)]
    )
    assert [path.name for path in pictures if f"images/{path.name}" not in texts] == []
    assert sum(path.stat().st_size for path in pictures) < PICTURES_BYTES


def test_each_scene_of_the_film_has_a_picture_of_each_look() -> None:
    names = {path.stem for path in (ROOT / "docs/images").glob("film-*.png")}
    scenes = {name.rpartition("-")[0] for name in names}
    assert {scene.split("-", 2)[2] for scene in scenes} == set(SCENES)
    assert names == {f"{scene}-{look}" for scene in scenes for look in LOOKS}
