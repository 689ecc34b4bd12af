"""The examples read a real server, and go on by themselves after it was restarted."""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Empty, Queue

import httpx
import pytest

from tests.conftest import unavailable
from tests.end_to_end.server_process import ROOT, ServerProcess

EXAMPLES = ROOT / "examples"
CLIENT = ROOT / "api" / "static" / "client"
HEARD_WITHIN_SECONDS = 40


def program(name: str) -> str:
    if (found := shutil.which(name)) is None:
        unavailable(f"{name}, to run the examples")
    return found


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    process = ServerProcess(tmp_path, heartbeat_seconds="1")
    process.start()
    try:
        yield process
    finally:
        process.stop()


def npm_run(*words: str, cwd: Path) -> str:
    done = subprocess.run(
        [program("npm"), *words], cwd=cwd, capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which the packed client is installed as npm installs it."""
    folder = tmp_path_factory.mktemp("node")
    packed = npm_run("pack", "--json", "--pack-destination", str(folder), str(CLIENT), cwd=folder)
    (told,) = json.loads(packed)
    names = {one["path"] for one in told["files"]}
    assert {
        "fasttrack.js",
        "fasttrack.d.ts",
        "messages.d.ts",
        "package.json",
        "LICENSE",
        "README.md",
    } <= names
    (folder / "package.json").write_text('{"type": "module"}')
    options = ["--offline", "--no-package-lock", "--no-audit", "--no-fund"]
    npm_run("install", *options, str(folder / told["filename"]), cwd=folder)
    return folder


def node_command(folder: Path, url: str, feed: str = "eventos") -> list[str]:
    script = folder / "watch.mjs"
    shutil.copy(EXAMPLES / "node" / "watch.mjs", script)
    return [program("node"), str(script), url, feed]


def python_command(url: str, feed: str = "eventos") -> list[str]:
    return [sys.executable, str(EXAMPLES / "python" / "watch.py"), url, feed]


def go_command(folder: Path, url: str) -> list[str]:
    built = folder / "watch"
    source = str(EXAMPLES / "go" / "watch.go")
    environment = {
        **os.environ,
        "GOCACHE": str(folder / "cache"),
        "GOFLAGS": "-mod=mod",
        "GO111MODULE": "off",
    }
    subprocess.run([program("go"), "build", "-o", built, source], env=environment, timeout=200, check=True)
    return [str(built), f"{url}/sse?feed=eventos"]


@contextmanager
def heard(command: list[str], folder: Path) -> Iterator["Queue[dict[str, object]]"]:
    """Give the messages that a program prints, as they come; it keeps its files in a folder."""
    messages: Queue[dict[str, object]] = Queue()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        cwd=folder,
        text=True,
    ) as process:
        assert process.stdout is not None
        output = process.stdout

        def read() -> None:
            for line in output:
                messages.put(json.loads(line))

        reading = threading.Thread(target=read, daemon=True)
        reading.start()
        try:
            yield messages
        finally:
            process.kill()
            reading.join()


def create(server: ServerProcess, title: str) -> None:
    event = {"title": title, "event_date": "2026-07-01T10:00:00", "city": "Recife"}
    httpx.post(f"{server.url}/api/v1/eventos", json=event, timeout=60).raise_for_status()


def title_of_next(messages: "Queue[dict[str, object]]") -> str:
    """Wait for the next event that is made."""
    while True:
        try:
            message = messages.get(timeout=HEARD_WITHIN_SECONDS)
        except Empty:
            pytest.fail("no event was heard")
        if message["type"] == "event.created":
            event = message["event"]
            assert isinstance(event, dict)
            return str(event["title"])


def hears(messages: "Queue[dict[str, object]]", title: str) -> None:
    """Wait for the next event that is made, which has this title."""
    assert title_of_next(messages) == title


def is_reading(server: ServerProcess) -> None:
    """Wait until somebody reads: an event made before would not be heard."""
    for _ in range(HEARD_WITHIN_SECONDS * 20):
        if httpx.get(f"{server.url}/api/v1/presenca", timeout=60).json()["connections"]:
            return
        threading.Event().wait(0.05)
    pytest.fail("nobody reads")


@pytest.mark.parametrize("language", ["node", "python", "go"])
def test_a_subscriber_gets_each_event_once_across_a_restart(
    language: str, server: ServerProcess, packed: Path, tmp_path: Path
) -> None:
    command = {
        "node": lambda: node_command(packed, server.url),
        "python": lambda: python_command(server.url),
        "go": lambda: go_command(tmp_path, server.url),
    }[language]()
    with heard(command, tmp_path) as messages:
        is_reading(server)
        create(server, "before")
        hears(messages, "before")
        server.kill()
        server.start()
        create(server, "after")
        hears(messages, "after")


@pytest.mark.parametrize("language", ["node", "python"])
def test_a_subscriber_goes_on_after_a_restart_of_its_own(
    language: str, server: ServerProcess, packed: Path, tmp_path: Path
) -> None:
    command = node_command(packed, server.url) if language == "node" else python_command(server.url)
    with heard(command, tmp_path) as messages:
        is_reading(server)
        create(server, "first")
        hears(messages, "first")
        # What is printed is noted right after it.
        for _ in range(HEARD_WITHIN_SECONDS * 20):
            if (tmp_path / "watch.cursor").exists():
                break
            threading.Event().wait(0.05)
    create(server, "meanwhile")
    with heard(command, tmp_path) as messages:
        # A kill between a message and its note repeats that one; nothing is left out.
        heard_again = [title_of_next(messages)]
        if heard_again == ["first"]:
            heard_again = [title_of_next(messages)]
    assert heard_again == ["meanwhile"]


@pytest.mark.parametrize("language", ["node", "python"])
def test_the_feed_of_all_imports_brings_the_messages_of_each(
    language: str, server: ServerProcess, packed: Path, tmp_path: Path
) -> None:
    feed = "eventos/progresso"
    command = (
        node_command(packed, server.url, feed) if language == "node" else python_command(server.url, feed)
    )
    with heard(command, tmp_path) as messages:
        is_reading(server)
        for upload_id in ("first", "second"):
            rows = b"title,event_date,city\nA,2026-07-01,Recife\n"
            answer = httpx.post(
                f"{server.url}/api/v1/uploads?upload_id={upload_id}", files={"file": rows}, timeout=60
            )
            answer.raise_for_status()
            found = [messages.get(timeout=HEARD_WITHIN_SECONDS)]
            while found[-1]["type"] != "finished":
                found.append(messages.get(timeout=HEARD_WITHIN_SECONDS))
            assert {one["feed"] for one in found} == {f"upload/{upload_id}"}
            assert [one["title"] for one in found if one["type"] == "progress" and "title" in one] == ["A"]


def test_go_prints_whole_messages_only_and_goes_on_after_the_last_of_them(tmp_path: Path) -> None:
    whole, cut = b'id: k.1\ndata: {"type":"a"}\n\n', b'id: k.2\ndata: {"type":"b"'
    with answering([whole + cut, cut + b"}\n\n", 204]) as (url, cursors):
        done = subprocess.run(
            go_command(tmp_path, url), capture_output=True, text=True, timeout=60, check=True
        )
    assert done.stdout.splitlines() == ['{"type":"a"}', '{"type":"b"}']
    assert cursors == [None, "k.1", "k.2"]


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_go_says_that_it_is_refused_and_ends(status: int, tmp_path: Path) -> None:
    with answering([status]) as (url, _):
        done = subprocess.run(
            go_command(tmp_path, url), capture_output=True, text=True, timeout=60, check=False
        )
    assert (done.returncode, done.stdout) == (1, "")
    assert f"refused: {status}" in done.stderr


@contextmanager
def answering(answers: list[bytes | int]) -> Iterator[tuple[str, list[str | None]]]:
    """Serve streams that break, or a status, in turn; give the address and the cursors that came."""
    cursors: list[str | None] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            cursors.append(self.headers["Last-Event-ID"])
            answer = answers.pop(0)
            self.send_response(answer if isinstance(answer, int) else 200)
            self.end_headers()
            self.wfile.write(b"" if isinstance(answer, int) else answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", cursors
        finally:
            server.shutdown()
