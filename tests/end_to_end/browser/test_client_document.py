"""The examples of docs/client.md, run as they stand."""

import re
from pathlib import Path
from typing import Any

import httpx

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


def test_the_documented_example_imports_and_shows_progress(browser: Any, server: ServerProcess) -> None:
    section = DOCUMENT.read_text().split("## Watch an import")[1]
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


def test_a_page_of_another_origin_reads_feeds_with_tickets(
    page: Any, start_server: Any, elsewhere: str
) -> None:
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
