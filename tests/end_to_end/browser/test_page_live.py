"""The page follows what others do: events, counts, tasks, notifications; and asks who one is."""

import re
from typing import Any

import httpx

from tests.end_to_end.browser.acts import await_state, make_event, open_page, search_events, stored
from tests.end_to_end.server_process import ServerProcess

LIVE = "#transport[data-state=live]"


def titles(page: Any) -> list[str]:
    return list(page.locator("#view-events .item-title").all_text_contents())


def wait_for_titles(page: Any, *expected: str) -> None:
    """Wait until the list shows these events: what is announced may be of the list before."""
    page.wait_for_function(
        """(expected) => {
            const titles = [...document.querySelectorAll("#view-events .item-title")];
            return JSON.stringify(titles.map((title) => title.textContent)) === JSON.stringify(expected);
        }""",
        arg=list(expected),
    )


def test_changes_by_other_people_appear(page: Any, server: ServerProcess) -> None:
    open_page(page, server, "events")
    page.wait_for_selector(LIVE)
    made = make_event(server, "Seen by others")
    search_events(page, "Seen by others")
    page.wait_for_selector(f"[data-event='{made['id']}']")
    url = f"{server.url}/api/v1/eventos/{made['id']}"
    httpx.patch(url, json={"title": "Seen by others, renamed"}, timeout=60).raise_for_status()
    page.wait_for_selector(".item-title:has-text('Seen by others, renamed')")
    httpx.delete(url, timeout=60).raise_for_status()
    page.wait_for_selector(f"[data-event='{made['id']}']", state="detached")


def test_events_are_searched_and_filtered(page: Any, start_server: Any) -> None:
    server = start_server()
    venue = {"location_name": "Teatro do Parque", "venue_type": "Teatro", "capacity": 900}
    make_event(server, "Frevo", city="Olinda", event_date="2027-02-01T20:00", local_info=venue)
    make_event(server, "Maracatu", city="Recife", event_date="2027-03-01T20:00")
    make_event(server, "Ciranda", city="Recife", event_date="2027-04-01T20:00", description="à beira-mar")
    open_page(page, server, "events")
    wait_for_titles(page, "Frevo", "Maracatu", "Ciranda")
    for label, value, found in (
        ("Search title and description", "beira-mar", "Ciranda"),
        ("City", "Olinda", "Frevo"),
        ("From", "2027-04-01", "Ciranda"),
        ("To", "2027-02-28", "Frevo"),
    ):
        control = page.get_by_label(label, exact=True)
        control.fill(value)
        control.press("Enter")
        wait_for_titles(page, found)
        control.fill("")
        control.press("Enter")
        wait_for_titles(page, "Frevo", "Maracatu", "Ciranda")
    page.get_by_label("Venue type").select_option("Teatro")
    wait_for_titles(page, "Frevo")
    page.get_by_label("Venue type").select_option("Igreja")
    page.wait_for_selector("text=No event matches.")
    page.get_by_label("Venue type").select_option("")
    page.get_by_label("Order").select_option("title")
    page.wait_for_function(
        "() => document.querySelector('#view-events .item-title')?.textContent === 'Ciranda'"
    )
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "eventos.xlsx"


def test_creating_editing_and_deleting_an_event_shows_in_another_tab(
    context: Any, server: ServerProcess
) -> None:
    watcher, page = context.new_page(), context.new_page()
    for tab in (watcher, page):
        open_page(tab, server, "events")
        search_events(tab, "Made by hand")
        tab.wait_for_selector("text=0 events")
    page.click("text=New event")
    form = page.get_by_role("dialog")
    form.get_by_label("Title", exact=True).fill("Made by hand")
    form.get_by_label("Date", exact=True).fill("2027-07-12T19:00")
    form.get_by_label("City", exact=True).fill("Olinda")
    form.get_by_label("Address", exact=True).fill("Rua do Bom Jesus, 1")
    form.get_by_role("button", name="Save").click()
    # An address without a place is not dropped: it is a fault at the place's name.
    page.wait_for_selector("[data-fault=location_name]:not(:empty)")
    form.get_by_label("Venue name", exact=True).fill("Embaixada")
    form.get_by_role("button", name="Save").click()
    form.wait_for(state="detached")
    watcher.wait_for_selector(".item-title:has-text('Made by hand')")

    page.get_by_role("button", name="Edit “Made by hand”").click()
    form.get_by_label("City", exact=True).fill("Caruaru")
    form.get_by_role("button", name="Save").click()
    form.wait_for(state="detached")
    watcher.wait_for_selector(".item-more:has-text('Caruaru')")
    # The row was drawn anew under the dialog: the keyboard is back on its button all the same.
    page.wait_for_function(
        "() => document.activeElement.getAttribute('aria-label') === 'Edit “Made by hand”'"
    )

    page.get_by_role("button", name="Delete “Made by hand”").click()
    page.wait_for_selector("text=“Made by hand” was deleted.")
    page.get_by_role("button", name="Undo").click()
    page.wait_for_selector(".item-title:has-text('Made by hand')")
    page.get_by_role("button", name="Delete “Made by hand”").click()
    page.goto(f"{server.url}/healthz")  # Who leaves has decided.
    wait_for_titles(watcher)
    assert stored(server, q="Made by hand")["total"] == 0


