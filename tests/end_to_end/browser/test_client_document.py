"""The examples of docs/client.md, run as they stand."""

import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.end_to_end.server_process import ServerProcess

FOREIGN = """
async (base) => {
  const {connect} = await import(`${base}/client/fasttrack.js`);
  window.seen = [];
  window.statuses = [];
  connect("eventos", {
    base,
    ticket: drawTicket,
    onMessage: (message) => seen.push(message.event?.title),
    onStatus: ({state, transport}) => statuses.push(`${state} ${transport}`),
  });
}
"""

DOCUMENT = Path(__file__).parents[3] / "docs" / "client.md"

RUN = """
async (example) => {
  const {connect} = await import("/client/fasttrack.js");
  const file = new File(["title,event_date,city\\nA,2027-01-01,Recife\\nB,soon,Recife\\n"], "two.csv");
  const body = new (async () => {}).constructor("connect", "file", example);
  await body(connect, file);
}
"""


def test_the_example_of_an_import_watches_it(browser: Any, server: ServerProcess) -> None:
    section = DOCUMENT.read_text().split("## An import, watched")[1]
    example = re.search(r"```js\n(.*?)```", section, re.DOTALL)
    assert example is not None
    # The page's policy forbids code made of text, which is how the example gets in here.
    profile = browser.new_context(bypass_csp=True)
    page = profile.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{server.url}/healthz")
    with page.expect_console_message(lambda message: message.text.startswith("completed"), timeout=45_000):
        page.evaluate(RUN, example[1])
    profile.close()
    assert said[-1] == "completed 1 1"
    assert any(text.startswith("line 3") for text in said)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[str]:
    """A page of somebody else, on an origin of its own."""
    (tmp_path / "index.html").write_text("<p>elsewhere")
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as site:
        thread = threading.Thread(target=site.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{site.server_port}"
        site.shutdown()
        thread.join()


def test_a_page_of_another_origin_reads_with_tickets(page: Any, start_server: Any, elsewhere: str) -> None:
    events = start_server(auth="token", allowed_origins=elsewhere)
    token = re.search(r"ft_[\w-]+", events.log)
    assert token is not None
    bearer = {"Authorization": f"Bearer {token[0]}"}

    def draw_ticket() -> str:
        answer = httpx.post(f"{events.url}/api/v1/tickets", headers=bearer, timeout=30)
        return str(answer.json()["ticket"])

    page.expose_function("drawTicket", draw_ticket)
    page.goto(elsewhere)
    page.evaluate(FOREIGN, events.url)
    page.wait_for_function("() => statuses.at(-1) === 'live sse'")
    event = {"title": "From afar", "event_date": "2027-01-01", "city": "Recife"}
    httpx.post(f"{events.url}/api/v1/eventos", json=event, headers=bearer, timeout=30).raise_for_status()
    page.wait_for_function("() => seen.includes('From afar')")
