"""While an answer is awaited the page says so, loses nothing, and stores nothing twice."""

from typing import Any

import httpx
import pytest

from tests.end_to_end.browser.acts import make_event, open_page, search_events, stored
from tests.end_to_end.server_process import ServerProcess

SAVE = "dialog[open] button[type=submit]"
BUSY = f"{SAVE}[aria-busy=true]"


class Gate:
    """Calls of a page that wait until they are let through, or are carried out and their answers lost."""

    def __init__(self, page: Any, address: str, *methods: str) -> None:
        self.page = page
        self.methods = methods
        self.held: list[Any] = []
        self.seen: list[Any] = []
        page.route(address, self._take)

    def _take(self, route: Any) -> None:
        if route.request.method not in self.methods:
            return route.fallback()
        self.seen.append(route.request)
        return self.held.append(route)

    def wait(self, calls: int = 1) -> None:
        """Wait until so many are held."""
        for _ in range(450):
            if len(self.held) >= calls:
                break
            self.page.wait_for_timeout(100)
        assert len(self.held) == calls

    def open(self) -> None:
        """Let through all that wait, and what comes."""
        self.methods = ()
        while self.held:
            self.held.pop(0).continue_()

    def lose(self) -> None:
        """Carry out what waits, and lose its answer."""
        self.wait()
        route = self.held.pop()
        route.fetch()
        route.abort()


def field(page: Any, name: str) -> Any:
    return page.locator("dialog[open]").get_by_label(name, exact=True)


def new_event(page: Any, server: ServerProcess) -> None:
    open_page(page, server, "events?when=all")
    page.get_by_role("button", name="New event").click()
    field(page, "Title").fill("Mostra")
    field(page, "City").fill("Recife")


def new_webhook(page: Any, server: ServerProcess) -> None:
    open_page(page, server, "webhooks")
    page.get_by_role("button", name="New webhook").click()
    field(page, "Address of the receiver").fill("http://127.0.0.1:9/hook")


def test_a_save_whose_answer_was_lost_is_sent_again_and_stores_one_event(
    page: Any, start_server: Any
) -> None:
    server = start_server()
    new_event(page, server)
    gate = Gate(page, "**/api/v1/eventos", "POST")
    page.click(SAVE)
    gate.lose()
    page.get_by_text("The event may be stored already").wait_for()
    assert field(page, "Title").input_value() == "Mostra"
    page.click(SAVE)
    gate.wait()
    gate.open()
    page.wait_for_selector("dialog", state="detached")
    page.get_by_text("“Mostra” was saved.").wait_for()
    keys = [request.headers["idempotency-key"] for request in gate.seen]
    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert stored(server)["total"] == 1


def test_what_is_changed_after_a_lost_answer_is_another_request(page: Any, start_server: Any) -> None:
    server = start_server()
    new_event(page, server)
    gate = Gate(page, "**/api/v1/eventos", "POST")
    page.click(SAVE)
    gate.wait()
    gate.held.pop().abort()
    page.get_by_text("The event may be stored already").wait_for()
    field(page, "Title").fill("Mostra de cinema")
    page.click(SAVE)
    gate.wait()
    gate.open()
    page.wait_for_selector("dialog", state="detached")
    first, second = (request.headers["idempotency-key"] for request in gate.seen)
    assert first != second
    assert [event["title"] for event in stored(server)["items"]] == ["Mostra de cinema"]


def test_a_change_whose_answer_was_lost_is_no_conflict_with_oneself(page: Any, start_server: Any) -> None:
    server = start_server()
    event = make_event(server, "Ciranda")
    open_page(page, server, f"event/{event['id']}")
    field(page, "City").fill("Olinda")
    gate = Gate(page, f"**/api/v1/eventos/{event['id']}", "PATCH")
    page.click(SAVE)
    gate.lose()
    page.get_by_text("The server did not answer").wait_for()
    gate.open()
    page.click(SAVE)
    page.wait_for_selector("dialog", state="detached")
    page.get_by_text("“Ciranda” was saved.").wait_for()
    now = stored(server)["items"][0]
    assert (now["city"], now["version"]) == ("Olinda", event["version"] + 1)


def test_a_form_is_locked_and_stays_until_its_answer_is_there(page: Any, start_server: Any) -> None:
    server = start_server()
    new_event(page, server)
    gate = Gate(page, "**/api/v1/eventos", "POST")
    field(page, "Title").press("Enter")
    gate.wait()
    field(page, "Title").press_sequentially(" de cinema")
    field(page, "Accessible").evaluate("(box) => box.click()")
    field(page, "Venue type").press("ArrowDown")
    # The second is one that browsers do not let a page refuse.
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.locator("dialog[open] #toast").get_by_text("It is being stored").wait_for()
    assert page.get_by_role("alertdialog").count() == 0
    assert field(page, "Title").input_value() == "Mostra"
    assert not field(page, "Accessible").is_checked()
    assert field(page, "Venue type").input_value() == ""
    gate.open()
    page.wait_for_selector("dialog", state="detached")
    page.get_by_text("“Mostra” was saved.").wait_for()
    assert [event["title"] for event in stored(server)["items"]] == ["Mostra"]


