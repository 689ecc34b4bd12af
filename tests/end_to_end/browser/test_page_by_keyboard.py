"""An editor works by the keyboard alone: signs in, imports a file, corrects it, undoes it, signs out."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.end_to_end.browser.acts import await_state, drop, open_page, review
from tests.end_to_end.server_process import ServerProcess

FOCUSED = """
() => {
  const element = document.activeElement;
  const name = element.getAttribute("aria-label") ?? element.labels?.[0]?.textContent ?? element.textContent;
  return name.trim();
}
"""
LOOKS = {
    "desk, Portuguese": {"locale": "pt-BR", "viewport": {"width": 1280, "height": 900}},
    "phone, English": {"locale": "en-GB", "viewport": {"width": 360, "height": 740}},
}
WORDS = {
    "pt-BR": {
        "choose": "Escolher arquivo",
        "import": "Importar 3 eventos",
        "cell": "Data, linha 3",
        "reading": "2 mai 2027, 15:00, Data, linha 3",
        "send": "Importar 1 linha corrigida",
        "undo": "Desfazer importação",
        "keep": "Manter",
        "out": "Sair",
    },
    "en-GB": {
        "choose": "Choose a file",
        "import": "Import 3 events",
        "cell": "Date, line 3",
        "reading": "2 May 2027, 15:00, Date, line 3",
        "send": "Import 1 corrected row",
        "undo": "Undo import",
        "keep": "Keep",
        "out": "Sign out",
    },
}
FILE = """title,event_date,city
Sarau,2027-05-01T20:00,Recife
Oficina,a definir,Olinda
Mostra,2027-05-03T19:00,Recife
Feira,2027-05-04T09:00,Caruaru
"""


def press_to(page: Any, name: str, *, key: str = "Tab", at_most: int = 60) -> None:
    """Press Tab, or another key, until what bears this name has the focus."""
    for _ in range(at_most):
        page.keyboard.press(key)
        if page.evaluate(FOCUSED) == name:
            return
    raise AssertionError(f"{name!r} is not reached by Tab")


def an_editor(server: ServerProcess) -> str:
    """Return the token of a new editor."""
    found = re.search(r"ft_[\w-]+", server.log)
    assert found is not None
    admin = {"Authorization": f"Bearer {found[0]}"}
    made = httpx.post(
        f"{server.url}/api/v1/users", json={"name": "ana", "role": "editor"}, headers=admin, timeout=60
    )
    return str(made.raise_for_status().json()["token"])


@pytest.mark.parametrize("look", LOOKS)
def test_an_editor_imports_corrects_and_undoes_a_file_by_the_keyboard_alone(
    browser: Any, start_server: Any, tmp_path: Path, look: str
) -> None:
    words = WORDS[LOOKS[look]["locale"]]  # type: ignore[index]
    server = start_server(auth="token")
    token = an_editor(server)
    profile = browser.new_context(**LOOKS[look])
    profile.set_default_timeout(45_000)
    page = profile.new_page()
    page.on("filechooser", lambda _chooser: None)
    page.goto(server.url)
    page.wait_for_selector("dialog[open] input[name=token]")
    page.keyboard.type(token)
    page.keyboard.press("Enter")
    page.wait_for_selector("html[data-ready]")
    # What only administrators may do is not offered.
    assert not page.is_visible("[data-view=webhooks]")
    press_to(page, words["choose"])
    file = tmp_path / "agenda.csv"
    file.write_text(FILE)
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(file)
    page.wait_for_selector(".review-sum:not([hidden])")
    press_to(page, words["import"])
    page.keyboard.press("Enter")
    await_state(page, "partly")
    press_to(page, words["cell"])
    page.keyboard.press("Control+A")
    page.keyboard.type("02/05/2027 15:00")
    # What sends it is before the rows, the box that they scroll in and what mends all dates alike.
    press_to(page, words["send"], key="Shift+Tab", at_most=4)
    page.keyboard.press("Enter")
    # It may be read in two ways: both are offered, and the keyboard is at the cell again.
    page.wait_for_selector(f".rejects-row button[aria-label='{words['reading']}']")
    assert page.evaluate(FOCUSED) == words["cell"]
    press_to(page, words["reading"], at_most=1)
    page.keyboard.press("Enter")
    page.wait_for_selector(".rejects-row input[data-mended]")
    page.keyboard.press("Control+Enter")
    await_state(page)
    assert page.evaluate(FOCUSED) == "agenda.csv"
    events = httpx.get(
        f"{server.url}/api/v1/eventos", headers={"Authorization": f"Bearer {token}"}, timeout=60
    ).json()
    assert {event["title"]: event["event_date"] for event in events["items"]}[
        "Oficina"
    ] == "2027-05-02T15:00:00"
    press_to(page, words["undo"])
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open]")
    # A key too many loses nothing.
    assert page.evaluate(FOCUSED) == words["keep"]
    press_to(page, words["undo"], at_most=1)
    page.keyboard.press("Enter")
    await_state(page, "undone")
    press_to(page, words["out"])
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open] input[name=token]")
    profile.close()


AGENDA = (
    "title,event_date,city,venue_type,capacity,location_name\n"
    "Sarau,2027-05-01T20:00,Recife,Auditorium,30,Casa\n"
    "Oficina,2027-05-02T20:00,Olinda,Auditorium,-5,Casa\n"
    "Mostra,2027-05-03T20:00,,Teatr,30,Casa\n"
)
KEPT = "() => document.activeElement.dataset.keep ?? document.activeElement.tagName"


def review_agenda(page: Any, server: ServerProcess, folder: Path) -> None:
    file = folder / "agenda.csv"
    file.write_text(AGENDA)
    open_page(page, server)
    review(page, file)


def test_the_keyboard_stays_where_a_choice_was_made_in_a_review(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    review_agenda(page, server, tmp_path)
    column = page.locator("[data-column='5']")
    column.focus()
    before = column.input_value()
    page.keyboard.press("ArrowUp")
    # The name of a venue, as which each of the cells is good.
    page.wait_for_selector("[data-group]:has-text('Capacity')", state="detached")
    page.wait_for_selector(".review-sum:not([hidden])")
    assert page.evaluate(KEPT) == "column 5"
    assert column.input_value() != before
    page.keyboard.press("ArrowDown")
    page.wait_for_selector("[data-group]:has-text('Capacity')")
    assert (page.evaluate(KEPT), column.input_value()) == ("column 5", before)


def test_the_keyboard_goes_on_from_a_button_that_is_gone(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    review_agenda(page, server, tmp_path)
    page.locator("[data-group^='local_info.venue_type'] button").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("text=1 can be imported, 2 cannot")
    assert page.evaluate(FOCUSED) == "What the check found"


def test_the_keyboard_stays_in_the_rejected_rows_that_it_corrects(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    file = tmp_path / "agenda.csv"
    file.write_text(AGENDA)
    open_page(page, server)
    drop(page, file)
    await_state(page, "failed")
    for name in ("Auditório", "all (2)"):
        button = page.locator(f".rejects-row button:text-is('{name}')").first
        button.focus()
        page.keyboard.press("Enter")
        page.wait_for_selector(".rejects-row input[data-mended]")
        page.wait_for_function("(name) => document.activeElement.textContent === name", arg=name)
    kind = page.locator(".kinds button").first
    kind.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".kinds button[aria-pressed=true]")
    page.wait_for_function("() => document.activeElement.getAttribute('aria-pressed') === 'true'")
