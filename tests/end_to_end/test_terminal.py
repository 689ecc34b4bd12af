"""`fasttrack import` and `fasttrack tail` as processes, over the public API of a real server."""

import json
import os
import shlex
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.end_to_end.conftest import StartServer
from tests.end_to_end.proxies.cutting import cutting_proxy
from tests.end_to_end.proxies.hostile import hostile_proxy
from tests.end_to_end.server_process import ROOT, ServerProcess

HEADER = "title,event_date,city\n"
FILES = {
    "all in": (HEADER + "Um,2026-01-02,Recife\n", 0, "1 in, 0 rejected"),
    "some rejected": (HEADER + "Um,2026-01-02,Recife\nDois,ontem,Olinda\n", 3, "line 3: event_date"),
    "no table": ("<html>", 4, "this is a web page"),
}


def fasttrack(
    *args: str, within_seconds: float = 120, stdin: str | None = None, url: str | None = None
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "api", *args]
    return subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=within_seconds,
        check=False,
        input=stdin,
        env={**os.environ, **({"FASTTRACK_URL": url} if url else {})},
    )


def result_of(*args: str, **options: Any) -> dict[str, Any]:
    """Return the object that `--json` prints, which says the exit code as well."""
    done = fasttrack("import", *args, "--json", **options)
    result: dict[str, Any] = json.loads(done.stdout)
    assert result["exit_code"] == done.returncode, done.stderr
    return result


