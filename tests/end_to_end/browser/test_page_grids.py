"""The rejected rows and the month by the keyboard and to those who listen: few keys, and each cell named."""

from pathlib import Path
from typing import Any

from tests.end_to_end.browser.acts import await_state, drop, make_event, open_page
from tests.end_to_end.server_process import ServerProcess

HEADER = "title,event_date,city,venue_type,location_name\n"
FOCUSED = "() => document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent"
DAY = "() => document.activeElement.closest('[data-day]')?.dataset.day"
DESCRIPTION = """(cell) => cell.getAttribute("aria-describedby").split(" ")
  .map((id) => document.getElementById(id).textContent).join(" | ")"""


def rejected(page: Any, server: ServerProcess, folder: Path, rows: int) -> None:
    """Import a file of which every row has a wrong date and a venue of a type that is almost known."""
    file = folder / "agenda.csv"
    file.write_text(HEADER + "".join(f"Sarau {n},31/02/2027,Recife,Auditorium,Casa\n" for n in range(rows)))
    open_page(page, server)
    drop(page, file)
    await_state(page, "failed")
    page.wait_for_selector(".rejects-row .who:text-is('Sarau 0')")


def test_a_corrected_cell_is_sent_from_where_it_was_typed(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    rejected(page, server, tmp_path, 300)
    page.get_by_label("Venue type, line 2", exact=True).fill("Auditório")
    page.wait_for_selector("#announcer:has-text('1 corrected row can be imported')")
    cell = page.get_by_label("Date, line 2", exact=True)
    cell.fill("2027-05-05T10:00")
    page.keyboard.press("Enter")
    assert page.is_visible(".rejects-send button:text-is('Import 1 corrected row')")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#toast:has-text('1')")
    page.wait_for_selector(".rejects-row[data-line='2']", state="detached")
    # The keyboard goes on with the next row, and the rows before it are not walked through again.
    page.wait_for_function(f"() => ({FOCUSED})() === 'Date, line 3'")
    assert page.is_hidden(".rejects-send")


def test_what_sends_is_few_keys_before_the_cells(page: Any, server: ServerProcess, tmp_path: Path) -> None:
    rejected(page, server, tmp_path, 300)
    page.get_by_label("Date, line 2", exact=True).fill("2027-05-05T10:00")
    for _ in range(3):
        page.keyboard.press("Shift+Tab")
        if page.evaluate(FOCUSED) == "Import 1 corrected row":
            break
    assert page.evaluate(FOCUSED) == "Import 1 corrected row"


def test_a_cell_says_what_is_wrong_and_an_offer_where_it_goes(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    rejected(page, server, tmp_path, 2)
    cell = page.get_by_label("Date, line 3", exact=True)
    assert cell.get_attribute("aria-invalid") == "true"
    reason, who = cell.evaluate(DESCRIPTION).split(" | ")
    assert (reason, who) == (
        page.text_content(".rejects-row[data-line='3']:has([aria-label^=Date]) .reason"),
        "Sarau 1",
    )
    assert reason
    cell.fill("2027-05-05T10:00")
    assert cell.get_attribute("aria-invalid") is None
    # A row that is drawn anew remembers it.
    names = page.locator(".rejects-row[data-line='3'] .suggestion button").evaluate_all(
        "(buttons) => buttons.map((button) => button.getAttribute('aria-label'))"
    )
    assert names == [
        "Auditório, Venue type, line 3",
        "all (2): Auditório, Venue type, line 3",
    ]
    page.get_by_role("button", name=names[0], exact=True).click()
    page.wait_for_selector("[aria-label='Venue type, line 3'][data-mended]")
    assert page.locator("[data-line='3'] [aria-invalid]").count() == 0
    assert page.locator("[data-line='2'] [aria-invalid]").count() == 2


def test_the_month_is_one_place_in_the_order_of_keys_and_arrows_walk_in_it(
    page: Any, start_server: Any
) -> None:
    server = start_server()
    make_event(server, "Ciranda", event_date="2027-03-10T10:00")
    make_event(server, "Sarau", event_date="2027-03-11T10:00")
    open_page(page, server, "events?layout=month&month=2027-03")
    page.locator(".day-event", has_text="Sarau").wait_for()
    page.locator("[data-day='2027-03-01'] a").focus()
    for key, day in (
        ("ArrowDown", "2027-03-08"),
        ("ArrowRight", "2027-03-09"),
        ("ArrowRight", "2027-03-10"),
        ("ArrowUp", "2027-03-03"),
        ("End", "2027-03-07"),
        ("Home", "2027-03-01"),
        ("ArrowDown", "2027-03-08"),
        ("ArrowRight", "2027-03-09"),
        ("ArrowRight", "2027-03-10"),
    ):
        page.keyboard.press(key)
        assert page.evaluate(DAY) == day, key
    # Tab leads through what is on the day, and out of the month.
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.title") == "Ciranda"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.month')") is None
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.title") == "Ciranda"
    # From an event, too, arrows lead to the next day; and it stays where it is as others change events.
    page.keyboard.press("ArrowRight")
    make_event(server, "Frevo", event_date="2027-03-11T12:00")
    page.locator(".day-event", has_text="Frevo").wait_for()
    assert page.evaluate(DAY) == "2027-03-11"
    assert page.locator(".month a[tabindex='0']").count() == 3


def test_keys_lead_to_the_months_beside_a_month(page: Any, server: ServerProcess) -> None:
    open_page(page, server, "events?layout=month&month=2027-01")
    page.locator("[data-day='2027-01-31'] a").focus()
    for key, month, day in (
        ("PageDown", "February 2027", "2027-02-28"),
        ("PageUp", "January 2027", "2027-01-28"),
        ("ArrowDown", "February 2027", "2027-02-04"),
    ):
        page.keyboard.press(key)
        page.wait_for_selector(f"#month-title:text-is('{month}')")
        page.wait_for_function(f"() => ({DAY})() === '{day}'")