def test_a_refused_save_unlocks_the_form_and_leaves_the_keyboard_where_it_was(
    page: Any, start_server: Any
) -> None:
    server = start_server()
    new_event(page, server)
    gate = Gate(page, "**/api/v1/eventos", "POST")
    field(page, "City").press("Enter")
    gate.wait()
    page.wait_for_selector("dialog form[aria-busy=true]")
    assert field(page, "City").evaluate("(field) => field === document.activeElement && field.readOnly")
    gate.held.pop().fulfill(status=429, json={"type": "/problems/too-many-requests", "status": 429})
    page.wait_for_selector("dialog form:not([aria-busy])")
    field(page, "City").press_sequentially("!")
    assert field(page, "City").input_value() == "Recife!"
    page.keyboard.press("Escape")
    page.get_by_role("alertdialog").get_by_role("button", name="Discard").click()
    page.wait_for_selector("dialog", state="detached")
    assert stored(server)["total"] == 0


def test_a_server_that_never_answers_does_not_lock_a_form_for_ever(page: Any, start_server: Any) -> None:
    server = start_server()
    new_event(page, server)
    gate = Gate(page, "**/api/v1/eventos", "POST")
    page.clock.install()
    page.click(SAVE)
    gate.wait()
    page.clock.fast_forward(31_000)
    page.get_by_text("The event may be stored already").wait_for()
    page.clock.resume()
    page.keyboard.press("Escape")
    page.get_by_role("alertdialog").get_by_role("button", name="Discard").click()
    page.wait_for_selector("dialog", state="detached")


def test_the_secret_of_a_new_webhook_is_shown_to_who_wanted_to_leave(page: Any, start_server: Any) -> None:
    server = start_server(webhook_private_addresses="true")
    new_webhook(page, server)
    gate = Gate(page, "**/api/v1/webhooks", "POST")
    page.click(SAVE)
    gate.wait()
    page.keyboard.press("Escape")
    page.get_by_text("It is being stored").wait_for()
    gate.open()
    page.wait_for_selector("dialog input.mono")
    assert page.input_value("dialog input.mono").startswith("whsec_")


@pytest.mark.parametrize("is_carried_out", [True, False])
def test_a_webhook_whose_answer_was_lost_is_looked_for(
    page: Any, start_server: Any, is_carried_out: bool
) -> None:
    server = start_server(webhook_private_addresses="true")
    new_webhook(page, server)
    gate = Gate(page, "**/api/v1/webhooks", "POST")
    page.click(SAVE)
    if is_carried_out:
        gate.lose()
        page.get_by_text("the webhook is stored").wait_for()
        page.wait_for_selector("[data-webhook]")
        assert page.locator("dialog[open]").count() == 0
    else:
        gate.wait()
        gate.held.pop().abort()
        page.get_by_text("the webhook is not in the list").wait_for()
        assert field(page, "Address of the receiver").input_value() == "http://127.0.0.1:9/hook"
    count = len(httpx.get(f"{server.url}/api/v1/webhooks", timeout=60).json()["items"])
    assert count == int(is_carried_out)


def test_a_calendar_address_whose_answer_was_lost_is_shown_in_the_list(page: Any, start_server: Any) -> None:
    server = start_server()
    open_page(page, server, "events?when=all")
    with page.expect_response("**/api/v1/calendars"):
        page.get_by_role("button", name="Subscribe").click()
    gate = Gate(page, "**/api/v1/calendars", "POST")
    page.get_by_role("button", name="Create an address").click()
    gate.lose()
    page.get_by_text("a new address stands in the list").wait_for()
    assert page.locator("dialog[open] .item").count() == 1
    gate.open()
    page.get_by_role("button", name="Create an address").click()
    page.get_by_label("Address of the calendar").wait_for()


def test_a_task_whose_answer_was_lost_is_shown_in_the_list(page: Any, start_server: Any) -> None:
    server = start_server()
    open_page(page, server, "tasks")
    gate = Gate(page, "**/api/v1/eventos/analise", "POST")
    page.get_by_role("button", name="Analyse events").click()
    gate.lose()
    page.get_by_text("The task may have been started").wait_for()
    page.locator("#view-tasks .item").wait_for()
    assert page.locator("#view-tasks .item").count() == 1


