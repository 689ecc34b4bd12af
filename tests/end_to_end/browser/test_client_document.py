"""The examples of docs/client.md, run as they stand."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.end_to_end.server_process import ServerProcess

Open = Callable[..., Any]

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


READ = """
async ([base, name, feeds, options]) => {
  const {connect} = await import(`${base}/client/fasttrack.js`);
  const {who, fails, ...others} = options;
  const read = (window[name] = {got: []});
  read.feed = connect(feeds, {
    base,
    ...others,
    ticket: () => drawTicket(who),
    onMessage: (message) => {
      read.got.push(message.event?.title ?? message.type);
      if (message.event?.title === fails) throw new Error(`an error in ${name}`);
    },
  });
}
"""


@pytest.fixture
def events(start_server: Any, elsewhere: str) -> ServerProcess:
    """Return a server that pages of another origin may read with tickets."""
    server = start_server(auth="token", allowed_origins=elsewhere)
    assert isinstance(server, ServerProcess)
    return server


@pytest.fixture
def admin(events: ServerProcess) -> dict[str, str]:
    token = re.search(r"ft_[\w-]+", events.log)
    assert token is not None
    return {"Authorization": f"Bearer {token[0]}"}


@pytest.fixture
def open_tab(browser: Any, events: ServerProcess, admin: dict[str, str], elsewhere: str) -> Any:
    """Return what opens a tab of one browser, whose pages draw tickets for `admin`, `one` and `two`."""
    tokens = {"admin": admin["Authorization"]}
    for name in ("one", "two"):
        body = {"name": name, "role": "viewer"}
        made = httpx.post(f"{events.url}/api/v1/users", json=body, headers=admin, timeout=30)
        tokens[name] = f"Bearer {made.json()['token']}"

    def draw_ticket(who: str) -> str:
        headers = {"Authorization": tokens[who]}
        answer = httpx.post(f"{events.url}/api/v1/tickets", headers=headers, timeout=30)
        return str(answer.raise_for_status().json()["ticket"])

    profile = browser.new_context()
    profile.expose_function("drawTicket", draw_ticket)

    def opened() -> Any:
        tab = profile.new_page()
        tab.goto(elsewhere)
        return tab

    yield opened
    profile.close()


def create(events: ServerProcess, admin: dict[str, str], title: str) -> None:
    event = {"title": title, "event_date": "2027-01-01", "city": "Recife"}
    httpx.post(f"{events.url}/api/v1/eventos", json=event, headers=admin, timeout=30).raise_for_status()


def is_live(tab: Any, name: str) -> None:
    tab.wait_for_function(f"() => {name}.feed.status.state === 'live'")


def test_two_people_in_two_tabs_and_one_after_the_other_read_as_themselves(
    open_tab: Open, events: ServerProcess, admin: dict[str, str]
) -> None:
    first, second = open_tab(), open_tab()
    first.evaluate(READ, [events.url, "viewer", "eventos", {"who": "one"}])
    is_live(first, "viewer")
    second.evaluate(READ, [events.url, "boss", ["admin", "eventos"], {"who": "admin"}])
    is_live(second, "boss")
    first.evaluate("viewer.feed.close()")
    first.evaluate(READ, [events.url, "next", "eventos", {"who": "two"}])
    is_live(first, "next")
    httpx.post(f"{events.url}/api/v1/users/one/disable", headers=admin, timeout=30).raise_for_status()
    create(events, admin, "seen by both")
    first.wait_for_function("() => next.got.includes('seen by both')")
    second.wait_for_function("() => boss.got.includes('notification') && boss.got.includes('seen by both')")
    assert first.evaluate("[viewer.feed.status.state, viewer.got]") == ["closed", []]
    assert first.evaluate("next.feed.status.state") == second.evaluate("boss.feed.status.state") == "live"


def test_tabs_of_one_identity_share_a_stream_and_an_error_in_one_stops_nobody(
    open_tab: Open, events: ServerProcess, admin: dict[str, str]
) -> None:
    tabs = [open_tab(), open_tab()]
    errors: list[str] = []
    for number, tab in enumerate(tabs):
        tab.on("pageerror", lambda error: errors.append(error.message))
        tab.evaluate(READ, [events.url, "failing", "eventos", {"who": "one", "identity": "1", "fails": "E1"}])
        tab.evaluate(READ, [events.url, "sound", "eventos", {"who": "one", "identity": "1"}])
        is_live(tab, "sound")
        assert tab.evaluate("sound.feed.status.leader") is (number == 0)
    for title in ("E0", "E1", "E2"):
        create(events, admin, title)
    for tab in tabs:
        tab.wait_for_function("() => sound.got.length === 3 && failing.got.length === 3")
        assert tab.evaluate("[sound.got, failing.got]") == [["E0", "E1", "E2"]] * 2
    assert errors == ["an error in failing"] * 2
    tabs[0].evaluate("failing.feed.close(), sound.feed.close()")
    tabs[1].wait_for_function("() => sound.feed.status.leader && sound.feed.status.state === 'live'")
    create(events, admin, "E3")
    tabs[1].wait_for_function("() => sound.got.at(-1) === 'E3' && sound.got.length === 4")


def test_a_second_reader_of_an_import_sees_all_of_it_and_a_reload_goes_on(
    open_tab: Open, events: ServerProcess, admin: dict[str, str]
) -> None:
    tab = open_tab()
    tab.evaluate(READ, [events.url, "early", "upload/one", {"who": "one"}])
    is_live(tab, "early")
    rows = b"title,event_date,city\nA,2027-01-01,Recife\nB,2027-01-02,Recife\n"
    headers = {**admin, "Prefer": "wait=30"}
    target = f"{events.url}/api/v1/uploads?upload_id=one"
    httpx.post(target, files={"file": rows}, headers=headers, timeout=60).raise_for_status()
    tab.wait_for_function("() => early.feed.status.state === 'finished'")
    tab.evaluate(READ, [events.url, "late", "upload/one", {"who": "one"}])
    tab.wait_for_function("() => late.feed.status.state === 'finished'")
    assert tab.evaluate("late.got") == tab.evaluate("early.got")
    tab.reload()
    for name in ("resumed", "again"):
        tab.evaluate(READ, [events.url, name, "upload/one", {"who": "one"}])
        tab.wait_for_function(f"() => {name}.feed.status.state === 'finished'")
    assert tab.evaluate("resumed.got") == []
    assert tab.evaluate("again.got.at(-1)") == "finished"