def test_saving_after_another_persons_change_asks_for_a_decision(page: Any, server: ServerProcess) -> None:
    made = make_event(server, "Contested")
    open_page(page, server, "events")
    search_events(page, "Contested")
    page.wait_for_selector("text=1 event")
    page.get_by_role("button", name="Edit “Contested”").click()
    url = f"{server.url}/api/v1/eventos/{made['id']}"
    httpx.patch(url, json={"city": "Natal"}, timeout=60).raise_for_status()
    form = page.get_by_role("dialog")
    form.get_by_label("City", exact=True).fill("Olinda")
    form.get_by_role("button", name="Save").click()
    page.wait_for_selector("text=Someone changed this event while you edited.")
    assert form.get_by_label("City", exact=True).input_value() == "Olinda"
    assert "Natal" in form.locator("[data-fault=city]").text_content()
    form.get_by_role("button", name="Save").click()
    form.wait_for(state="detached")
    assert httpx.get(url, timeout=60).json()["city"] == "Olinda"


def test_the_list_keeps_its_length_and_focus_while_others_change_events(page: Any, start_server: Any) -> None:
    server = start_server()
    events = [{"title": f"E{n:03}", "event_date": "2027-01-01", "city": "Recife"} for n in range(70)]
    httpx.post(f"{server.url}/api/v1/eventos/lote", json=events, timeout=60).raise_for_status()
    open_page(page, server, "events")
    page.wait_for_selector(LIVE)
    page.wait_for_selector(".item-title:has-text('E003')")
    page.locator("[data-event]", has_text="E003").get_by_role("button", name="Delete").focus()
    make_event(server, "New one", event_date="2026-12-31")
    page.wait_for_selector("text=71 events")
    assert page.evaluate("document.activeElement.closest('[data-event]').textContent.includes('E003')")
    # Only what is on screen is drawn, and everything can be reached.
    assert len(titles(page)) < 40
    page.evaluate("() => scrollTo(0, document.body.scrollHeight)")
    page.wait_for_selector(".item-title:has-text('E069')")


def test_the_dashboard_follows_changes(page: Any, server: ServerProcess) -> None:
    make_event(server, "One", city="Natal")
    open_page(page, server, "dashboard")
    page.wait_for_function("() => /\\d/.test(document.querySelector('[data-count=events]').textContent)")
    before = int(page.text_content("[data-count=events]").replace(",", ""))
    make_event(server, "One more", city="Natal")
    page.wait_for_function(
        "(count) => document.querySelector('[data-count=events]').textContent === count",
        arg=f"{before + 1:,}",
    )
    page.wait_for_selector("#view-dashboard .chart text:has-text('Natal')")
    page.wait_for_selector("[data-people] .person")


def test_an_empty_server_shows_what_to_do(page: Any, start_server: Any) -> None:
    server = start_server()
    open_page(page, server, "dashboard")
    page.wait_for_selector("text=Nothing to count yet.")
    page.click("[data-view=events]")
    page.get_by_role("link", name="Import a file").click()
    page.wait_for_selector("[data-drop]")
    page.wait_for_selector("text=Imports will appear here.")


