"""Rejected rows on the page: told apart, read whole, mended in place, or sent back as a file."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.end_to_end.browser.acts import (
    TOKEN,
    await_state,
    drop,
    end_session,
    figures,
    first_token,
    give_token,
    import_now,
    open_page,
    person,
    review,
    sign_in,
    stored,
)
from tests.end_to_end.server_process import ServerProcess

HEADER = "Título;Data;Hora;Cidade\n"
ORIGINS = ".origins label"


def agenda(folder: Path, *rows: str, name: str = "agenda.csv") -> Path:
    """Write a file with these rows."""
    path = folder / name
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows))
    return path


def rejected_file(page: Any, folder: Path, **replaced: str) -> Path:
    """Download the rejected rows of the import that is shown, with cells replaced."""
    with page.expect_download() as download:
        page.click("text=Download to correct")
    text = Path(download.value.path()).read_text("utf-8-sig")
    for old, new in replaced.items():
        text = text.replace(old, new)
    path: Path = folder / download.value.suggested_filename
    path.write_text(text)
    return path


def another_file(page: Any) -> None:
    """Leave what is shown for another file."""
    page.get_by_role("button", name="Import another file").click()


def test_a_rejected_file_goes_back_to_its_import_and_doubles_nothing(
    page: Any, start_server: Any, tmp_path: Path
) -> None:
    server = start_server()
    open_page(page, server)
    file = agenda(tmp_path, "Frevo;15/01/2027;10:00;OLINDA", "Coco;31/02/2027;10:00;OLINDA", ";;;Recife")
    first = drop(page, file)
    await_state(page, "partly")
    back = rejected_file(page, tmp_path, **{"31/02/2027": "28/02/2027"})
    another_file(page)
    page.set_input_files("input[type=file]", back)
    page.wait_for_selector(f"{ORIGINS}:has-text('agenda.csv')")
    assert page.is_checked(f"{ORIGINS} >> nth=0")
    # What a check would say by the rules of a new import is not said.
    assert page.locator("table.columns:visible").count() == 0
    button = page.locator(".review-actions button[type=submit]")
    assert (button.text_content(), button.is_enabled()) == ("Give the rows back", True)
    assert page.locator("text=import it with one click").count() == 0
    again = import_now(page)
    page.wait_for_selector("text=1 row joined the import that it came from.")
    page.wait_for_selector("text=1 row is still rejected there")
    # It is mended where it waits, once, and undone with its import.
    assert page.locator(".rejects-row input").count() == 0
    assert page.get_by_role("button", name="Undo").count() == 0
    assert page.locator("text=Download to correct").is_hidden()
    page.click("text=Open the first import")
    page.wait_for_selector(f"[data-upload='{first}'] .rejects-row input")
    assert figures(page) == ["3", "2", "1"]
    assert [event["title"] for event in stored(server, sort="id")["items"]] == ["Frevo", "Coco"]
    assert stored(server, upload_id=again)["items"] == []


def test_a_file_that_was_given_back_already_is_not_said_to_have_joined_again(
    page: Any, start_server: Any, tmp_path: Path
) -> None:
    server = start_server()
    open_page(page, server)
    first = drop(page, agenda(tmp_path, "Coco;31/02/2027;10:00;Olinda", ";;;Recife"))
    await_state(page, "failed")
    back = rejected_file(page, tmp_path, **{"31/02/2027": "28/02/2027"})
    for said in ("1 row joined the import that it came from.", "1 row was there already."):
        another_file(page)
        page.set_input_files("input[type=file]", back)
        page.wait_for_selector(f"{ORIGINS}:has-text('agenda.csv')")
        again = import_now(page)
        assert again != first
        page.wait_for_selector(f"text={said}")
    page.wait_for_selector("text=No row joined the import that they came from.")


def test_only_imports_that_the_person_may_mend_are_offered(
    page: Any, start_server: Any, tmp_path: Path
) -> None:
    server = start_server(auth="token")
    sign_in(page, server, person(server, "dora", "editor"))
    drop(page, agenda(tmp_path, "Coco;31/02/2027;10:00;Olinda"))
    await_state(page, "failed")
    back = rejected_file(page, tmp_path, **{"31/02/2027": "28/02/2027"})
    another_file(page)
    for token, offered in ((person(server, "enzo", "editor"), 0), (first_token(server), 2)):
        end_session(page)
        give_token(page, token)
        page.wait_for_selector(TOKEN, state="detached")
        page.wait_for_selector("html[data-ready]")
        page.set_input_files("input[type=file]", back)
        page.wait_for_selector("[data-origins]")
        assert page.locator(ORIGINS).count() == offered
        page.get_by_role("button", name="Cancel", exact=True).click()


def test_a_refused_return_asks_anew_which_imports_take_rows(
    page: Any, start_server: Any, tmp_path: Path
) -> None:
    server = start_server()
    open_page(page, server)
    first = drop(page, agenda(tmp_path, "Frevo;15/01/2027;10:00;Olinda", "Coco;31/02/2027;10:00;Olinda"))
    await_state(page, "partly")
    back = rejected_file(page, tmp_path)
    another_file(page)
    page.set_input_files("input[type=file]", back)
    page.wait_for_selector(f"{ORIGINS}:has-text('agenda.csv')")
    page.evaluate("(id) => fetch(`/api/v1/uploads/${id}/undo`, {method: 'POST'})", first)
    page.locator(".review-actions button[type=submit]").click()
    page.wait_for_selector("text=no import with these columns has rejected rows left")
    assert page.locator(ORIGINS).count() == 0


def test_rows_that_came_back_can_still_be_a_new_import(page: Any, start_server: Any, tmp_path: Path) -> None:
    server = start_server()
    open_page(page, server)
    drop(page, agenda(tmp_path, "Coco;31/02/2027;10:00;Olinda"))
    await_state(page, "failed")
    back = rejected_file(page, tmp_path, **{"31/02/2027": "28/02/2027"})
    another_file(page)
    page.set_input_files("input[type=file]", back)
    page.locator(f"{ORIGINS} >> nth=-1").click()
    page.wait_for_selector("text=The row can be imported")
    # A reload asks nothing again that was answered.
    page.reload()
    page.wait_for_selector("text=The row can be imported")
    assert page.is_checked(f"{ORIGINS} >> nth=-1")
    again = import_now(page)
    await_state(page)
    assert [event["title"] for event in stored(server, upload_id=again)["items"]] == ["Coco"]


def test_of_several_imports_that_fit_one_is_chosen_before_anything_is_done(
    page: Any, start_server: Any, tmp_path: Path
) -> None:
    server = start_server()
    open_page(page, server)
    for name in ("maio.csv", "junho.csv"):
        drop(page, agenda(tmp_path, "Coco;31/02/2027;10:00;Olinda", name=name))
        await_state(page, "failed")
        back = rejected_file(page, tmp_path, **{"31/02/2027": "28/02/2027"})
        another_file(page)
    # By its name it is that of one of them; by another name it is not clear.
    for name, checked in ((back.name, 1), ("minhas.csv", 0)):
        page.set_input_files("input[type=file]", back.rename(tmp_path / name))
        back = tmp_path / name
        page.wait_for_selector(f"[data-review]:has-text('{name}') {ORIGINS}")
        assert page.locator(ORIGINS).count() == 3
        assert page.locator(f"{ORIGINS} input:checked").count() == checked
        button = page.locator(".review-actions button[type=submit]")
        assert button.is_enabled() == bool(checked)
        assert button.text_content() == ("Give the rows back" if checked else "Choose where the rows go")
        if checked:
            page.get_by_role("button", name="Cancel", exact=True).click()
    page.locator(ORIGINS, has_text="maio.csv").click()
    page.wait_for_selector(".review-actions button[type=submit]:enabled")
    import_now(page)
    await_state(page)
    page.click("text=Open the first import")
    page.wait_for_selector(".card-head:has-text('maio.csv') .chip[data-state=completed]")


def test_rows_of_no_import_that_has_any_left_are_said_to_be_new(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    file = tmp_path / "velhas-rejected.csv"
    file.write_text("Nome próprio;title;event_date;city;_line;_errors\nx;Coco;2027-02-28;Natal;2;x\n")
    open_page(page, server)
    review(page, file)
    page.wait_for_selector("text=no import with these columns has rejected rows left")
    assert page.locator(ORIGINS).count() == 0


def test_a_filter_by_kind_ends_with_the_last_problem_of_its_kind(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    open_page(page, server)
    drop(
        page,
        agenda(tmp_path, ";11/01/2027;10:00;Olinda", "Coco;12/01/2027;10:00;", ";13/01/2027;10:00;Natal"),
    )
    await_state(page, "failed")
    page.click(".kinds button:has-text('Title')")
    page.wait_for_selector("text=2 of 3 problems")
    for line in (2, 4):
        page.fill(f".rejects-row[data-line='{line}'] input", f"Sarau {line}")
    page.click(".rejects-send button")
    page.wait_for_selector("text=1 of 1 problem")
    assert page.get_attribute(".rejects-row", "data-line") == "3"
    assert page.locator("text=No problem matches the filter").is_hidden()


@pytest.mark.parametrize("width", [1280, 1000, 390, 320])
def test_each_rejected_row_is_called_by_its_event_and_says_all_of_its_reason(
    page: Any, server: ServerProcess, tmp_path: Path, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    rows = [f"Evento {n};a definir;10:00;Olinda;" for n in range(2, 40)]
    open_page(page, server)
    drop(page, agenda(tmp_path, *rows, ";12/01/2027;10:00;Natal", name=f"a{width}.csv"))
    await_state(page, "failed")
    page.wait_for_selector(".rejects-row[data-line='2'] >> text='Evento 2'")
    cut = """() => [...document.querySelectorAll(".rejects-row > *, .rejects-row .who")]
      .filter((cell) => getComputedStyle(cell).display !== "inline")
      .filter((cell) => cell.scrollHeight > cell.clientHeight + 1)
      .map((cell) => cell.textContent)"""
    assert page.evaluate(cut) == []
    # Rows stand below each other, whatever their heights.
    page.wait_for_function(
        """() => {
          const rows = [...document.querySelectorAll(".rejects-row")];
          const boxes = rows.map((row) => row.getBoundingClientRect());
          return boxes.every(({top}, at) => at === 0 || Math.abs(top - boxes[at - 1].bottom) < 1.5);
        }"""
    )
    page.evaluate("() => (document.querySelector('.rejects-scroll').scrollTop = 1e6)")
    page.wait_for_selector(".rejects-row[data-line='40'] >> text='12/01/2027 · 10:00 · Natal'")
    assert page.evaluate(cut) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_title_that_comes_late_leaves_alone_what_is_typed(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    open_page(page, server)
    held: list[Any] = []
    page.route("**/errors?*", lambda route: held.append(route))  # noqa: PLW0108 - it must be a function.
    drop(page, agenda(tmp_path, "Coco;a definir;10:00;Olinda"))
    cell = page.locator(".rejects-row input")
    cell.fill("28/02/2027")
    page.keyboard.press("Home")
    page.wait_for_function("() => document.activeElement.closest('.rejects-row')")
    while not held:
        page.wait_for_timeout(20)
    held.pop().continue_()
    page.wait_for_selector(".rejects-row >> text='Coco'")
    assert page.evaluate("[document.activeElement.value, document.activeElement.selectionStart]") == [
        "28/02/2027",
        0,
    ]


def test_the_keyboard_goes_from_cell_to_cell_with_the_text_of_each_selected(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    open_page(page, server)
    drop(page, agenda(tmp_path, *(f"Evento {n};a definir;10:00;Olinda" for n in range(40)), name="t.csv"))
    await_state(page, "failed")
    page.locator(".rejects-row input").first.focus()
    selected = """() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => {
      const {value, selectionStart, selectionEnd} = document.activeElement;
      resolve(value.slice(selectionStart, selectionEnd));
    })))"""
    for _ in range(25):
        page.keyboard.press("Tab")
        assert page.evaluate(selected) == "a definir"
    page.keyboard.type("01/05/2027")
    assert page.evaluate("document.activeElement.value") == "01/05/2027"


def test_the_filter_finds_a_row_by_its_event_wherever_it_is(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    open_page(page, server)
    rows = [f"Evento {n};a definir;10:00;Olinda" for n in range(1300)]
    drop(page, agenda(tmp_path, *rows, "Forró;a definir;10:00;Olinda", name="f.csv"))
    await_state(page, "failed")
    page.get_by_label("Filter").fill("forro")
    page.wait_for_selector(".rejects-row >> text='Forró'")
    page.wait_for_selector("text=1 of 1,301 problems")


def test_a_filter_that_is_typed_before_the_columns_are_known_looks_again_once_they_are(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    open_page(page, server)
    rows = [f"Evento {n};a definir;10:00;Olinda" for n in range(30)]
    review(page, agenda(tmp_path, *rows, "Mamulengo;a definir;10:00;Olinda", name="m.csv"))
    held: list[Any] = []
    is_holding = True

    def hold(route: Any) -> None:
        if is_holding and route.request.method == "GET":
            held.append(route)
        else:
            route.continue_()

    # The feed tells the rows; what they are called is asked for by the columns of the import.
    page.route(re.compile(r"/api/v1/uploads/[^/?]+$"), hold)
    with page.expect_request(
        lambda request: request.method == "GET" and re.search(r"/uploads/[^/?]+$", request.url)
    ):
        import_now(page)
    page.wait_for_selector("text=31 of 31 problems")
    page.get_by_label("Filter").fill("mamulengo")
    page.wait_for_selector("text=0 of 31 problems")
    is_holding = False
    for route in held:
        route.continue_()
    page.wait_for_selector("text=1 of 31 problems")
    page.wait_for_selector(".rejects-row >> text='Mamulengo'")


def opened(page: Any, upload_id: str) -> None:
    """Open an import of the history."""
    page.locator(f"[data-upload-item='{upload_id}'] button").click()
    page.wait_for_selector(f"[data-upload='{upload_id}']")


def test_what_is_typed_waits_with_its_import_while_others_are_looked_at(
    page: Any, start_server: Any, tmp_path: Path
) -> None:
    server = start_server()
    open_page(page, server)
    bad = [f"{title};a definir;10:00;Olinda" for title in ("Coco", "Frevo", "Sarau")]
    other = drop(page, agenda(tmp_path, *bad[:1], name="maio.csv"))
    await_state(page, "failed")
    another_file(page)
    own = drop(page, agenda(tmp_path, *bad, name="junho.csv"))
    await_state(page, "failed")
    page.get_by_label("Date, line 2").fill("28/02/2027")
    page.get_by_label("Date, line 3").fill("amanhã")
    send = page.get_by_role("button", name="Import 2 corrected rows")

    def is_there() -> None:
        send.wait_for()
        page.locator(".rejects-row input").nth(2).wait_for()
        assert [cell.input_value() for cell in page.locator(".rejects-row input").all()] == [
            "28/02/2027",
            "amanhã",
            "a definir",
        ]

    opened(page, other)
    page.get_by_text("2 corrected rows of junho.csv wait there").wait_for()
    page.wait_for_selector(".rejects-row input")
    assert page.locator(".rejects-row input").input_value() == "a definir"
    assert page.locator(".rejects-send").is_hidden()
    # It is not sent, and nobody leaves the page without a question.
    with page.expect_event("dialog") as asked:
        page.evaluate("setTimeout(() => location.reload())")
    assert asked.value.type == "beforeunload"
    asked.value.dismiss()
    page.go_back()
    page.wait_for_selector(f"[data-upload='{own}']")
    is_there()
    another_file(page)
    page.wait_for_selector("[data-upload]", state="detached")
    opened(page, own)
    is_there()
    # Meanwhile somebody corrects one of them, and another gets another value in its cell.
    another_file(page)
    cells = {2: "2027-03-01T10:00", 3: "depois"}
    rows = [{"line": line, "cells": {"event_date": text}} for line, text in cells.items()]
    httpx.post(
        f"{server.url}/api/v1/uploads/{own}/repairs", json={"rows": rows}, timeout=60
    ).raise_for_status()
    opened(page, own)
    page.wait_for_selector(".rejects >> text=2 of 2 problems")
    page.locator(".rejects-row input").nth(1).wait_for()
    assert [cell.input_value() for cell in page.locator(".rejects-row input").all()] == [
        "depois",
        "a definir",
    ]
    assert page.locator(".rejects-send").is_hidden()
    page.get_by_label("Date, line 3").fill("28/02/2027")
    page.get_by_role("button", name="Import 1 corrected row").click()
    page.wait_for_selector(".rejects >> text=1 of 1 problem")
    assert [event["title"] for event in stored(server, sort="id")["items"]] == ["Coco", "Frevo"]
    opened(page, other)
    page.reload()
    page.wait_for_selector("html[data-ready]")


def test_rows_of_an_import_that_was_undone_meanwhile_are_refused_in_words_and_its_card_follows(
    page: Any, start_server: Any, tmp_path: Path
) -> None:
    server = start_server()
    open_page(page, server)
    own = drop(page, agenda(tmp_path, "Frevo;15/01/2027;10:00;Olinda", "Coco;a definir;10:00;Olinda"))
    await_state(page, "partly")
    page.wait_for_selector(".rejects-row input")
    held: list[Any] = []
    page.route(f"**/api/v1/uploads/{own}/repairs", lambda route: held.append(route))  # noqa: PLW0108
    page.get_by_label("Date, line 3").fill("28/02/2027")
    page.get_by_role("button", name="Import 1 corrected row").click()
    while not held:
        page.wait_for_timeout(20)
    httpx.post(f"{server.url}/api/v1/uploads/{own}/undo", timeout=60).raise_for_status()
    held.pop().continue_()
    page.get_by_text("The import was undone meanwhile: its rows can no longer be corrected.").wait_for()
    await_state(page, "undone")
    assert page.locator(".rejects-row input").count() == 0
    # What can go nowhere is no reason to stay.
    page.reload()
    page.wait_for_selector("html[data-ready]")
