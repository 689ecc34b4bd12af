"""What a person typed is there until it is saved or thrown away: over sign-ins, conflicts, links and keys."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.end_to_end.browser.acts import (
    TOKEN,
    as_admin,
    await_state,
    end_session,
    first_token,
    give_token,
    make_event,
    open_page,
    person,
    review,
    sign_in,
    stored,
)
from tests.end_to_end.server_process import ServerProcess

LIVE = "#transport[data-state=live]"
FRONT = """
() => {
  const {left, top, width, height} = document.getElementById("toast").getBoundingClientRect();
  return Boolean(document.elementFromPoint(left + width / 2, top + height / 2)?.closest("#toast"));
}
"""
FOCUS = "() => document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent"


def field(page: Any, name: str) -> Any:
    return page.locator("dialog[open]").get_by_label(name, exact=True)


def change(server: ServerProcess, event: Any, **members: Any) -> None:
    url = f"{server.url}/api/v1/eventos/{event['id']}"
    httpx.patch(url, json=members, headers={"If-Match": "*"}, timeout=60).raise_for_status()


def test_a_sign_in_that_interrupts_a_save_ends_with_the_save(
    context: Any, page: Any, start_server: Any
) -> None:
    server = start_server(auth="token")
    token = first_token(server)
    sign_in(page, server, token)
    page.goto(f"{server.url}/#events?when=all")
    page.get_by_role("button", name="New event").click()
    field(page, "Title").fill("Mostra")
    field(page, "City").fill("Recife")
    context.clear_cookies()
    page.get_by_role("button", name="Save").click()
    give_token(page, token)
    page.wait_for_selector("dialog", state="detached")
    page.wait_for_selector(".event:has-text('Mostra')")
    admin = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{server.url}/api/v1/eventos", headers=admin, timeout=60).json()["total"] == 1


def test_a_conflict_keeps_what_was_typed_and_shows_what_is_stored(page: Any, start_server: Any) -> None:
    server = start_server()
    event = make_event(server, "Ciranda", description="Na praia")
    open_page(page, server, f"event/{event['id']}")
    field(page, "Title").fill("Ciranda de roda")
    field(page, "Description").fill("No cais")
    change(server, event, city="Olinda", description="Na praça")
    page.get_by_role("button", name="Save").click()
    page.wait_for_selector("dialog[open] #toast:not([hidden])")
    assert page.evaluate(FRONT)
    assert field(page, "Title").input_value() == "Ciranda de roda"
    assert field(page, "Description").input_value() == "No cais"
    assert field(page, "City").input_value() == "Olinda"
    assert "Na praça" in page.locator("[data-fault=description]").text_content()
    assert page.locator("[data-fault=title]").text_content() == ""
    page.get_by_role("button", name="Save").click()
    page.wait_for_selector("dialog", state="detached")
    now = stored(server)["items"][0]
    assert (now["title"], now["city"], now["description"]) == ("Ciranda de roda", "Olinda", "No cais")


def test_leaving_asks_about_what_was_typed_and_a_form_goes_with_its_address(
    page: Any, start_server: Any
) -> None:
    server = start_server()
    first, second = (make_event(server, title) for title in ("Ciranda", "Sarau"))
    open_page(page, server, "events?when=all")
    page.locator(".item-title", has_text="Ciranda").click()
    page.wait_for_selector("dialog[open]")
    page.go_back()
    page.wait_for_selector("dialog", state="detached")
    page.goto(f"{server.url}/#event/{first['id']}")
    field(page, "Title").fill("Ciranda de roda")
    page.evaluate(f"location.hash = '#event/{second['id']}'")
    question = page.get_by_role("alertdialog")
    assert page.evaluate(FOCUS) == "Keep editing"
    page.keyboard.press("Enter")
    question.wait_for(state="detached")
    assert page.locator("dialog[open]").count() == 1
    assert field(page, "Title").input_value() == "Ciranda de roda"
    with page.expect_event("dialog") as asked:
        page.evaluate("setTimeout(() => location.reload())")
    assert asked.value.type == "beforeunload"
    asked.value.dismiss()
    assert field(page, "Title").input_value() == "Ciranda de roda"


def test_a_file_that_is_dropped_waits_until_a_form_is_left(
    page: Any, start_server: Any, tmp_path: Path
) -> None:
    server = start_server()
    open_page(page, server, "events?when=all")
    page.get_by_role("button", name="New event").click()
    field(page, "Title").fill("Mostra")
    page.evaluate(
        """() => {
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File(["title"], "a.csv"));
          document.dispatchEvent(new DragEvent("drop", {dataTransfer, bubbles: true, cancelable: true}));
        }"""
    )
    page.wait_for_selector("dialog[open] #toast:not([hidden])")
    assert page.evaluate("location.hash").startswith("#events")
    assert field(page, "Title").input_value() == "Mostra"


def test_a_deletion_by_the_keyboard_is_taken_back_by_the_next_key(page: Any, start_server: Any) -> None:
    server = start_server()
    for title in ("Ciranda", "Frevo", "Sarau"):
        make_event(server, title)
    open_page(page, server, "events?when=all&sort=title")
    page.get_by_role("button", name="Delete “Frevo”").focus()
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelectorAll('.event').length === 2")
    assert page.evaluate(FOCUS) == "Undo"
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelectorAll('.event').length === 3")
    assert page.evaluate(FOCUS) == "Edit “Sarau”"
    assert stored(server)["total"] == 3


def test_another_deletion_carries_out_the_one_before_it_alone(page: Any, start_server: Any) -> None:
    server = start_server()
    for title in ("Ciranda", "Frevo", "Sarau"):
        make_event(server, title)
    open_page(page, server, "events?when=all&sort=title")
    page.get_by_role("button", name="Delete “Ciranda”").click()
    with page.expect_response(lambda answer: answer.request.method == "DELETE"):
        page.get_by_role("button", name="Delete “Frevo”").click()
    assert [event["title"] for event in stored(server)["items"]] == ["Frevo", "Sarau"]
    page.locator("#toast").get_by_role("button", name="Undo").click()
    page.wait_for_function("() => document.querySelectorAll('.event').length === 2")


def test_a_conflict_does_not_shorten_the_time_to_undo_another_deletion(page: Any, start_server: Any) -> None:
    server = start_server()
    first, second = (make_event(server, title) for title in ("Ciranda", "Frevo"))
    open_page(page, server, "events?when=all&sort=title")
    page.get_by_role("button", name="Delete “Ciranda”").click()
    change(server, first, city="Olinda")
    with page.expect_response(lambda answer: answer.request.method == "DELETE"):
        page.get_by_role("button", name="Delete “Frevo”").click()
    page.get_by_text("was not deleted").wait_for()
    page.locator("#toast").get_by_role("button", name="Undo").click()
    page.wait_for_function("() => document.querySelectorAll('.event').length === 2")
    assert httpx.get(f"{server.url}/api/v1/eventos/{second['id']}", timeout=60).status_code == 200


def test_a_sign_in_that_interrupts_an_upload_ends_with_the_review(
    context: Any, page: Any, start_server: Any, tmp_path: Path
) -> None:
    server = start_server(auth="token")
    token = first_token(server)
    sign_in(page, server, token)
    # The stream is open, and asks for nothing more: the upload is what finds the session gone.
    page.wait_for_selector(LIVE)
    context.clear_cookies()
    file = tmp_path / "agenda.csv"
    file.write_text("title,event_date,city\nSarau,2027-05-01,Recife\n")
    page.set_input_files("input[type=file]", file)
    page.wait_for_selector(TOKEN)
    for _ in range(3):
        page.keyboard.press("Escape")
    give_token(page, token)
    page.wait_for_selector(".review-sum:not([hidden])")


def test_a_file_without_rows_cannot_be_imported_and_one_that_is_no_table_offers_another(
    page: Any, start_server: Any, tmp_path: Path
) -> None:
    server = start_server()
    open_page(page, server)
    empty, image = tmp_path / "empty.csv", tmp_path / "image.csv"
    empty.write_text("title,event_date,city\n")
    image.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    review(page, empty)
    page.get_by_text("There is no row below the titles").wait_for()
    assert page.locator(".review-actions button[type=submit]").is_disabled()
    page.get_by_role("button", name="Cancel").click()
    page.wait_for_selector(".review", state="detached")
    page.set_input_files("input[type=file]", image)
    page.wait_for_selector(".review .alert:not([hidden])")
    assert page.locator(".review-actions button[type=submit]").is_hidden()
    assert page.get_by_role("heading", name="Columns").is_hidden()
    page.get_by_role("button", name="Choose another file").click()
    page.wait_for_selector(".review", state="detached")


def test_a_time_in_utc_is_shown_and_edited_by_the_time_zone_of_the_server(
    page: Any, start_server: Any
) -> None:
    server = start_server(timezone="America/Recife")
    event = make_event(server, "Ceia", event_date="2030-12-25T01:00:00Z")
    make_event(server, "Missa", event_date="2030-12-24T20:00:00-03:00")
    open_page(page, server, "events?when=all")
    row = page.locator(".event", has_text="Ceia")
    assert "22:00" in row.text_content()
    assert row.locator(".date-tile b").text_content() == "24"
    assert "20:00" in page.locator(".event", has_text="Missa").text_content()
    page.goto(f"{server.url}/#event/{event['id']}")
    assert field(page, "Date").input_value() == "2030-12-24T22:00"
    field(page, "Title").fill("Ceia de Natal")
    page.get_by_role("button", name="Save").click()
    page.wait_for_selector("dialog", state="detached")
    assert stored(server, q="Ceia")["items"][0]["event_date"] == "2030-12-25T01:00:00Z"
    page.goto(f"{server.url}/#event/{event['id']}")
    field(page, "Date").fill("2030-12-24T21:00")
    page.get_by_role("button", name="Save").click()
    page.wait_for_selector("dialog", state="detached")
    assert stored(server, q="Ceia")["items"][0]["event_date"] == "2030-12-24T21:00:00"


@pytest.mark.parametrize("look", [{"width": 1024, "height": 614}, {"width": 360, "height": 640}])
def test_what_has_the_keyboard_is_not_under_the_bars_of_a_review(
    page: Any, start_server: Any, tmp_path: Path, look: dict[str, int]
) -> None:
    server = start_server()
    page.set_viewport_size(look)
    page.emulate_media(reduced_motion="reduce")
    open_page(page, server)
    file = tmp_path / "agenda.csv"
    names = ["title", "event_date", "city", *[f"coluna {number}" for number in range(12)]]
    row = ["Sarau", "2027-05-01", "Recife", *["x"] * 12]
    file.write_text(f"{','.join(names)}\n{','.join(row)}\n")
    review(page, file)
    page.wait_for_selector(".review-sum:not([hidden])")
    for _ in range(40):
        page.keyboard.press("Tab")
        hidden = page.evaluate(
            """() => {
              const element = document.activeElement;
              if (!element.closest(".review") || element.closest(".review-actions")) return "";
              const {left, top, width, height} = element.getBoundingClientRect();
              const seen = document.elementFromPoint(left + width / 2, top + height / 2);
              return seen?.closest(".top, .review-actions") ? element.outerHTML : "";
            }"""
        )
        assert hidden == ""


@pytest.mark.parametrize("role", ["editor", "viewer"])
def test_what_one_person_typed_is_not_saved_in_the_name_of_another(
    page: Any, start_server: Any, role: str
) -> None:
    server = start_server(auth="token")
    dora, enzo = person(server, "dora", "editor"), person(server, "enzo", role)
    sign_in(page, server, dora)
    page.goto(f"{server.url}/#events?when=all")
    page.wait_for_selector(LIVE)
    page.get_by_role("button", name="New event").click()
    field(page, "Title").fill("Mostra")
    field(page, "City").fill("Recife")
    end_session(page)
    give_token(page, enzo)
    question = page.get_by_role("alertdialog")
    assert "dora" in question.text_content()
    assert page.evaluate(FOCUS) == "Keep it for dora"
    page.keyboard.press("Enter")
    page.get_by_text("Sign in again as dora").wait_for()
    give_token(page, dora)
    page.wait_for_selector(TOKEN, state="detached")
    assert field(page, "Title").input_value() == "Mostra"
    page.get_by_role("button", name="Save").click()
    page.wait_for_selector("dialog", state="detached")
    assert as_admin(server, "/eventos")["total"] == 1
    notices = as_admin(server, "/notifications")["items"]
    assert {notice["actor"] for notice in notices if notice["kind"] == "event_created"} <= {"dora"}

    page.get_by_role("button", name="New event").click()
    field(page, "Title").fill("Sarau")
    end_session(page)
    give_token(page, enzo)
    question.get_by_role("button", name="Discard").click()
    page.wait_for_selector("#session:has-text('enzo')")
    page.wait_for_selector("html[data-ready]")
    assert page.locator("dialog[open]").count() == 0
    assert page.get_by_role("button", name="New event").is_visible() == (role == "editor")
    assert as_admin(server, "/eventos")["total"] == 1


def test_another_person_who_signs_in_has_another_page(page: Any, start_server: Any) -> None:
    server = start_server(auth="token")
    sign_in(page, server, person(server, "dora", "editor"))
    page.wait_for_selector(LIVE)
    end_session(page)
    give_token(page, person(server, "vera", "viewer"))
    page.wait_for_selector("#session:has-text('vera')")
    page.wait_for_selector("html[data-role=viewer][data-ready]")


def test_the_same_person_goes_on_after_signing_in_again(page: Any, start_server: Any) -> None:
    server = start_server(auth="token")
    dora = person(server, "dora", "editor")
    sign_in(page, server, dora)
    page.wait_for_selector(LIVE)
    page.evaluate("window.isSamePage = true")
    end_session(page)
    give_token(page, dora)
    page.wait_for_selector(LIVE)
    assert page.evaluate("window.isSamePage")


def end_session_at(page: Any, server: ServerProcess, feed: str) -> None:
    """End the session when the page first asks for this feed: its streams and calls were answered before."""
    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    address = re.compile(rf"/poll\?feed={feed}%2F")

    def end(route: Any) -> None:
        url = f"{server.url}/api/v1/session"
        httpx.delete(url, cookies=cookies, headers={"Origin": server.url}, timeout=60).raise_for_status()
        route.continue_()

    page.route(address, end, times=1)


def test_a_check_an_import_and_a_task_go_on_after_signing_in_again(
    page: Any, start_server: Any, tmp_path: Path
) -> None:
    server = start_server(auth="token")
    dora = person(server, "dora", "editor")
    sign_in(page, server, dora)
    page.wait_for_selector(LIVE)
    file = tmp_path / "agenda.csv"
    file.write_text("title,event_date,city\nSarau,2027-05-01,Recife\nFrevo,em breve,Olinda\n")
    end_session_at(page, server, "tarefas")
    page.set_input_files("input[type=file]", file)
    give_token(page, dora)
    page.wait_for_selector(".review-sum:not([hidden])")
    page.wait_for_selector(LIVE)
    end_session_at(page, server, "upload")
    page.click(".review-actions button[type=submit]")
    give_token(page, dora)
    await_state(page, "partly")
    assert page.locator(".rejects-row").count() == 1
    page.wait_for_selector(LIVE)
    page.click("[data-view=tasks]")
    end_session_at(page, server, "tarefas")
    page.click("text=Analyse events")
    give_token(page, dora)
    await_state(page)
    page.wait_for_selector("[data-task] .figure")
    lines = page.locator("[data-console] div").all_text_contents()
    assert lines
    assert len(lines) == len(set(lines))


def venue(**members: Any) -> Any:
    return {"location_name": "Teatro", "capacity": 200, "venue_type": None, "address": "Rua 1", **members}


def open_event(page: Any, server: ServerProcess, event: Any) -> None:
    open_page(page, server, f"event/{event['id']}")
    page.wait_for_selector("dialog[open]")


def save(page: Any) -> None:
    page.get_by_role("button", name="Save").click()
    page.wait_for_selector("dialog", state="detached")


def test_a_save_sends_what_was_changed_and_nothing_else(page: Any, start_server: Any) -> None:
    server = start_server()
    event = make_event(server, "Ciranda", description="Na praia\r\nàs sete", local_info=venue())
    open_event(page, server, event)
    field(page, "City").fill("Olinda")
    save(page)
    now = stored(server)["items"][0]
    assert now["city"] == "Olinda"
    assert {name: now[name] for name in ("description", "local_info")} == {
        name: event[name] for name in ("description", "local_info")
    }
    open_event(page, server, event)
    save(page)
    assert stored(server)["items"][0]["version"] == now["version"]
    open_event(page, server, event)
    field(page, "Capacity").fill("300")
    field(page, "Address").fill("")
    save(page)
    changed = {"capacity": 300, "address": None, "manually_edited": True}
    assert stored(server)["items"][0]["local_info"] == {**event["local_info"], **changed}


def test_a_venue_that_somebody_removed_meanwhile_is_named_in_the_conflict(
    page: Any, start_server: Any
) -> None:
    server = start_server()
    event = make_event(server, "Ciranda", description="Na praia", local_info=venue())
    open_event(page, server, event)
    field(page, "Capacity").fill("300")
    field(page, "Address").fill("Rua 2")
    field(page, "Description").fill("No cais")
    field(page, "Date").fill("2027-01-02T10:00")
    change(server, event, local_info=None, description="", event_date="2027-01-03T10:00")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("The venue was removed meanwhile").wait_for()
    removed = "The venue was removed meanwhile. If you want it back, fill in its name again and save."
    told = {
        place.get_attribute("data-fault"): place.text_content()
        for place in page.locator("dialog[open] [data-fault]").all()
        if place.text_content()
    }
    assert told == {
        "event_date": "Stored meanwhile: 3 Jan 2027, 10:00",
        "description": "Cleared meanwhile.",
        "location_name": removed,
    }
    field(page, "Venue name").fill("Teatro")
    save(page)
    now = stored(server)["items"][0]
    assert (now["local_info"]["location_name"], now["local_info"]["capacity"]) == ("Teatro", 300)


@pytest.mark.parametrize("typed", ["1e", "-", "1,5", "1.200", "dois mil", "-5"])
def test_a_capacity_that_is_no_number_is_refused_at_its_field(
    page: Any, start_server: Any, typed: str
) -> None:
    server = start_server()
    event = make_event(server, "Ciranda", local_info=venue())
    open_event(page, server, event)
    field(page, "Capacity").fill("")
    field(page, "Capacity").press_sequentially(typed)
    page.get_by_role("button", name="Save").click()
    page.wait_for_function("() => document.querySelector('[data-fault=capacity]').textContent")
    assert "quotes" not in page.text_content("[data-fault=capacity]")
    assert field(page, "Capacity").input_value() == typed
    assert stored(server)["items"][0] == event


def test_a_pasted_text_is_not_cut_but_counted_in_characters(page: Any, start_server: Any) -> None:
    server = start_server()
    event = make_event(server, "Ciranda")
    open_event(page, server, event)
    field(page, "Title").fill("🎭" * 100)
    save(page)
    assert stored(server)["items"][0]["title"] == "🎭" * 100
    open_event(page, server, event)
    field(page, "Title").fill("🎭" * 101)
    page.get_by_role("button", name="Save").click()
    page.get_by_text("has 101 characters; at most 100 fit").wait_for()
    assert field(page, "Title").input_value() == "🎭" * 101


def test_changing_the_date_of_many_keeps_the_offset_of_each(page: Any, start_server: Any) -> None:
    server = start_server(timezone="America/Recife")
    make_event(server, "Hanami", event_date="2027-03-30T10:00:00+09:00")
    make_event(server, "Frevo", event_date="2027-03-30T10:00:00")
    make_event(server, "Ceia", event_date="2027-03-30T10:00:00Z")
    open_page(page, server, "events?when=all")
    for title in ("Hanami", "Frevo", "Ceia"):
        page.get_by_role("checkbox", name=f"Select “{title}”").check()
    page.get_by_role("toolbar").get_by_role("button", name="Change").click()
    page.locator("dialog[open]").get_by_label("Field").select_option("event_date")
    field(page, "New value").fill("2027-04-01T19:30")
    page.locator("dialog[open] button[type=submit]").click()
    page.get_by_text("3 events changed.").wait_for()
    dates = {event["title"]: event["event_date"] for event in stored(server)["items"]}
    assert dates == {
        "Hanami": "2027-04-01T19:30:00+09:00",
        "Frevo": "2027-04-01T19:30:00",
        "Ceia": "2027-04-01T19:30:00",
    }


def test_a_change_of_many_that_fails_names_the_field(page: Any, start_server: Any) -> None:
    server = start_server()
    make_event(server, "Frevo")
    open_page(page, server, "events?when=all")
    page.get_by_role("checkbox", name="Select “Frevo”").check()
    page.get_by_role("toolbar").get_by_role("button", name="Change").click()
    page.locator("dialog[open]").get_by_label("Field").select_option("local_info.venue_type")
    page.locator("dialog[open] button[type=submit]").click()
    page.get_by_text("Venue name is required").wait_for()


def test_a_year_has_four_digits(page: Any, start_server: Any) -> None:
    server = start_server()
    open_page(page, server, "events?when=all")
    page.get_by_role("button", name="New event").click()
    page.wait_for_selector("dialog[open]")
    ends = "() => [...document.querySelectorAll('input[type^=date]')].map(({max}) => max.slice(0, 10))"
    assert set(page.evaluate(ends)) == {"9999-12-31"}


def test_a_deletion_of_the_only_event_leaves_the_keyboard_in_the_list(page: Any, start_server: Any) -> None:
    server = start_server()
    make_event(server, "Ciranda")
    open_page(page, server, "events?when=all")
    page.get_by_role("button", name="Delete “Ciranda”").focus()
    page.keyboard.press("Enter")
    page.locator("#toast").get_by_role("button", name="Undo").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_selector(".event")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "list"


def test_a_reload_keeps_what_was_decided_in_a_review(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    file = tmp_path / "decided.csv"
    file.write_text(
        "title,event_date,city,venue_type,capacity,location_name\n"
        "Sarau,2027-05-01T20:00,Recife,Auditorium,30,Casa\n"
        "Oficina,2027-05-02T20:00,Olinda,Auditorium,-5,Casa\n"
    )
    open_page(page, server)
    review(page, file)
    page.locator("[data-group^='local_info.venue_type'] button").click()
    page.wait_for_selector("text=1 can be imported, 1 cannot")
    page.select_option("[data-column='5']", "")
    page.get_by_label("All or nothing").check()
    page.wait_for_selector("text=All 2 rows can be imported")
    page.reload()
    page.wait_for_selector("text=All 2 rows can be imported")
    assert page.input_value("[data-column='5']") == ""
    assert page.get_by_label("All or nothing").is_checked()


def test_one_sign_in_is_for_all_tabs_of_a_browser(context: Any, page: Any, start_server: Any) -> None:
    server = start_server(auth="token")
    dora = person(server, "dora", "editor")
    sign_in(page, server, dora)
    page.wait_for_selector(LIVE)
    other = context.new_page()
    open_page(other, server, "tasks")
    other.wait_for_selector(LIVE)
    other.get_by_role("button", name="Sign out").click()
    # The first tab leads: its stream is refused within seconds, and each tab asks for a token.
    for tab in (page, other):
        tab.wait_for_selector(TOKEN)
    give_token(other, dora)
    for tab in (other, page):
        tab.wait_for_selector(TOKEN, state="detached")
        tab.wait_for_selector(LIVE)
    make_one = {"title": "Mostra", "event_date": "2027-01-01T10:00", "city": "Recife"}
    bearer = {"Authorization": f"Bearer {dora}"}
    httpx.post(f"{server.url}/api/v1/eventos", json=make_one, headers=bearer, timeout=60).raise_for_status()
    for tab in (page, other):
        tab.evaluate("location.hash = '#events?when=all'")
        tab.wait_for_selector(".event:has-text('Mostra')")
        assert tab.locator(TOKEN).count() == 0


def test_an_event_that_was_deleted_meanwhile_can_be_saved_as_a_new_one(page: Any, start_server: Any) -> None:
    server = start_server()
    venue = {"location_name": "Teatro Um", "capacity": 30}
    event = make_event(server, "Ciranda", event_date="2027-01-01T10:00:30-05:00", local_info=venue)
    open_page(page, server, f"event/{event['id']}")
    field(page, "Title").fill("Ciranda de roda")
    url = f"{server.url}/api/v1/eventos/{event['id']}"
    httpx.delete(url, headers={"If-Match": "*"}, timeout=60).raise_for_status()
    question = page.get_by_role("alertdialog")
    page.get_by_role("button", name="Save", exact=True).click()
    question.get_by_role("button", name="Keep editing").click()
    assert field(page, "Title").input_value() == "Ciranda de roda"
    page.get_by_role("button", name="Save", exact=True).click()
    question.get_by_role("button", name="Save as new").click()
    page.wait_for_selector("dialog", state="detached")
    (now,) = stored(server)["items"]
    assert now["id"] != event["id"]
    assert (now["title"], now["event_date"]) == ("Ciranda de roda", "2027-01-01T10:00:30-05:00")
    assert now["local_info"]["capacity"] == 30


def test_reasons_and_hints_of_a_form_belong_to_their_fields(page: Any, start_server: Any) -> None:
    server = start_server()
    open_page(page, server, "events?when=all")
    page.get_by_role("button", name="New event").click()
    field(page, "Venue name").fill("T")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_selector("dialog [aria-invalid=true]")
    described = page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll("dialog .field")].map((field) => {
          const control = field.querySelector("input, select, textarea");
          const ids = control.getAttribute("aria-describedby").split(" ");
          const said = ids.map((id) => document.getElementById(id).textContent).join(" ").trim();
          const star = getComputedStyle(field.querySelector("label"), "::after").content.includes("*");
          return [field.querySelector("label").textContent, [said, star, control.required]];
        }))"""
    )
    assert "2" in described["Venue name"][0]
    assert "semicolon" in described["Participants"][0]
    assert {name for name, (_, star, _) in described.items() if star} == {"Title", "Date", "City"}
    assert all(star == required for _, star, required in described.values())


def test_who_may_only_read_is_shown_an_event_from_its_beginning(browser: Any, start_server: Any) -> None:
    server = start_server(auth="token")
    bearer = {"Authorization": f"Bearer {first_token(server)}"}
    event = {
        "title": "Ciranda",
        "event_date": "2027-01-01T10:00",
        "city": "Recife",
        "description": "linha\n" * 60,
        "participants": ["Ana", "Bia"],
    }
    made = httpx.post(f"{server.url}/api/v1/eventos", json=event, headers=bearer, timeout=60)
    phone = browser.new_context(locale="en-GB", viewport={"width": 390, "height": 844})
    phone.set_default_timeout(45_000)
    page = phone.new_page()
    sign_in(page, server, person(server, "vera", "viewer"))
    page.goto(f"{server.url}/#event/{made.json()['id']}")
    dialog = page.locator("dialog[open]")
    dialog.wait_for()
    assert page.evaluate("document.querySelector('dialog').scrollTop") == 0
    assert page.evaluate("document.activeElement.textContent") == "Ciranda"
    assert dialog.locator("input, select, textarea").count() == 0
    assert "Ana; Bia" in dialog.locator("dl").text_content()
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")
    page.wait_for_function("() => location.hash.startsWith('#events')")
    phone.close()