def url_of(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def large(path: Path, rows: int) -> Path:
    lines = [f"row {n},2026-01-02,Recife\n" for n in range(1, rows + 1)]
    path.write_text(HEADER + "".join(lines))
    return path


def test_the_exit_code_tells_whether_all_rows_were_stored(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server()
    for name, (content, code, words) in FILES.items():
        file = tmp_path / "agenda.csv"
        file.write_text(content)
        done = fasttrack("import", str(file), "--url", server.url)
        assert done.returncode == code, (name, done.stdout, done.stderr)
        # What ends a file at once is told by the answer or by the feed, whichever is first.
        assert words in " ".join((done.stdout + done.stderr).split()), name


def test_a_wrong_option_a_wrong_url_and_an_unknown_feed_fail(
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
    assert fasttrack("tail", "no/feed", "--url", server.url).returncode == 4


def test_a_refused_connection_is_reported_at_once(tmp_path: Path) -> None:
    file = large(tmp_path / "agenda.csv", 1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = url_of(taken.getsockname()[1])
        # Bound and not listened to: every connection is refused.
        done = fasttrack("import", str(file), url=url)
    assert (done.returncode, done.stdout, done.stderr.count(url)) == (4, "", 1), done.stderr
    assert "is the server running?" in done.stderr


def test_a_proposed_command_imports_the_file(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server()
    file = tmp_path / "minha agenda.csv"
    file.write_text("Nome da coisa;Quando foi;Cidade\nUm;03/04/2026;Recife\nDois;05/05/2026;Olinda\n")
    result = result_of(str(file), url=server.url)
    assert (result["status"], result["exit_code"], result["rows_stay"]) == ("failed", 4, False)
    command, _ = (proposal["command"].removesuffix(" --json") for proposal in result["proposals"])
    shown = fasttrack("import", str(file), url=server.url)
    assert f"\n  {command}\n" in shown.stdout
    name, *words = shlex.split(command)
    done = fasttrack(*words, url=server.url)
    assert (name, done.returncode) == ("fasttrack", 0), done.stdout
    assert "2 in, 0 rejected" in " ".join(done.stdout.split())
    events = httpx.get(f"{server.url}/api/v1/eventos?sort=id", timeout=60).json()["items"]
    assert [event["event_date"] for event in events] == ["2026-04-03T00:00:00", "2026-05-05T00:00:00"]


def test_rejected_rows_written_to_a_file_and_corrected_join_their_import(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server()
    rejected = tmp_path / "rejected.csv"
    rows = HEADER + "Um,03/04/2026,Recife\nDois,01/01/2026,Olinda\nTrês,2026-01-02,\n"
    first = result_of("-", "--rejected", str(rejected), stdin=rows, url=server.url)
    assert fasttrack(str(rejected), "--rejected", "-", url=server.url).returncode == 2
    assert (first["accepted"], first["rejected"], first["exit_code"]) == (1, 2, 3)
    assert [row["line"] for row in first["row_errors"]] == [2, 4]
    assert first["rejected_file"] == str(rejected)
    assert httpx.get(first["rejected_url"], timeout=60).content == rejected.read_bytes()
    _, *words = shlex.split(first["proposals"][0]["command"])
    again = fasttrack(*words, url=server.url)
    assert again.returncode == 3, again.stdout
    mended = rejected.read_text().replace("2026-01-02,,", "2026-01-02,Natal,")
    words = ["-", "--repairs-of", first["upload_id"], "--rejected", str(rejected)]
    last = result_of(*words, stdin=mended, url=server.url)
    whole = httpx.get(f"{server.url}/api/v1/uploads/{first['upload_id']}", timeout=60).json()
    assert (whole["accepted"], whole["rejected"], last["status"]) == (3, 0, "completed")
    events = httpx.get(f"{server.url}/api/v1/eventos?sort=title", timeout=60).json()["items"]
    assert [event["title"] for event in events] == ["Dois", "Três", "Um"]


def test_a_file_sent_again_with_update_creates_no_duplicates(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server()
    file = large(tmp_path / "agenda.csv", 100)
    imported(server, file)
    file.write_text(file.read_text().replace("row 7,2026-01-02", "row 7,2026-01-02T19:00"))
    again = result_of(str(file), "--on-duplicate", "update", "--key", "title,city", url=server.url)
    assert (again["created"], again["updated"], again["unchanged"]) == (0, 1, 99)


def test_a_file_sent_again_adds_nothing_when_duplicates_are_skipped(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server()
    file = tmp_path / "agenda.csv"
    file.write_text("Agenda of 2026\n" + HEADER + "Um,03/14/2026,Recife\n")
    words = ("import", str(file), "--url", server.url, "--date-format", "mdy", "--header-row", "2")
    for _ in range(2):
        done = fasttrack(*words, "--on-duplicate", "skip", "--key", "title,event_date,city")
        assert done.returncode == 0, done.stdout + done.stderr
    (event,) = httpx.get(f"{server.url}/api/v1/eventos", timeout=60).json()["items"]
    assert event["event_date"].startswith("2026-03-14")


@pytest.mark.parametrize("network", ["held", "cut"])
def test_an_import_over_a_bad_network_changes_transport_and_ends(
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


def test_a_pipe_with_a_name_of_other_bytes_is_imported_and_another_gets_the_rejected_rows(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server()
    name = os.fsdecode(os.fsencode(tmp_path) + b"/S\xe3o.csv")
    os.mkfifo(name)
    content, _, _ = FILES["some rejected"]
    writer = threading.Thread(target=lambda: Path(name).write_text(content))
    writer.start()
    out, read = tmp_path / "out", list[str]()
    os.mkfifo(out)
    reader = threading.Thread(target=lambda: read.append(out.read_text()))
    reader.start()
    result = result_of(name, "--rejected", str(out), url=server.url)
    writer.join(30)
    reader.join(30)
    assert (result["file"], result["accepted"], result["rejected"]) == ("São.csv", 1, 1)
    assert out.is_fifo()
    assert "ontem" in read[0]


def test_a_feed_for_people_can_be_cut_by_head(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server()
    imported(server, large(tmp_path / "agenda.csv", 2_000))
    line = f"{sys.executable} -m api tail eventos/progresso --replay all --url {server.url} | head -1"
    done = subprocess.run(
        ["/bin/sh", "-c", line], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert (len(done.stdout.splitlines()), done.stderr) == (1, "")


def imported(server: ServerProcess, file: Path) -> None:
    assert fasttrack("import", str(file), "--url", server.url).returncode == 0
