"""Whatever stands between: Chromium sees every row of an import once, and says how it came."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.end_to_end.proxies.hostile import hostile_proxy
from tests.end_to_end.proxies.real import haproxy, nginx
from tests.end_to_end.server_process import ServerProcess

ROWS = 40
BAD = 5

WATCH = """
async (feed) => {
  const {connect} = await import("/client/fasttrack.js");
  window.seen = [];
  window.statuses = [];
  connect(feed, {onMessage: (message) => seen.push(message), onStatus: (status) => statuses.push(status)});
}
"""
LIVE = "() => statuses.some(({state}) => state === 'live')"
FINISHED = "() => seen.some(({type}) => type === 'finished')"

Door = Callable[[ServerProcess, Path, ExitStack], int]


def through_nginx(name: str) -> Door:
    def open_door(server: ServerProcess, folder: Path, stack: ExitStack) -> int:
        return stack.enter_context(nginx(folder, server.port))[name]

    return open_door


def through_haproxy(name: str) -> Door:
    def open_door(server: ServerProcess, folder: Path, stack: ExitStack) -> int:
        return stack.enter_context(haproxy(folder, server.port))[name]

    return open_door


def through_ours(hostility: Any) -> Door:
    def open_door(server: ServerProcess, _folder: Path, stack: ExitStack) -> int:
        return stack.enter_context(hostile_proxy(hostility, server.port)).port

    return open_door


@pytest.mark.parametrize(
    ("door", "transports"),
    [
        pytest.param(through_nginx("right"), {"sse"}, id="nginx-as-documented"),
        pytest.param(through_nginx("buffering"), {"ws"}, id="nginx-buffering"),
        pytest.param(through_nginx("gzip"), {"sse"}, id="nginx-gzip"),
        pytest.param(through_nginx("stripped"), {"poll"}, id="nginx-upgrade-stripped"),
        pytest.param(through_nginx("idle"), {"sse", "ws"}, id="nginx-idle-cut-at-5s"),
        pytest.param(through_nginx("http10"), {"sse"}, id="nginx-http-1.0"),
        pytest.param(through_haproxy("right"), {"sse"}, id="haproxy-as-documented"),
        pytest.param(through_haproxy("idle"), {"sse", "ws"}, id="haproxy-idle-cut-at-5s"),
        pytest.param(through_ours("held"), {"poll"}, id="held-until-the-end"),
        pytest.param(through_ours("cuts"), {"sse", "ws", "poll"}, id="cut-at-random"),
        pytest.param(through_ours("mute-websocket"), {"poll"}, id="websocket-accepted-then-dead"),
    ],
)
def test_every_row_is_seen_once(
    door: Door, transports: set[str], server: ServerProcess, page: Any, tmp_path: Path, request: Any
) -> None:
    upload_id = request.node.callspec.id.replace(".", "_")
    with ExitStack() as stack:
        port = door(server, tmp_path, stack)
        # A page without a stream of its own.
        page.goto(f"http://127.0.0.1:{port}/healthz")
        page.evaluate(WATCH, f"upload/{upload_id}")
        page.wait_for_function(LIVE)
        if "idle" in upload_id:
            # Two silences are cut; the client must be on something that lasts, or come back each time.
            page.wait_for_function(
                "() => statuses.filter(({state}) => state === 'live').length > 2", timeout=40_000
            )
        upload(server, upload_id)
        page.wait_for_function(FINISHED, timeout=40_000)
        seen, statuses = page.evaluate("() => [seen, statuses]")
        page.close()
    rows = [message["record"] for message in seen if message["type"] in {"progress", "row_error"}]
    assert rows == list(range(1, ROWS + 1))
    assert [message["type"] for message in seen].count("row_error") == BAD
    used = [status["transport"] for status in statuses if status["state"] == "live"]
    assert used[-1] in transports, json.dumps(statuses)


def upload(server: ServerProcess, upload_id: str) -> None:
    """Send a file past the proxy, slowly, so that its rows come while they are watched."""
    head = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'

    def parts() -> Iterator[bytes]:
        yield (head + "title,event_date,city\n").encode()
        for number in range(1, ROWS + 1):
            date = "soon" if number % (ROWS // BAD) == 0 else "2027-03-01"
            yield f"Event {number},{date},Recife\n".encode()
        yield b"\r\n--b--\r\n"

    answer = httpx.post(
        f"{server.url}/api/v1/uploads?upload_id={upload_id}",
        content=parts(),
        headers={"Content-Type": "multipart/form-data; boundary=b"},
        timeout=30,
    )
    assert answer.status_code in {201, 202}, answer.text