def test_an_analysis_shows_its_log_while_it_runs(page: Any, start_server: Any) -> None:
    server = start_server()
    venue = {"location_name": "Sala", "capacity": 1}
    for _ in range(2):
        make_event(server, "Twice the same", participants=["Ana", "Bia"], local_info=venue)
    open_page(page, server, "tasks")
    page.click("text=Analyse events")
    await_state(page)
    page.wait_for_selector("[data-console] div:has-text('1 likely duplicate')")
    page.wait_for_selector("[data-task] .figure:has-text('Events') >> text=2")
    page.wait_for_selector("[data-task] .chart text:has-text('Recife')")
    page.wait_for_selector("text=Likely duplicates: 1")
    page.wait_for_selector("[data-task] li:has-text('Twice the same')")
    repeat = page.locator("[data-task] section", has_text="Likely duplicates").locator("li")
    links = [link.get_attribute("href") for link in repeat.get_by_role("link").all()]
    assert links == ["#event/2", "#event/1"]
    repeat.get_by_role("link", name="repeats #1").click()
    page.get_by_role("dialog").get_by_role("heading", name="Edit event").wait_for()
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog[open]", state="detached")
    open_page(page, server, "tasks")
    page.reload()
    page.locator("#view-tasks .items").get_by_role("button", name="Open").click()
    page.wait_for_selector("[data-console] div:has-text('1 likely duplicate')")


def test_an_export_is_downloaded(page: Any, server: ServerProcess) -> None:
    make_event(server, "Exported")
    open_page(page, server, "tasks")
    page.get_by_label("File format").select_option("csv")
    page.get_by_role("button", name="Export to a file").click()
    await_state(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the file").click()
    assert "Exported" in download.value.path().read_text()


def test_administrators_see_notifications(page: Any, start_server: Any) -> None:
    server = start_server()
    open_page(page, server)
    page.wait_for_selector(LIVE)
    bell = page.get_by_role("button", name="Notifications")
    bell.click()
    page.wait_for_selector("text=No notifications.")
    page.keyboard.press("Escape")
    make_event(server, "Worth a word")
    page.wait_for_selector("#notifications .badge:has-text('1')")
    file = {"file": ("agenda.csv", b"title,event_date,city\nA,2027-01-01,Recife\n")}
    httpx.post(f"{server.url}/api/v1/uploads", files=file, timeout=60).raise_for_status()
    page.wait_for_selector("#notifications .badge:has-text('2')")
    bell.click()
    notices = page.locator(".notice").all_text_contents()
    assert "Import of agenda.csv completed" in notices[0]
    assert "Worth a word" in notices[1]
    assert page.locator("#notifications .badge").is_hidden()
    page.keyboard.press("Escape")
    page.locator(".notice").first.wait_for(state="hidden")
    assert bell.evaluate("(bell) => bell === document.activeElement")


def test_the_page_asks_for_a_token_and_accepts_it(context: Any, start_server: Any) -> None:
    server = start_server(auth="token")
    token = re.search(r"ft_[\w-]+", server.log)
    assert token is not None
    page = context.new_page()
    page.goto(server.url)
    page.fill("dialog input[name=token]", "ft_wrong")
    page.click("dialog button[type=submit]")
    page.wait_for_selector("text=This token is not valid.")
    page.fill("dialog input[name=token]", token[0])
    page.click("dialog button[type=submit]")
    page.wait_for_selector(LIVE)
    page.wait_for_selector("#session:has-text('admin')")
    page.click("text=Sign out")
    page.wait_for_selector("dialog input[name=token]")


def test_a_viewer_sees_no_controls_for_changes(context: Any, start_server: Any) -> None:
    server = start_server(auth="token")
    admin = re.search(r"ft_[\w-]+", server.log)
    assert admin is not None
    bearer = {"Authorization": f"Bearer {admin[0]}"}
    viewer = httpx.post(
        f"{server.url}/api/v1/users", json={"name": "vera", "role": "viewer"}, headers=bearer, timeout=60
    )
    page = context.new_page()
    page.goto(server.url)
    page.fill("dialog input[name=token]", viewer.json()["token"])
    page.click("dialog button[type=submit]")
    page.wait_for_selector(LIVE)
    # Who may only read has nothing to import: the events come first.
    page.wait_for_selector("#view-events h1")
    assert page.get_by_text("New event").is_hidden()
    assert page.locator("#notifications button").count() == 0
    page.click("[data-view=import]")
    page.wait_for_selector("text=Earlier imports")
    assert page.locator("[data-drop]").is_hidden()
    page.click("[data-view=tasks]")
    page.wait_for_selector("#view-tasks h1")
    assert page.get_by_text("Analyse events").is_hidden()
