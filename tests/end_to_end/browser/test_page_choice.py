"""Events that were chosen from the list, and what becomes of the choice as events leave the list."""

from typing import Any

import httpx
import pytest

from tests.end_to_end.browser.acts import make_event, open_page, stored
from tests.end_to_end.server_process import ServerProcess

TITLES = ("Ciranda", "Frevo", "Sarau")


def city_of(server: ServerProcess) -> list[Any]:
    """Make three events of a city, in the future, and one of another."""
    make_event(server, "Zabumba", city="Olinda")
    return [make_event(server, title, city="Recife", event_date="2126-01-01T10:00") for title in TITLES]


def choose(page: Any, *titles: str) -> Any:
    """Choose events of the list, and return the bar that tells how many."""
    for title in titles:
        page.get_by_role("checkbox", name=f"Select “{title}”").check()
    bar = page.get_by_role("toolbar", name="Selected events")
    bar.get_by_text(f"{len(titles)} selected").wait_for()
    return bar


def change_chosen(page: Any, bar: Any, field: str, value: str) -> None:
    """Set a field of all that is chosen."""
    bar.get_by_role("button", name="Change").click()
    page.locator("dialog[open] select").select_option(field)
    page.locator("dialog[open] .field input").fill(value)
    page.locator("dialog[open] button[type=submit]").click()


def move(server: ServerProcess, event: Any) -> None:
    """Move an event to another city, as somebody else would."""
    answer = httpx.patch(f"{server.url}/api/v1/eventos/{event['id']}", json={"city": "Caruaru"}, timeout=30)
    answer.raise_for_status()


@pytest.mark.parametrize("change", [("city", "Caruaru"), ("event_date", "2020-01-01T10:00")])
def test_what_a_change_takes_off_the_list_is_not_deleted_with_what_is_seen(
    page: Any, start_server: Any, change: tuple[str, str]
) -> None:
    server = start_server()
    city_of(server)
    open_page(page, server, "events?city=Recife")
    bar = choose(page, "Ciranda", "Frevo")
    change_chosen(page, bar, *change)
    page.wait_for_selector(".event:nth-child(2)", state="detached")
    bar.wait_for(state="hidden")
    page.get_by_role("checkbox", name="Select “Sarau”").check()
    bar.get_by_role("button", name="Delete").click()
    page.get_by_text("“Sarau” was deleted.").wait_for()
    page.goto(f"{server.url}/diagnose")
    page.wait_for_selector("main")
    for _ in range(100):
        if stored(server)["total"] == 3:
            break
        page.wait_for_timeout(100)
    assert sorted(event["title"] for event in stored(server)["items"]) == ["Ciranda", "Frevo", "Zabumba"]


def test_what_others_move_off_the_list_is_not_chosen_any_more(page: Any, start_server: Any) -> None:
    server = start_server()
    ciranda, frevo, _ = city_of(server)
    open_page(page, server, "events?city=Recife")
    bar = choose(page, *TITLES)
    move(server, ciranda)
    move(server, frevo)
    bar.get_by_text("1 selected").wait_for()
    assert page.locator(".event input:checked").count() == page.locator(".event").count() == 1


def test_an_event_that_is_edited_off_the_list_is_not_chosen_any_more(page: Any, start_server: Any) -> None:
    server = start_server()
    city_of(server)
    open_page(page, server, "events?city=Recife")
    bar = choose(page, "Ciranda", "Sarau")
    page.get_by_role("button", name="Edit “Ciranda”").click()
    page.get_by_label("City", exact=True).last.fill("Olinda")
    page.get_by_role("button", name="Save").click()
    bar.get_by_text("1 selected").wait_for()
    assert page.get_by_role("checkbox", name="Select “Sarau”").is_checked()


def test_of_a_long_list_what_stays_further_down_stays_chosen(page: Any, start_server: Any) -> None:
    server = start_server()
    rows = [f"Sessão {n:04},2126-01-01T{n // 60:02}:{n % 60:02},Recife" for n in range(1200)]
    text = "\n".join(["title,event_date,city", *rows])
    upload = httpx.post(
        f"{server.url}/api/v1/uploads",
        files={"file": ("a.csv", text.encode())},
        headers={"Prefer": "wait=60"},
        timeout=90,
    )
    assert upload.json()["accepted"] == 1200
    open_page(page, server, "events?city=Recife")
    page.wait_for_selector(".event")
    page.evaluate("() => scrollTo(0, document.body.scrollHeight)")
    bar = choose(page, "Sessão 1198", "Sessão 1199")
    page.evaluate("() => scrollTo(0, 0)")
    bar = page.get_by_role("toolbar", name="Selected events")
    page.get_by_role("checkbox", name="Select “Sessão 0001”").check()
    bar.get_by_text("3 selected").wait_for()
    last = {event["title"]: event for event in stored(server, sort="-id", limit=2)["items"]}
    address = f"{server.url}/api/v1/eventos"
    # Both move to where the list is read no more; one of them leaves it.
    httpx.patch(f"{address}/{last['Sessão 1198']['id']}", json={"description": "Na praia"}, timeout=30)
    move(server, last["Sessão 1199"])
    bar.get_by_text("2 selected").wait_for()
    page.wait_for_timeout(1500)
    assert bar.get_by_text("2 selected").is_visible()
    bar.get_by_role("button", name="Delete").click()
    page.get_by_text("2 events were deleted.").wait_for()
    page.goto(f"{server.url}/diagnose")
    page.wait_for_selector("main")
    for _ in range(100):
        if stored(server)["total"] == 1198:
            break
        page.wait_for_timeout(100)
    assert stored(server)["total"] == 1198
    assert [event["title"] for event in stored(server, city="Caruaru")["items"]] == ["Sessão 1199"]
