"""What a person typed is there until it is saved or thrown away: over sign-ins, conflicts, links and keys."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.end_to_end.browser.acts import make_event, open_page, review, stored
from tests.end_to_end.server_process import ServerProcess

LIVE = "#transport[data-state=live]"
TOKEN = "dialog[open] input[name=token]"
FRONT = """
() => {
  const {left, top, width, height} = document.getElementById("toast").getBoundingClientRect();
  return Boolean(document.elementFromPoint(left + width / 2, top + height / 2)?.closest("#toast"));
}
"""
FOCUS = "() => document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent"


def field(page: Any, name: str) -> Any:
    return page.locator("dialog[open]").get_by_label(name, exact=True)


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
    page.goto(server.url)
    give_token(page, token)
    page.wait_for_selector("html[data-ready]")


def change(server: ServerProcess, event: Any, **members: Any) -> None:
    url = f"{server.url}/api/v1/eventos/{event['id']}"
    httpx.patch(url, json=members, headers={"If-Match": "*"}).raise_for_status()


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
    assert httpx.get(f"{server.url}/api/v1/eventos", headers=admin).json()["total"] == 1


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
    question.get_by_role("button", name="Cancel").click()
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
    assert httpx.get(f"{server.url}/api/v1/eventos/{second['id']}").status_code == 200


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
