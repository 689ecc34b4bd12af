"""Chromium watches an import through nginx over two servers; the one that works on it is killed."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contracts.conftest import postgres, store_url
from tests.end_to_end.conftest import StartServer
from tests.end_to_end.proxies.real import before_two

__all__ = ["postgres", "store_url"]

pytestmark = pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)

ROWS = 20_000
TOLD_ONE_BY_ONE = 1000

# Two streams: nginx takes turns, so one of them is on the server that is killed.
WATCH = """
async (feed) => {
  const {connect} = await import("/client/fasttrack.js");
  window.streams = [];
  for (const _ of [1, 2]) {
    const stream = {seen: [], states: []};
    streams.push(stream);
    connect(feed, {
      onMessage: (message) => stream.seen.push(message),
      onStatus: (status) => stream.states.push(status.state),
    });
  }
}
"""
LIVE = "() => streams.every(({states}) => states.at(-1) === 'live')"
SOME_ROWS = "() => streams.every(({seen}) => seen.some(({type}) => type === 'progress'))"
FINISHED = "() => streams.every(({seen}) => seen.some(({type}) => type === 'finished'))"


def test_a_browser_sees_each_row_once_and_one_end_across_a_server_change(
    start_server: StartServer, store_url: str, page: Any, tmp_path: Path
) -> None:
    # Open by word: what comes through a proxy needs a token otherwise.
    first, second = [start_server(database_url=store_url, auth="open") for _ in range(2)]
    content = "title,event_date,city\n" + "".join(f"E{n},2027-03-01,Recife\n" for n in range(ROWS))
    with before_two(tmp_path, first.port, second.port) as port:
        # A page without a stream of its own.
        page.goto(f"http://127.0.0.1:{port}/healthz")
        page.evaluate(WATCH, "upload/legado")
        page.wait_for_function(LIVE)
        answer = httpx.post(
            f"{first.url}/api/v1/uploads?upload_id=legado",
            files={"file": ("a.csv", content.encode())},
            timeout=60,
        )
        assert answer.status_code == 202, answer.text
        page.wait_for_function(SOME_ROWS)
        first.kill()
        assert page.evaluate(f"!({FINISHED})()"), "it was over before the kill"
        page.wait_for_function(FINISHED, timeout=90_000)
        streams = page.evaluate("() => streams")
        page.close()
    for stream in streams:
        seen = stream["seen"]
        assert [message["id"] for message in seen] == [message["id"] for message in streams[0]["seen"]]
        assert [message["type"] for message in seen].count("finished") == 1
        assert (seen[-1]["status"], seen[-1]["accepted"]) == ("completed", ROWS)
        told = [message["record"] for message in seen if message["type"] == "progress"]
        assert told[:TOLD_ONE_BY_ONE] == list(range(1, TOLD_ONE_BY_ONE + 1))
        assert told == sorted(set(told))
    assert any("failed" not in stream["states"] and len(stream["states"]) > 2 for stream in streams)
