"""What people do with the page, and what they see."""

import json
import re
from pathlib import Path
from typing import Any

import httpx

from tests.end_to_end.server_process import ServerProcess

TOKEN = "dialog[open] input[name=token]"
VIEWS = ("import", "events", "dashboard", "tasks")

# Reads a feed in the page, beside what the page itself shows, and keeps what came over a reload.
COLLECT = """
async (feed) => {
  const {connect} = await import("/client/fasttrack.js");
  const kept = "test.messages";
  window.seen = JSON.parse(sessionStorage.getItem(kept) ?? "[]");
  window.statuses = [];
  const onMessage = (message) => {
    seen.push(message);
    sessionStorage.setItem(kept, JSON.stringify(seen));
  };
  connect(feed, {onMessage, onStatus: (status) => statuses.push(status)});
}
"""


def open_page(page: Any, server: ServerProcess, view: str = "import") -> None:
    """Open a view and wait until it can be used."""
    page.goto(f"{server.url}/#{view}")
    page.wait_for_selector("html[data-ready]")


def review(page: Any, *files: Path) -> Any:
    """Choose files, and return the first one's review once the whole of it was checked."""
    page.set_input_files("input[type=file]", files)
    page.wait_for_selector(".review-sum:not([hidden])")
    return page.locator("[data-review]")


def import_now(page: Any) -> str:
    """Import what is reviewed, and return the id of the import."""
    page.click(".review-actions button[type=submit]")
    return str(page.wait_for_selector("[data-upload]").get_attribute("data-upload"))


def drop(page: Any, file: Path) -> str:
    """Choose a file and import it as the page proposes; return the id of its import."""
    review(page, file)
    return import_now(page)


def await_state(page: Any, state: str = "completed") -> None:
    """Wait until the import or the task that is shown is in this state."""
    page.wait_for_selector(f".view:not([hidden]) .card-head .chip[data-state={state}]")


def figures(page: Any) -> list[str]:
    """Return rows, accepted and rejected as the page shows them."""
    return [str(page.text_content(f"[data-figure={name}] dd")) for name in ("rows", "accepted", "rejected")]


def await_rows(page: Any, rows: int) -> None:
    """Wait until the page shows that at least so many rows were read."""
    page.wait_for_function(
        """(rows) => {
          const shown = document.querySelector("[data-figure=rows] dd")?.textContent;
          return Number(shown?.replace(/\\D/g, "")) >= rows;
        }""",
        arg=rows,
    )


def search_events(page: Any, text: str) -> None:
    """Search the list of events."""
    page.get_by_label("Search title and description").fill(text)


def read_of(page: Any, upload_id: str) -> tuple[list[int], int]:
    """Return the records that `COLLECT` saw, in order, and how many ends."""
    seen = json.loads(page.evaluate("() => JSON.stringify(seen)"))
    own = [message for message in seen if message.get("upload_id", upload_id) == upload_id]
    records = [message["record"] for message in own if message["type"] in {"progress", "row_error"}]
    return records, [message["type"] for message in own].count("finished")


def make_event(server: ServerProcess, title: str, **members: Any) -> Any:
    """Make an event past the page, as somebody else would."""
    event = {"title": title, "event_date": "2027-01-01T10:00", "city": "Recife", **members}
    answer = httpx.post(f"{server.url}/api/v1/eventos", json=event, timeout=30)
    assert answer.status_code == 201, answer.text
    return answer.json()


def stored(server: ServerProcess, **filters: Any) -> Any:
    """Return the page of events that the server has for these filters."""
    return httpx.get(f"{server.url}/api/v1/eventos", params=filters, timeout=30).json()


def first_token(server: ServerProcess) -> str:
    """Return the token that the server printed at its first start."""
    found = re.search(r"ft_[\w-]+", server.log)
    assert found is not None
    return found[0]


def give_token(page: Any, token: str) -> None:
    """Answer the dialog that asks for a sign-in."""
    page.fill(TOKEN, token)
    page.keyboard.press("Enter")


def sign_in(page: Any, server: ServerProcess, token: str) -> None:
    """Open the page, and sign in."""
    page.goto(server.url)
    give_token(page, token)
    page.wait_for_selector("html[data-ready]")


def person(server: ServerProcess, name: str, role: str) -> str:
    """Return the token of somebody new."""
    bearer = {"Authorization": f"Bearer {first_token(server)}"}
    made = httpx.post(
        f"{server.url}/api/v1/users", json={"name": name, "role": role}, headers=bearer, timeout=60
    )
    return str(made.raise_for_status().json()["token"])


def end_session(page: Any) -> None:
    """End it as another tab does: the feed of this one notices first."""
    page.evaluate("fetch('/api/v1/session', {method: 'DELETE'})")
    page.wait_for_selector(TOKEN)


def as_admin(server: ServerProcess, path: str) -> Any:
    """Return what the API answers an administrator."""
    bearer = {"Authorization": f"Bearer {first_token(server)}"}
    return httpx.get(f"{server.url}/api/v1{path}", headers=bearer, timeout=60).json()