def test_who_stops_a_change_of_many_is_told_how_many_were_changed(page: Any, start_server: Any) -> None:
    server = start_server()
    for number in range(6):
        make_event(server, f"Evento {number}")
    open_page(page, server, "events?when=all")
    for number in range(6):
        page.get_by_role("checkbox", name=f"Select “Evento {number}”").check()
    page.get_by_role("toolbar").get_by_role("button", name="Change").click()
    field(page, "New value").fill("Natal")
    gate = Gate(page, "**/api/v1/eventos/*", "PATCH")
    page.click(SAVE)
    gate.wait(4)
    page.get_by_role("button", name="Cancel", exact=True).click()
    gate.open()
    page.get_by_text("Stopped. Changed: 4. 2 events were left as they were.").wait_for()
    page.wait_for_selector("dialog", state="detached")
    assert stored(server, city="Natal")["total"] == 4


@pytest.mark.parametrize(
    ("which", "typed", "stored_as"),
    [("Date", "2027-03-04T20:30", "2027-03-04T20:30:00"), ("City", " Santa  Rita ", "Santa Rita")],
)
def test_changes_of_many_whose_answers_were_lost_are_known_by_what_is_stored(
    page: Any, start_server: Any, which: str, typed: str, stored_as: str
) -> None:
    """The server stores what was sent in its own form."""
    server = start_server()
    for number in range(2):
        make_event(server, f"Evento {number}")
    open_page(page, server, "events?when=all")
    for number in range(2):
        page.get_by_role("checkbox", name=f"Select “Evento {number}”").check()
    page.get_by_role("toolbar").get_by_role("button", name="Change").click()
    field(page, "Field").select_option(label=which)
    field(page, "New value").fill(typed)
    page.route(
        "**/api/v1/eventos/*",
        lambda route: (route.fetch(), route.abort()) if route.request.method == "PATCH" else route.fallback(),
    )
    page.click(SAVE)
    page.get_by_text("2 events changed").wait_for()
    member = "event_date" if which == "Date" else "city"
    assert [event[member] for event in stored(server)["items"]] == [stored_as] * 2


def test_what_is_at_work_shows_it_late_and_says_it_once(page: Any, start_server: Any) -> None:
    server = start_server()
    new_event(page, server)
    gate = Gate(page, "**/api/v1/eventos", "POST")
    width = page.locator(SAVE).bounding_box()["width"]
    page.click(SAVE)
    gate.wait()
    page.wait_for_selector(BUSY)
    assert page.locator(SAVE).bounding_box()["width"] == width
    assert page.text_content(SAVE) == "Save"
    said = page.locator("dialog[open] > [role=status]")
    page.wait_for_function("() => document.querySelector('dialog[open] > [role=status]').textContent")
    assert said.text_content() == "Still working. Please wait."
    gate.open()
    page.wait_for_selector("dialog", state="detached")
    page.get_by_role("button", name="New event").click()
    assert page.locator(BUSY).count() == 0


def test_a_list_that_answers_another_question_is_marked_until_it_answers(
    page: Any, start_server: Any
) -> None:
    server = start_server()
    make_event(server, "Ciranda")
    gate = Gate(page, "**/api/v1/eventos?**", "GET")
    open_page(page, server, "events?when=all")
    page.wait_for_selector(".virtual[aria-busy=true]:empty")
    page.get_by_text("Reading the events…").wait_for()
    gate.open()
    page.wait_for_selector(".event:has-text('Ciranda')")
    page.wait_for_selector(".virtual:not([aria-busy])")
    gate.methods = ("GET",)
    search_events(page, "nada")
    page.wait_for_selector(".virtual[aria-busy=true]")
    page.wait_for_selector(".numbers[aria-busy=true]")
    gate.open()
    page.get_by_text("No event matches.").wait_for()
    assert page.locator("[aria-busy=true]").count() == 0


def test_parts_in_another_language_or_direction_say_so(page: Any, start_server: Any) -> None:
    server = start_server()
    make_event(server, "مهرجان", city="حيفا")
    open_page(page, server, "events?when=all")
    row = page.locator(".event")
    row.wait_for()
    assert row.locator("a.item-title").get_attribute("dir") == "auto"
    assert row.locator("bdi", has_text="حيفا").count() == 1
    assert page.get_attribute("#language", "lang") == "pt-BR"
    page.click("#language")
    assert page.get_attribute("#language", "lang") == "en"
    page.click("#language")
    row.locator("a.item-title").click()
    inputs = "() => [...document.querySelectorAll('dialog :is(input, textarea)[dir=auto]')].length"
    page.wait_for_selector("dialog[open]")
    assert page.evaluate(inputs) == 6
