"""`fasttrack import` and `fasttrack tail` as processes, over the public API of a real server."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.conftest import StartServer
from tests.end_to_end.proxies.cutting import cutting_proxy
from tests.end_to_end.proxies.hostile import hostile_proxy
from tests.end_to_end.server_process import ROOT, ServerProcess

HEADER = "title,event_date,city\n"
FILES = {
    "all in": (HEADER + "Um,2026-01-02,Recife\n", 0, "1 in, 0 rejected"),
    "some rejected": (HEADER + "Um,2026-01-02,Recife\nDois,ontem,Olinda\n", 1, "line 3: event_date"),
    "no table": ("<html>", 2, "looks like HTML"),
}


def fasttrack(*args: str, within_seconds: float = 120) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "api", *args]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=within_seconds, check=False
    )


def url_of(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def large(path: Path, rows: int) -> Path:
    lines = [f"row {n},2026-01-02,Recife\n" for n in range(1, rows + 1)]
    path.write_text(HEADER + "".join(lines))
    return path


def test_the_exit_code_says_whether_all_rows_went_in(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server()
    for name, (content, code, words) in FILES.items():
        file = tmp_path / "agenda.csv"
        file.write_text(content)
        done = fasttrack("import", str(file), "--url", server.url)
        assert done.returncode == code, (name, done.stdout, done.stderr)
        # What ends a file at once is told by the answer or by the feed, whichever is first.
        assert words in " ".join((done.stdout + done.stderr).split()), name


def test_a_wrong_option_a_wrong_address_and_an_unknown_feed_fail(
    start_server: StartServer, tmp_path: Path
) -> None:
    file = large(tmp_path / "agenda.csv", 1)
    server = start_server()
    refused = fasttrack("import", str(file), "--url", server.url, "--mapping", "name=TITULO")
    assert refused.returncode == 2
    assert "name is not a field" in refused.stdout + refused.stderr
    for url in ("localhost:8000", "http://127.0.0.1:80x"):
        lost = fasttrack("import", str(file), "--url", url)
        assert lost.returncode == 2
        assert "Traceback" not in lost.stderr
    assert fasttrack("tail", "no/feed", "--url", server.url).returncode == 2


@pytest.mark.parametrize("network", ["held", "cut"])
def test_an_import_over_a_bad_network_changes_its_ways_and_ends(
    start_server: StartServer, tmp_path: Path, network: str
) -> None:
    server = start_server()
    file = large(tmp_path / "agenda.csv", 20_000)
    proxy = (
        hostile_proxy("held", server.port)
        if network == "held"
        else cutting_proxy(server.port, after_bytes=200_000)
    )
    with proxy as between:
        done = fasttrack("import", str(file), "--url", url_of(between.port), within_seconds=180)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "20,000 in, 0 rejected" in " ".join(done.stdout.split())


def test_a_feed_can_be_piped_and_the_pipe_closed(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server()
    imported(server, large(tmp_path / "agenda.csv", 2_000))
    command = [sys.executable, "-m", "api", "tail", "eventos/progresso", "--replay", "all", "--json"]
    tail = subprocess.Popen(
        [*command, "--url", server.url], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert tail.stdout is not None
    assert tail.stderr is not None
    first = json.loads(tail.stdout.readline())
    assert first["type"] == "log"
    tail.stdout.close()
    assert (tail.wait(60), tail.stderr.read()) == (0, "")
    tail.stderr.close()


def imported(server: ServerProcess, file: Path) -> None:
    assert fasttrack("import", str(file), "--url", server.url).returncode == 0
