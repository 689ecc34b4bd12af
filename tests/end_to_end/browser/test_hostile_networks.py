"""Whatever stands between: Chromium sees every row of an import once, and says how it came and why."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest

from tests.end_to_end.browser.acts import COLLECT, read_of
from tests.end_to_end.browser.slow_upload import SlowUpload
from tests.end_to_end.proxies.hostile import Hostility, hostile_proxy
from tests.end_to_end.proxies.real import hostile
from tests.end_to_end.server_process import ServerProcess

ROWS = 40
LIVE = "() => statuses.some(({state}) => state === 'live')"
# Two silences are cut; the client must be on something that lasts, or come back each time.
LIVE_THREE_TIMES = "() => statuses.filter(({state}) => state === 'live').length > 2"
CUT = "() => statuses.some(({reason}) => reason === 'broken')"
FINISHED = "() => seen.some(({type}) => type === 'finished')"

Door = Callable[[ServerProcess, Path, ExitStack], int]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that is open by word: what comes through a proxy needs a token otherwise."""
    started = ServerProcess(tmp_path_factory.mktemp("server"), auth="open")
    started.start()
    yield started
    started.stop()


def real(proxy: Literal["nginx", "haproxy"], name: str) -> Door:
    def open_door(server: ServerProcess, folder: Path, stack: ExitStack) -> int:
        return stack.enter_context(hostile(proxy, folder, server.port))[name]

    return open_door


def ours(hostility: Hostility) -> Door:
    def open_door(server: ServerProcess, _folder: Path, stack: ExitStack) -> int:
        return stack.enter_context(hostile_proxy(hostility, server.port)).port

    return open_door


@pytest.mark.parametrize(
    ("door", "transports", "reasons"),
    [
        pytest.param(real("nginx", "buffering"), {"ws"}, {"no_hello"}, id="nginx-buffering"),
        pytest.param(real("nginx", "gzip"), {"sse"}, set(), id="nginx-gzip"),
        pytest.param(
            real("nginx", "stripped"), {"poll"}, {"no_hello", "refused"}, id="nginx-upgrade-stripped"
        ),
        pytest.param(real("nginx", "idle"), {"ws"}, {"broken", "broken_young"}, id="nginx-idle-cut-at-5s"),
        pytest.param(real("nginx", "http10"), {"sse"}, set(), id="nginx-http-1.0"),
        pytest.param(
            real("haproxy", "idle"), {"ws"}, {"broken", "broken_young"}, id="haproxy-idle-cut-at-5s"
        ),
        pytest.param(ours("held"), {"poll"}, {"no_hello", "refused"}, id="held-until-the-end"),
        pytest.param(ours("cuts"), {"sse", "ws", "poll"}, {"broken"}, id="cut-at-random"),
        pytest.param(ours("mute-websocket"), {"poll"}, {"no_hello"}, id="websocket-accepted-then-dead"),
    ],
)
def test_every_row_is_shown_once_on_a_hostile_network(
    door: Door,
    transports: set[str],
    reasons: set[str],
    server: ServerProcess,
    page: Any,
    tmp_path: Path,
    request: Any,
) -> None:
    upload_id = request.node.callspec.id.replace(".", "_")
    with ExitStack() as stack:
        port = door(server, tmp_path, stack)
        # A page without a stream of its own.
        page.goto(f"http://127.0.0.1:{port}/healthz")
        page.evaluate(COLLECT, f"upload/{upload_id}")
        page.wait_for_function(LIVE_THREE_TIMES if "idle" in upload_id else LIVE)
        # The file goes past the proxy, while its rows come through it.
        with SlowUpload(server.url, upload_id) as upload:
            for _ in range(4):
                upload.send(ROWS // 4)
                page.wait_for_function("(rows) => seen.some(({record}) => record >= rows)", arg=upload.rows)
            if "cut-at-random" in upload_id:  # A quick machine may be done before the first cut.
                page.wait_for_function(CUT)
            upload.finish()
        page.wait_for_function(FINISHED)
        statuses = page.evaluate("() => statuses")
        assert read_of(page, upload_id) == (list(range(1, ROWS + 1)), 1)
        page.close()
    used = [status["transport"] for status in statuses if status["state"] == "live"]
    given = {status["reason"] for status in statuses} - {None}
    assert used[-1] in transports, json.dumps(statuses)
    assert reasons <= given if "cut-at-random" in upload_id else reasons == given, json.dumps(statuses)


def test_the_gzip_proxy_compresses_the_stream(server: ServerProcess, tmp_path: Path) -> None:
    with hostile("nginx", tmp_path, server.port) as ports:
        url = f"http://127.0.0.1:{ports['gzip']}/sse/presenca"
        with httpx.stream("GET", url, headers={"Accept-Encoding": "gzip"}, timeout=30) as answer:
            assert answer.headers["Content-Encoding"] == "gzip"
            assert any('"hello"' in text for text in answer.iter_text())


def test_the_http_1_0_proxy_sends_http_1_0_to_the_server(tmp_path: Path) -> None:
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as upstream:

        def answer_one() -> None:
            connection, _ = upstream.accept()
            with connection:
                heard.append(connection.recv(4096).split(b"\r\n")[0])
                connection.sendall(b"HTTP/1.0 204 No Content\r\n\r\n")

        thread = threading.Thread(target=answer_one)
        thread.start()
        with hostile("nginx", tmp_path, upstream.getsockname()[1]) as ports:
            httpx.get(f"http://127.0.0.1:{ports['http10']}/sse/presenca", timeout=30)
        thread.join(30)
    assert heard == [b"GET /sse/presenca HTTP/1.0"]


@pytest.mark.parametrize(
    ("door", "choice", "said"),
    [
        pytest.param(
            real("nginx", "buffering"), "ws", ["SSE: held back", "WebSocket: works"], id="nginx-buffering"
        ),
        pytest.param(
            real("nginx", "stripped"),
            "poll",
            ["SSE: held back", "WebSocket: refused", "long poll: works"],
            id="nginx-upgrade-stripped",
        ),
        pytest.param(
            real("nginx", "gzip"), "sse", ["SSE: works", "compressed on the way (gzip)"], id="nginx-gzip"
        ),
        pytest.param(real("haproxy", "idle"), "ws", ["SSE: cut", "WebSocket: works"], id="haproxy-idle"),
    ],
)
def test_the_diagnosis_names_the_fault_of_the_network(
    door: Door, choice: str, said: list[str], server: ServerProcess, page: Any, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        port = door(server, tmp_path, stack)
        page.goto(f"http://127.0.0.1:{port}/diagnose?seconds=14")
        page.wait_for_selector(f"[data-choice={choice}]")
        report = page.input_value("textarea")
        page.close()
    assert [words for words in said if words not in report] == []
