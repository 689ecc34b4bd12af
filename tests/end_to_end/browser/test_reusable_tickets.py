"""A plain `EventSource` in a page of another origin, whose server stops or dies and comes back."""

import re
from typing import Any

import httpx
import pytest

EVENT = {"title": "Abertura", "event_date": "2027-01-01", "city": "Recife"}

# As docs/access.md shows: a ticket is requested once, and the browser does the rest.
WATCH = """
async ([server, token]) => {
  const answer = await fetch(`${server}/api/v1/tickets`, {
    method: "POST",
    headers: {Authorization: `Bearer ${token}`, "Content-Type": "application/json"},
    body: JSON.stringify({reusable: true, hours: 8, feeds: ["eventos"]}),
  });
  if (!answer.ok) throw new Error(await answer.text());
  const {ticket} = await answer.json();
  window.seen = [];
  window.hellos = 0;
  window.source = new EventSource(`${server}/sse/eventos?ticket=${ticket}`);
  window.source.onmessage = ({data}) => {
    const message = JSON.parse(data);
    if (message.type === "hello") window.hellos += 1;
    if (message.type === "event.created") window.seen.push(message.event.title);
  };
}
"""


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_an_event_source_with_a_reusable_ticket_outlives_a_restart(
    page: Any, start_server: Any, elsewhere: str, how: str
) -> None:
    server = start_server(auth="token", allowed_origins=elsewhere)
    found = re.search(r"ft_[\w-]+", server.log)
    assert found is not None
    token = found[0]

    def create(title: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        made = httpx.post(
            f"{server.url}/api/v1/eventos", json=EVENT | {"title": title}, headers=headers, timeout=60
        )
        assert made.status_code == 201, made.text

    page.goto(elsewhere)
    page.evaluate(WATCH, [server.url, token])
    page.wait_for_function("window.hellos === 1")
    create("before")
    page.wait_for_function("window.seen.length === 1")
    for n in (1, 2):
        getattr(server, how)()
        server.start()
        create(f"after {n}")
        page.wait_for_function(f"window.seen.length === {n + 1}")
        assert page.evaluate("window.hellos") == n + 1
    assert page.evaluate("window.seen") == ["before", "after 1", "after 2"]
    assert page.evaluate("window.source.readyState") == 1
