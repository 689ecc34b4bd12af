"""An import that is just being started: cancelled, answered too late, or started with its answer lost."""

from pathlib import Path
from typing import Any

import httpx

from tests.end_to_end.browser.acts import await_state, drop, open_page, review, stored
from tests.end_to_end.browser.conftest import csv_file
from tests.end_to_end.server_process import ServerProcess

IMPORT = ".review-actions button[type=submit]"
CANCEL = ".review-actions button[type=button]"


class Held:
    """The start of an import that is on its way until a test lets it go."""

    def __init__(self, page: Any, *, is_answer: bool) -> None:
        """Hold its answer, which the server has given by then, or the question itself."""
        self._page = page
        self._is_answer = is_answer
        self._routes: list[tuple[Any, Any]] = []
        page.route("**/import", self._hold)

    def _hold(self, route: Any) -> None:
        self._routes.append((route, route.fetch() if self._is_answer else None))

    def wait(self) -> None:
        """Wait until it is held."""
        while not self._routes:
            self._page.wait_for_timeout(20)

    def let_go(self) -> None:
        """Let it go on."""
        route, answer = self._routes.pop()
        if answer is None:
            route.continue_()
        else:
            route.fulfill(response=answer)


def upload(server: ServerProcess, upload_id: str) -> Any:
    """Return what the server knows of an import."""
    return httpx.get(f"{server.url}/api/v1/uploads/{upload_id}", timeout=30).json()


def await_end(page: Any, server: ServerProcess, upload_id: str) -> None:
    """Wait until an import has ended on the server, whatever the page was told."""
    while upload(server, upload_id)["status"] != "completed":
        page.wait_for_timeout(20)


def begin(page: Any, file: Path) -> str:
    """Review a file, ask for its import, and return its id."""
    upload_id = str(review(page, file).get_attribute("data-review"))
    page.click(IMPORT)
    return upload_id


def test_a_cancel_that_comes_too_late_shows_the_import_and_its_way_to_undo(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    open_page(page, server)
    held = Held(page, is_answer=True)
    upload_id = begin(page, csv_file(tmp_path, 20))
    held.wait()
    await_end(page, server, upload_id)
    page.click(CANCEL)
    page.wait_for_selector("#toast:has-text('Cancelling')")
    # What comes meanwhile waits: nothing is replaced.
    page.set_input_files("input[type=file]", csv_file(tmp_path, 10, name="next.csv"))
    page.wait_for_selector("text=Waiting: next.csv")
    held.let_go()
    page.wait_for_selector(f"[data-upload='{upload_id}']")
    await_state(page)
    page.wait_for_selector("#toast:has-text('too late to cancel')")
    assert page.get_by_role("button", name="Undo import").is_visible()
    page.get_by_role("button", name="Import another file").click()
    page.wait_for_selector("[data-review]:has-text('next.csv')")


def test_a_cancel_that_overtakes_the_start_keeps_the_file_out(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    open_page(page, server)
    held = Held(page, is_answer=False)
    upload_id = begin(page, csv_file(tmp_path, 20))
    held.wait()
    with page.expect_response("**/cancel") as answered:
        page.click(CANCEL)
    assert answered.value.status == 200
    held.let_go()
    page.wait_for_selector("[data-review]", state="detached")
    page.wait_for_selector("[data-drop]:visible")
    known = upload(server, upload_id)
    assert (known["status"], known["accepted"]) == ("cancelled", 0)
    assert stored(server, upload_id=upload_id, limit=1)["total"] == 0
    assert "no longer" not in page.inner_text("body")


def test_a_cancel_that_comes_while_the_import_runs_is_carried_out(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    open_page(page, server)
    held = Held(page, is_answer=True)
    upload_id = begin(page, csv_file(tmp_path, 150_000))
    held.wait()
    page.click(CANCEL)
    held.let_go()
    page.wait_for_selector("[data-review]", state="detached")
    known = upload(server, upload_id)
    assert known["status"] == "cancelled"
    assert stored(server, upload_id=upload_id, limit=1)["total"] == known["accepted"]
    if known["accepted"]:
        await_state(page, "cancelled")
    else:
        page.wait_for_selector("[data-drop]:visible")


def test_a_start_that_is_answered_late_leaves_alone_what_is_looked_at_by_then(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    open_page(page, server)
    other = drop(page, csv_file(tmp_path, 5, name="other.csv"))
    await_state(page)
    page.get_by_role("button", name="Import another file").click()
    held = Held(page, is_answer=True)
    upload_id = begin(page, csv_file(tmp_path, 20))
    held.wait()
    await_end(page, server, upload_id)
    page.click(f"[data-upload-item='{other}'] button")
    page.wait_for_selector(f"[data-upload='{other}']")
    held.let_go()
    page.wait_for_selector(f"[data-upload-item='{upload_id}'] .chip[data-state=completed]")
    assert page.locator(f"[data-upload='{other}']").count() == 1
    assert page.evaluate("location.hash") == f"#import/{other}"


def lose(page: Any, address: str, times: int) -> None:
    """Let calls reach the server, and lose what it answers."""

    def answer_is_lost(route: Any) -> None:
        route.fetch()
        route.abort("connectionreset")

    page.route(address, answer_is_lost, times=times)


def test_an_import_whose_answer_was_lost_is_shown(page: Any, server: ServerProcess, tmp_path: Path) -> None:
    open_page(page, server)
    lose(page, "**/import", 1)
    upload_id = begin(page, csv_file(tmp_path, 20))
    page.wait_for_selector(f"[data-upload='{upload_id}']")
    await_state(page)
    assert upload(server, upload_id)["accepted"] == 20


def test_an_import_that_runs_already_is_shown_by_the_next_press(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    open_page(page, server)
    upload_id = str(review(page, csv_file(tmp_path, 20)).get_attribute("data-review"))
    # Its state cannot be asked either.
    lose(page, f"**/uploads/{upload_id}", 1)
    lose(page, "**/import", 1)
    page.click(IMPORT)
    page.wait_for_selector("#toast:has-text('did not answer')")
    page.click(IMPORT)
    page.wait_for_selector(f"[data-upload='{upload_id}']")
    await_state(page)


def test_a_cancel_that_did_not_arrive_is_told_where_the_import_may_run(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    open_page(page, server)
    upload_id = str(review(page, csv_file(tmp_path, 20)).get_attribute("data-review"))
    lose(page, f"**/uploads/{upload_id}", 1)
    lose(page, "**/import", 1)
    page.click(IMPORT)
    page.wait_for_selector("#toast:has-text('did not answer')")
    await_end(page, server, upload_id)
    page.click("#toast")
    page.route("**/cancel", lambda route: route.abort("connectionreset"), times=1)
    page.click(CANCEL)
    page.wait_for_selector("#toast:has-text('did not answer')")
    assert page.is_visible("[data-review]")
    page.click(CANCEL)
    page.wait_for_selector("#toast:has-text('too late to cancel')")
    page.wait_for_selector(f"[data-upload='{upload_id}']")
