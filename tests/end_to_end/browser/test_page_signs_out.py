"""What a person deleted a moment ago is carried out, or said to wait, when the session ends."""

from typing import Any

import httpx
import pytest

from tests.end_to_end.browser.acts import (
    TOKEN,
    as_admin,
    end_session,
    first_token,
    give_token,
    open_page,
    person,
    sign_in,
)
from tests.end_to_end.server_process import ServerProcess

LIVE = "#transport[data-state=live]"


def make(server: ServerProcess, *titles: str) -> None:
    events = [{"title": title, "event_date": "2027-01-01T10:00", "city": "Recife"} for title in titles]
    bearer = {"Authorization": f"Bearer {first_token(server)}"}
    url = f"{server.url}/api/v1/eventos/lote"
    httpx.post(url, json=events, headers=bearer, timeout=60).raise_for_status()


def titles(server: ServerProcess) -> list[str]:
    return [event["title"] for event in as_admin(server, "/eventos?sort=title")["items"]]


def delete(page: Any, title: str) -> None:
    page.get_by_role("button", name=f"Delete “{title}”").click()
    page.get_by_text(f"“{title}” was deleted.").wait_for()


@pytest.fixture
def server(start_server: Any) -> ServerProcess:
    """A server that asks for tokens, with three events."""
    started: ServerProcess = start_server(auth="token")
    make(started, "Ciranda", "Frevo", "Sarau")
    return started


@pytest.fixture
def dora(page: Any, server: ServerProcess) -> str:
    """The token of an editor who looks at the events."""
    token = person(server, "dora", "editor")
    sign_in(page, server, token)
    page.goto(f"{server.url}/#events?when=all")
    page.wait_for_selector(LIVE)
    return token


@pytest.mark.usefixtures("dora")
def test_a_deletion_is_carried_out_before_the_person_signs_out(page: Any, server: ServerProcess) -> None:
    delete(page, "Frevo")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_selector(TOKEN)
    assert titles(server) == ["Ciranda", "Sarau"]


@pytest.mark.usefixtures("dora")
def test_who_signs_out_while_the_server_is_away_stays_and_is_told(page: Any, server: ServerProcess) -> None:
    page.route("**/api/v1/eventos/*", lambda route: route.abort())
    delete(page, "Frevo")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_text("The server did not answer.").wait_for()
    page.locator(".event", has_text="Frevo").wait_for()
    assert page.get_by_role("button", name="Undo").count() == 0
    assert page.locator(TOKEN).count() == 0
    page.unroute("**/api/v1/eventos/*")
    delete(page, "Frevo")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_selector(TOKEN)
    assert titles(server) == ["Ciranda", "Sarau"]


@pytest.mark.usefixtures("dora")
def test_what_could_not_be_deleted_at_the_sign_out_is_told_and_nothing_offers_to_undo_the_rest(
    page: Any, server: ServerProcess
) -> None:
    frevo = next(event for event in as_admin(server, "/eventos")["items"] if event["title"] == "Frevo")
    busy = {"status": 503, "content_type": "application/problem+json", "body": '{"status": 503}'}
    page.route(f"**/api/v1/eventos/{frevo['id']}", lambda route: route.fulfill(**busy))
    for title in ("Ciranda", "Frevo", "Sarau"):
        page.get_by_label(f"Select “{title}”").check()
    page.locator(".bulk-bar, [role=toolbar]").get_by_role("button", name="Delete", exact=True).click()
    page.get_by_text("3 events were deleted.").wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.locator(".event", has_text="Frevo").wait_for()
    for gone in ("Ciranda", "Sarau"):
        page.locator(".event", has_text=gone).wait_for(state="detached")
    toast = page.locator("#toast")
    assert toast.is_visible()
    assert "deleted" not in toast.text_content()
    assert toast.get_by_role("button").count() == 0
    assert page.locator(TOKEN).count() == 0
    assert titles(server) == ["Frevo"]


def test_a_deletion_waits_for_its_person_when_another_tab_signs_out(
    page: Any, server: ServerProcess, dora: str
) -> None:
    delete(page, "Frevo")
    end_session(page)
    page.get_by_text("before 1 event was deleted for good. Sign in again as dora").wait_for()
    give_token(page, dora)
    page.wait_for_selector(TOKEN, state="detached")
    # It can still be taken back: who has read that has decided.
    page.locator("#toast span").click()
    for _ in range(100):
        if titles(server) == ["Ciranda", "Sarau"]:
            break
        page.wait_for_timeout(100)
    assert titles(server) == ["Ciranda", "Sarau"]


@pytest.mark.usefixtures("dora")
def test_another_person_is_asked_and_carries_out_no_deletion(page: Any, server: ServerProcess) -> None:
    delete(page, "Frevo")
    end_session(page)
    give_token(page, person(server, "enzo", "editor"))
    question = page.get_by_role("alertdialog")
    assert "dora deleted 1 event here" in question.text_content()
    question.get_by_role("button", name="Discard").click()
    page.wait_for_selector("#session:has-text('enzo')")
    page.wait_for_selector("html[data-ready]")
    page.locator(".event", has_text="Frevo").wait_for()
    assert titles(server) == ["Ciranda", "Frevo", "Sarau"]


@pytest.mark.usefixtures("dora")
def test_files_that_wait_are_asked_about_before_the_session_ends(
    page: Any, server: ServerProcess, tmp_path: Any
) -> None:
    open_page(page, server)
    files = [tmp_path / f"{name}.csv" for name in "ab"]
    for file in files:
        file.write_text("title,event_date,city\nFesta,2027-05-01,Recife\n")
    page.set_input_files("input[type=file]", files)
    page.wait_for_selector(".review-sum:not([hidden])")
    page.get_by_role("button", name="Sign out").click()
    question = page.get_by_role("alertdialog")
    question.get_by_role("button", name="Stay").click()
    question.wait_for(state="detached")
    assert page.locator("[data-review]").count() == 1
    assert page.locator(TOKEN).count() == 0
    page.get_by_role("button", name="Sign out").click()
    question.get_by_role("button", name="Sign out").click()
    page.wait_for_selector(TOKEN)
