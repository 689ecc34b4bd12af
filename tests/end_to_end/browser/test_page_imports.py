"""Files dropped on the page: reviewed, watched, mended, cancelled, resumed, undone, found again."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest

from tests.end_to_end.browser.acts import (
    await_rows,
    await_state,
    drop,
    figures,
    import_now,
    open_page,
    review,
    stored,
)
from tests.end_to_end.browser.conftest import csv_file
from tests.end_to_end.browser.slow_upload import SlowUpload
from tests.end_to_end.server_process import ServerProcess

SLOW_BYTES_PER_SECOND = 12_000


def throttle(page: Any, bytes_per_second: int) -> Any:
    """Let so many bytes a second leave the browser, until what is returned is called."""
    session = page.context.new_cdp_session(page)
    conditions = {"offline": False, "latency": 0, "downloadThroughput": -1}
    session.send("Network.emulateNetworkConditions", {**conditions, "uploadThroughput": bytes_per_second})
    return session.detach


def foreign_file(folder: Path) -> Path:
    """An agenda as a city publishes it: other names, semicolons, Windows-1252; its 13th row is bad."""
    lines = ["ID-EVENTO;TITULO;FECHA;NOMBRE-INSTALACION;AFORO"]
    lines += [
        f"{n};Exposición nº {n};2027-{n % 9 + 1:02}-11T19:00;Teatro Español;{n}00" for n in range(1, 13)
    ]
    lines.append("13;Sin fecha;pronto;Teatro Español;-5")
    path = folder / "agenda.csv"
    path.write_bytes("\r\n".join(lines).encode("cp1252"))
    return path


def field_of(page: Any, column: int) -> str:
    """Return which field a column of the reviewed file becomes."""
    return str(page.input_value(f"[data-column='{column}']"))


def test_the_page_shows_a_file_with_errors_until_it_ends(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    open_page(page, server)
    review(page, csv_file(tmp_path, 300, bad_every=10))
    page.wait_for_selector("text=270 can be imported, 30 cannot")
    import_now(page)
    await_state(page, "partly")
    assert figures(page) == ["300", "270", "30"]
    page.wait_for_selector("text=60 of 60 problems")
    assert "is not a date" in page.text_content(".rejects-row >> nth=0")
    assert page.input_value(".rejects-row .value input >> nth=0") == "soon"
    page.fill(".rejects input[type=search]", "capacity")
    page.wait_for_selector("text=30 of 60 problems")
    with page.expect_download() as download:
        page.click("text=Download to correct")
    assert Path(download.value.path()).read_text().count("\n") == 31
    assert page.get_attribute("#transport", "data-using") == "sse"


def test_a_file_of_json_is_said_to_be_one(page: Any, server: ServerProcess, tmp_path: Path) -> None:
    file = tmp_path / "agenda.json"
    place = {"name": "Teatro", "address": {"addressLocality": "Recife"}}
    file.write_text(json.dumps([{"name": "Mostra", "startDate": "2027-05-03T19:00", "location": place}]))
    open_page(page, server)
    review(page, file)
    page.wait_for_selector(".review >> text='Read as JSON'")
    page.wait_for_selector("text=The row can be imported")


def test_columns_of_an_unknown_file_are_mapped_by_their_examples(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    file = foreign_file(tmp_path)
    open_page(page, server)
    page.set_input_files("input[type=file]", file)
    page.wait_for_selector("text=Read as windows-1252, cells separated by ;")
    fields = [field_of(page, column) for column in (2, 3, 5)]
    assert fields == ["title", "event_date", "local_info.capacity"]
    examples = page.locator("table.columns tbody tr").nth(1).text_content()
    assert "Exposición nº 1 · Exposición nº 2" in examples

    go = page.locator(".review-actions button[type=submit]")
    assert go.is_disabled()
    page.wait_for_selector("text=Choose a column or a value for: City")
    page.locator("[data-default=city]").fill("Madrid")
    page.keyboard.press("Tab")
    page.wait_for_selector("text=12 can be imported, 1 cannot")
    faulty = page.text_content("[data-review] tr.faulty")
    assert "pronto" in faulty
    assert "Date is not a date" in faulty
    page.select_option("[data-column='5']", "")
    page.wait_for_selector("[data-column='5'] >> nth=0")
    page.select_option("[data-column='5']", "local_info.capacity")
    page.wait_for_selector("text=12 can be imported, 1 cannot")
    upload_id = import_now(page)
    await_state(page, "partly")
    assert figures(page) == ["13", "12", "1"]
    events = stored(server, upload_id=upload_id, sort="id")["items"]
    assert {event["city"] for event in events} == {"Madrid"}
    assert (events[0]["title"], events[0]["local_info"]["capacity"]) == ("Exposición nº 1", 100)


def test_columns_that_are_shown_as_fields_are_imported_as_them(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    file = tmp_path / "shows.csv"
    file.write_text(
        "Evento;Data;Hora do show;Cidade;Local do show;Artista;Obs;Obs\n"
        "Frevo;13/12/2026;21h;Recife;Teatro Santa Isabel;Ana;x;y\n"
    )
    open_page(page, server)
    review(page, file)
    fields = [field_of(page, column) for column in (3, 5, 6, 7, 8)]
    assert fields == ["event_time", "local_info.location_name", "participants", "", ""]
    row = page.locator("[data-review] [data-keep=rows] tbody tr").text_content()
    assert all(text in row for text in ("Teatro Santa Isabel", "21:00", "Ana"))
    upload_id = import_now(page)
    await_state(page)
    assert not page.is_visible("text=Hora do show")
    (event,) = stored(server, upload_id=upload_id)["items"]
    assert event["event_date"].startswith("2026-12-13T21:00")
    assert (event["local_info"]["location_name"], event["participants"]) == ("Teatro Santa Isabel", ["Ana"])


def test_days_in_headings_are_told_and_counted_where_one_date_is_given_for_all(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (["Horário", "Atividade", "Cidade"], ["Sábado, 05/12/2026"], ["9h", "Abertura", "Recife"]):
        sheet.append(row)
    sheet.append(["Domingo, 06/12/2026"])
    sheet.append(["10h", "Mesa", "Recife"])
    for line in (2, 4):
        sheet.merge_cells(start_row=line, end_row=line, start_column=1, end_column=3)
    file = tmp_path / "programme.xlsx"
    book.save(file)
    open_page(page, server)
    page.set_input_files("input[type=file]", file)
    page.wait_for_selector("[data-review] >> text=headings between the rows (Sábado, 05/12/2026; Domingo")
    page.locator("[data-default=event_date]").fill("2026-12-05")
    page.keyboard.press("Tab")
    page.wait_for_selector("text=All 2 rows can be imported")
    assert not page.is_visible("[data-review] >> text=headings between the rows")
    import_now(page)
    await_state(page)
    page.wait_for_selector("text=2 headings between the rows hold days")


def test_a_file_without_column_names_is_mapped_by_place_and_loses_no_row(
    page: Any, start_server: Any, tmp_path: Path
) -> None:
    server = start_server()
    file = tmp_path / "agenda.csv"
    file.write_text("Sarau;12/05/2027;Recife\nFrevo;13/05/2027;Olinda\nCiranda;14/06/2027;Natal\n")
    open_page(page, server)
    page.set_input_files("input[type=file]", file)
    header = page.get_by_label("Line of the column names")
    header.wait_for()
    assert page.locator("#" + str(header.get_attribute("aria-describedby"))).text_content()
    # Who has begun to map what seem to be names can still say that they are none.
    page.select_option("[data-column='3']", "city")
    header.fill("0")
    header.press("Tab")
    page.wait_for_selector("table.columns tbody th:has-text('Column 1')")
    for column, name in ((1, "title"), (2, "event_date"), (3, "city")):
        page.select_option(f"[data-column='{column}']", name)
    page.wait_for_selector("text=All 3 rows can be imported")
    assert page.locator(".review tbody td:has-text('Wed, 12 May 2027, 00:00')").count() == 1
    import_now(page)
    await_state(page)
    assert figures(page) == ["3", "3", "0"]
    assert {event["title"] for event in stored(server)["items"]} == {"Sarau", "Frevo", "Ciranda"}


def test_files_wait_in_a_queue_and_are_reviewed_one_after_the_other(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    files = [csv_file(tmp_path, 3, name=f"{name}.csv") for name in ("one", "two")]
    open_page(page, server)
    review(page, *files)
    page.wait_for_selector("text=Waiting: two.csv")
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.wait_for_selector("text=Review two.csv")
    page.wait_for_selector("text=All 3 rows can be imported")
    import_now(page)
    await_state(page)
    assert page.text_content("[data-upload] h2") == "two.csv"


DROP = """
([place, name, text]) => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([text], name, {type: "text/csv"}));
  const fire = (type) => document.querySelector(place)
    .dispatchEvent(new DragEvent(type, {dataTransfer, bubbles: true, cancelable: true}));
  fire("dragover");
  const isShown = !document.querySelector(".drop-overlay").hidden;
  fire("drop");
  return isShown && document.querySelector(".drop-overlay").hidden;
}
"""
PASTE = """
(text) => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", text);
  document.body.dispatchEvent(new ClipboardEvent("paste", {clipboardData, bubbles: true, cancelable: true}));
}
"""


@pytest.mark.parametrize("view", ["events", "dashboard", "tasks", "webhooks"])
def test_a_file_dropped_on_any_view_is_reviewed(page: Any, server: ServerProcess, view: str) -> None:
    open_page(page, server, view)
    text = "title,event_date,city\nFrevo,2027-01-01,Recife\n"
    assert page.evaluate(DROP, [f"#view-{view} h1", f"{view}.csv", text])
    page.wait_for_selector(f"text=Review {view}.csv")
    # A review is not taken away by a second file: that one waits.
    page.evaluate(DROP, ["#view-import h1", "second.csv", text])
    page.wait_for_selector("text=Waiting: second.csv")
    assert page.text_content("[data-review] h2") == f"Review {view}.csv"


def test_rows_pasted_over_an_ended_import_are_reviewed_at_once(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    open_page(page, server)
    drop(page, csv_file(tmp_path, 3))
    await_state(page)
    page.evaluate(PASTE, "title\tevent_date\tcity\nA\t2027-02-01\tOlinda\nB\t2027-02-02\tOlinda\n")
    page.wait_for_selector("text=Review pasted.tsv")
    page.wait_for_selector("text=All 2 rows can be imported")


def test_the_example_file_is_reviewed_and_its_suggestions_are_applied(page: Any, start_server: Any) -> None:
    server = start_server()
    open_page(page, server)
    page.get_by_role("button", name="Try an example").click()
    page.wait_for_selector("text=3 can be imported, 3 cannot")
    page.wait_for_selector("text=column names on line 2")
    page.wait_for_selector("text=dates are month/day, as line 3 proves")
    page.locator("[data-group^='local_info.venue_type'] button").click()
    page.wait_for_selector("text=4 can be imported, 2 cannot")
    import_now(page)
    await_state(page, "partly")
    concert = next(one for one in stored(server)["items"] if one["title"] == "Christmas Concert")
    assert concert["local_info"]["venue_type"] == "Auditório"
    assert concert["event_date"].endswith("-12-20T19:00:00")


def test_sending_a_file_can_be_stopped(page: Any, server: ServerProcess, tmp_path: Path) -> None:
    open_page(page, server)
    throttle(page, SLOW_BYTES_PER_SECOND)
    page.set_input_files("input[type=file]", csv_file(tmp_path, 40_000))
    page.wait_for_selector("[data-staging]")
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.wait_for_selector("[data-drop]")
    page.wait_for_selector("[data-staging]", state="detached")


def test_a_running_import_can_be_cancelled_and_reports_the_stored_rows(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    open_page(page, server)
    upload_id = drop(page, csv_file(tmp_path, 150_000))
    page.get_by_role("button", name="Cancel import").click()
    await_state(page, "cancelled")
    page.wait_for_selector("[data-history] .chip[data-state=cancelled]")
    accepted = int(figures(page)[1].replace(",", ""))
    assert accepted < 150_000
    assert stored(server, upload_id=upload_id, limit=1)["total"] == accepted
    page.wait_for_selector("text=stored. You can undo")


def test_another_persons_import_can_be_opened_and_cancelled(page: Any, server: ServerProcess) -> None:
    with SlowUpload(server.url, "others") as upload:
        upload.send(20)
        open_page(page, server)
        page.click("[data-upload-item=others] button")
        await_rows(page, 20)
        page.get_by_role("button", name="Cancel import").click()
        await_state(page, "cancelled")
    assert figures(page) == ["20", "18", "2"]


def test_an_upload_cut_off_by_a_killed_server_is_resumed(
    page: Any, start_server: Any, tmp_path: Path
) -> None:
    server = start_server()
    open_page(page, server)
    unthrottle = throttle(page, SLOW_BYTES_PER_SECOND)
    page.set_input_files("input[type=file]", csv_file(tmp_path, 3000, bad_every=100))
    upload_id = page.wait_for_selector("[data-staging]").get_attribute("data-staging")
    # Asked by the page, so that its own messages go on meanwhile.
    page.wait_for_function(
        """async (address) => {
          const answer = await fetch(address, {method: "HEAD"});
          return Number(answer.headers.get("Upload-Offset")) > 0;
        }""",
        arg=f"/api/v1/uploads/{upload_id}",
        polling=100,
    )
    server.kill()
    page.wait_for_selector("text=The upload was cut. What arrived is kept.")
    unthrottle()
    server.start()
    page.get_by_role("button", name="Resume the upload").click()
    page.wait_for_selector("text=2,970 can be imported, 30 cannot")
    upload_id = import_now(page)
    await_state(page, "partly")
    assert figures(page) == ["3,000", "2,970", "30"]
    assert stored(server, upload_id=upload_id)["total"] == 2970


def test_who_imports_before_the_check_ends_is_asked_about_events_that_exist(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route)

    page.route("**/check", hold)
    go = page.locator(".review-actions button[type=submit]")
    file = csv_file(tmp_path, 20)

    def import_at_once() -> None:
        with page.expect_request("**/check"):
            page.set_input_files("input[type=file]", file)
        go.click()
        page.wait_for_selector("text=Imports once it is checked")
        assert go.is_disabled()

    open_page(page, server)
    import_at_once()
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.wait_for_selector(".review-actions button[type=submit]:enabled")
    go.click()
    page.wait_for_selector("text=Imports once it is checked")
    held.pop().continue_()
    upload_id = page.wait_for_selector("[data-upload]").get_attribute("data-upload")
    await_state(page)
    assert stored(server, upload_id=upload_id)["total"] == 20

    page.get_by_role("button", name="Import another file").click()
    import_at_once()
    held.pop().continue_()
    page.wait_for_selector("text=20 events already exist (0 changed, 20 equal).")
    assert page.evaluate("() => document.activeElement.dataset.option") == "on_duplicate"
    assert page.input_value("[data-option=on_duplicate]") == "skip"
    page.select_option("[data-option=on_duplicate]", "insert")
    upload_id = import_now(page)
    await_state(page)
    assert stored(server, upload_id=upload_id)["total"] == 20


def test_a_double_click_imports_once(page: Any, server: ServerProcess, tmp_path: Path) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    open_page(page, server)
    review(page, csv_file(tmp_path, 20))
    page.locator(".review-actions button[type=submit]").dblclick()
    await_state(page)
    assert page.is_hidden("#toast")
    assert len([url for url in asked if url.endswith("/import")]) == 1


def test_a_file_that_cannot_be_checked_doubles_nothing(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    file = csv_file(tmp_path, 20)
    open_page(page, server)
    drop(page, file)
    await_state(page)
    busy = {"status": 503, "title": "Service Unavailable", "detail": "Too many tasks run.", "code": "busy"}
    page.route("**/check", lambda route: route.fulfill(status=503, json=busy))
    page.get_by_role("button", name="Import another file").click()
    page.set_input_files("input[type=file]", file)
    page.wait_for_selector(".review [role=alert]")
    page.wait_for_selector(".review progress", state="hidden")
    upload_id = import_now(page)
    await_state(page)
    page.wait_for_selector("text=20 left out")
    assert stored(server, upload_id=upload_id)["total"] == 0


def test_undo_in_the_page_keeps_edited_events(page: Any, server: ServerProcess, tmp_path: Path) -> None:
    open_page(page, server)
    upload_id = drop(page, csv_file(tmp_path, 20))
    await_state(page)
    edited = stored(server, upload_id=upload_id)["items"][0]["id"]
    httpx.patch(
        f"{server.url}/api/v1/eventos/{edited}", json={"title": "Kept"}, timeout=60
    ).raise_for_status()
    page.get_by_role("button", name="Undo import").click()
    page.get_by_role("alertdialog").get_by_text("events.csv").wait_for()
    page.get_by_role("alertdialog").get_by_role("button", name="Undo import").click()
    # The message goes after a while, the state stays.
    page.wait_for_selector("#toast:has-text('19 events deleted')")
    await_state(page, "undone")
    assert [event["id"] for event in stored(server, upload_id=upload_id)["items"]] == [edited]


def test_an_import_that_left_all_as_it_was_has_nothing_to_undo(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    open_page(page, server)
    file = csv_file(tmp_path, 5)
    drop(page, file)
    await_state(page)
    page.get_by_role("button", name="Undo import").wait_for()
    page.get_by_role("button", name="Import another file").click()
    drop(page, file)
    await_state(page)
    page.wait_for_selector("text=5 left out")
    assert page.get_by_role("button", name="Undo import").is_hidden()


def test_an_import_that_is_being_undone_is_neither_cancelled_nor_read(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    open_page(page, server)
    upload_id = drop(page, csv_file(tmp_path, 9, bad_every=3))
    await_state(page, "partly")
    page.get_by_role("button", name="Import another file").click()
    details = httpx.get(f"{server.url}/api/v1/uploads/{upload_id}", timeout=60).json()
    undoing = {**details, "status": "undoing"}
    page.route(re.compile(rf"/uploads/{upload_id}$"), lambda route: route.fulfill(json=undoing))
    page.locator(f"[data-upload-item='{upload_id}'] button").click()
    await_state(page, "undoing")
    page.wait_for_selector(".rejects-row")
    assert page.locator(".rejects-row input").count() == 0
    for gone in ("Cancel import", "Undo import"):
        assert page.get_by_role("button", name=gone).is_hidden()
    assert page.locator(".last-line").is_hidden()
    assert page.get_by_text("Time left").count() == 0
    page.get_by_role("button", name="Import another file").wait_for()
    page.unroute_all()
    await_state(page, "partly")


def test_what_ended_meanwhile_is_not_cancelled_and_says_so(page: Any, server: ServerProcess) -> None:
    with SlowUpload(server.url, "late") as upload:
        upload.send(20)
        open_page(page, server)
        page.click("[data-upload-item=late] button")
        await_rows(page, 20)
        held: list[Any] = []
        page.route("**/uploads/late/cancel", lambda route: held.append(route))  # noqa: PLW0108
        page.get_by_role("button", name="Cancel import").click()
        while not held:
            page.wait_for_timeout(20)
        httpx.post(f"{server.url}/api/v1/uploads/late/cancel", timeout=60).raise_for_status()
        held.pop().continue_()
        page.get_by_text("The import was cancelled meanwhile.").wait_for()
        await_state(page, "cancelled")


def test_a_review_of_what_somebody_else_imported_becomes_its_card(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    open_page(page, server)
    file = tmp_path / "shared.csv"
    file.write_text("title,event_date,city\nShared,2027-05-06,Recife\n")
    upload_id = review(page, file).get_attribute("data-review")
    httpx.post(f"{server.url}/api/v1/uploads/{upload_id}/import", json={}, timeout=60).raise_for_status()
    page.locator("[data-default]").first.fill("x")
    page.keyboard.press("Tab")
    page.wait_for_selector(f"[data-upload='{upload_id}']")
    await_state(page)


def test_of_a_file_that_was_reviewed_all_is_sent_while_it_is_read(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    file = csv_file(tmp_path, 150_000)
    open_page(page, server)
    upload_id = drop(page, file)
    await_rows(page, 1)
    own = "[data-upload] .bars progress"
    sent, read = (float(str(page.locator(own).nth(at).get_attribute("value") or 0)) for at in (0, 1))
    assert (sent, read < 100) == (100, True)
    amounts = page.locator("[data-upload] .bar-head .numbers").first.text_content().split(" of ")
    assert amounts[0] == amounts[1]
    page.reload()
    await_rows(page, 1)
    amounts = page.locator("[data-upload] .bar-head .numbers").first.text_content().split(" of ")
    assert amounts[0] == amounts[1]
    httpx.post(f"{server.url}/api/v1/uploads/{upload_id}/cancel", timeout=60)
    page.wait_for_selector(".view:not([hidden]) .card-head .chip:not([data-state=processing])")


def test_atomic_with_one_bad_row_stores_nothing_and_reports_it(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    open_page(page, server)
    review(page, csv_file(tmp_path, 20, bad_every=20))
    page.get_by_label("All or nothing").check()
    upload_id = import_now(page)
    await_state(page, "failed")
    page.wait_for_selector(".rejects-row")
    page.wait_for_selector("text=All or nothing: nothing was stored.")
    assert figures(page)[1] == "0"
    assert page.is_hidden("text=Undo import")
    assert stored(server, upload_id=upload_id)["total"] == 0


def test_an_import_of_only_bad_rows_reports_that_nothing_was_stored(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    open_page(page, server)
    review(page, csv_file(tmp_path, 6, bad_every=1))
    page.get_by_role("button", name="Import and correct").click()
    page.wait_for_selector("[data-upload] .chip:has-text('nothing was stored')")
    page.wait_for_selector("[data-history] .chip:has-text('nothing was stored')")


def test_a_file_that_is_not_a_table_is_refused_with_an_explanation(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    file = tmp_path / "photo.csv"
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(400))
    open_page(page, server)
    page.set_input_files("input[type=file]", file)
    alert = page.get_by_role("alert").filter(has_text="PNG")
    alert.wait_for()
    assert page.locator(".review-actions button[type=submit]:enabled").count() == 0


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n" + bytes(400), b""])
def test_a_file_that_cannot_be_read_makes_room_for_the_next(
    page: Any, start_server: Any, tmp_path: Path, content: bytes
) -> None:
    server = start_server()
    wrong = tmp_path / "wrong.csv"
    wrong.write_bytes(content)
    open_page(page, server)
    page.set_input_files("input[type=file]", wrong)
    page.wait_for_selector(".review .alert:not([hidden])")
    reason = page.text_content(".review .alert strong")
    page.wait_for_selector("[data-history] .chip[data-state=failed]")
    page.click("[data-view=events]")
    page.click("[data-view=import]")
    page.wait_for_selector(".review .alert:not([hidden])")
    review(page, csv_file(tmp_path, 3, name="right.csv"))
    page.wait_for_selector("text=Review right.csv")
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.set_input_files("input[type=file]", wrong)
    page.wait_for_selector(".review .alert:not([hidden])")
    page.wait_for_function("() => location.hash === '#import'")
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert page.locator(".review").count() == 0
    assert page.locator("[data-drop]").is_visible()
    # What went wrong is told by the history, too.
    page.locator("[data-history] .item:has-text('wrong.csv') button").first.click()
    page.wait_for_selector("[data-upload] .alert:not([hidden])")
    assert page.text_content("[data-upload] .alert strong") == reason


def test_a_file_that_is_imported_again_says_that_nothing_changes(
    page: Any, start_server: Any, tmp_path: Path
) -> None:
    server = start_server()
    file = csv_file(tmp_path, 3)
    open_page(page, server)
    drop(page, file)
    await_state(page)
    page.get_by_role("button", name="Import another file").click()
    review(page, file)
    page.get_by_role("button", name="Finish without changes").wait_for()
    page.locator("[data-option=on_duplicate]").select_option("insert")
    page.get_by_role("button", name="Import 3 events").wait_for()


def test_a_column_that_is_pasted_is_spread_down_the_rows(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    file = tmp_path / "agenda.csv"
    file.write_text("title,event_date,city\n" + "".join(f"Roda {n},soon,Recife\n" for n in range(3)))
    open_page(page, server)
    drop(page, file)
    page.wait_for_function("() => document.querySelectorAll('.rejects-row input').length === 3")
    page.locator(".rejects-row input").first.evaluate(
        """(input) => {
          const clipboardData = new DataTransfer();
          clipboardData.setData("text/plain", [1, 2, 3].map((day) => `2027-01-0${day}T10:00\\r\\n`).join(""));
          input.dispatchEvent(new ClipboardEvent("paste", {clipboardData, bubbles: true, cancelable: true}));
        }"""
    )
    # They are drawn with the next frame.
    page.wait_for_function(
        """(pasted) => {
          const inputs = [...document.querySelectorAll(".rejects-row input")];
          return inputs.map(({value}) => value).join() === pasted;
        }""",
        arg=",".join(f"2027-01-0{day}T10:00" for day in (1, 2, 3)),
    )


def test_a_sheet_of_a_workbook_can_be_chosen(page: Any, server: ServerProcess, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "Capa"
    book.active.append(["Prefeitura"])
    for name, rows in (("Agenda", 2), ("Outra", 3)):
        sheet = book.create_sheet(name)
        sheet.append(["Título", "Data", "Cidade"])
        for number in range(rows):
            sheet.append([f"{name} {number}", "2027-01-01", "Recife"])
    file = tmp_path / "agenda.xlsx"
    book.save(file)
    open_page(page, server)
    review(page, file)
    page.wait_for_selector("text=All 2 rows can be imported")
    page.select_option("[data-option=sheet]", "Outra")
    page.wait_for_selector("text=All 3 rows can be imported")
    upload_id = import_now(page)
    await_state(page)
    assert {one["title"] for one in stored(server, upload_id=upload_id)["items"]} == {
        "Outra 0",
        "Outra 1",
        "Outra 2",
    }


def test_the_date_order_is_asked_only_if_the_file_does_not_prove_it(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    file = tmp_path / "dates.csv"
    file.write_text("title,date,city\nA,03/04/2027,Recife\nB,05/06/2027,Recife\n")
    open_page(page, server)
    review(page, file)
    page.wait_for_selector("text=0 can be imported, 2 cannot")
    page.select_option("[data-option=date_format]", "dmy")
    page.wait_for_selector("text=All 2 rows can be imported")
    upload_id = import_now(page)
    await_state(page)
    assert sorted(one["event_date"][:10] for one in stored(server, upload_id=upload_id)["items"]) == [
        "2027-04-03",
        "2027-06-05",
    ]


def test_dates_of_two_readings_are_corrected_in_one_order_for_all_or_one_by_one(
    page: Any, start_server: Any, tmp_path: Path
) -> None:
    server = start_server()
    dates = ["01/05/2027", "02/05/2027", "04/05/2027", "2027-05-06T19:00"]
    file = tmp_path / "dates.csv"
    file.write_text("title,event_date,city\n" + "".join(f"E{n},{at},Recife\n" for n, at in enumerate(dates)))
    open_page(page, server)
    drop(page, file)
    await_state(page, "partly")
    page.get_by_role("button", name="Day first in all (3)").click()
    page.get_by_role("button", name="5 Apr 2027").click()
    page.get_by_role("button", name="Import 3 corrected rows").click()
    await_state(page)
    events = httpx.get(f"{server.url}/api/v1/eventos", timeout=60).json()["items"]
    stored = {event["title"]: event["event_date"][:10] for event in events}
    assert stored == {"E0": "2027-05-01", "E1": "2027-05-02", "E2": "2027-04-05", "E3": "2027-05-06"}


def test_earlier_imports_are_listed_in_pages_and_can_be_opened(
    page: Any, start_server: Any, tmp_path: Path
) -> None:
    server = start_server()
    for number in range(12):
        with csv_file(tmp_path, 10, bad_every=5, name=f"import-{number}.csv").open("rb") as file:
            url = f"{server.url}/api/v1/uploads?upload_id=h{number}"
            httpx.post(
                url, files={"file": file}, headers={"Prefer": "wait=30"}, timeout=60
            ).raise_for_status()
    open_page(page, server)
    page.wait_for_selector("[data-upload-item=h11]")
    assert page.locator("[data-upload-item]").count() == 10
    page.get_by_role("button", name="Show more").click()
    page.click("[data-upload-item=h0] button")
    await_state(page, "partly")
    assert page.text_content("[data-upload] h2") == "import-0.csv"
    assert figures(page) == ["10", "8", "2"]
    page.wait_for_selector("text=4 of 4 problems")
    page.go_back()
    page.goto(f"{server.url}/#import/h3")
    page.wait_for_selector("[data-upload=h3]")


def test_of_ten_thousand_rejected_rows_those_are_drawn_that_are_seen(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    open_page(page, server)
    drop(page, csv_file(tmp_path, 10_000, bad_every=1))
    # The page answers while rows stream in: a view is built, a list is read, a filter is typed.
    page.click("[data-view=events]")
    page.wait_for_selector("#view-events h1")
    page.click("[data-view=import]")
    page.fill(".rejects input[type=search]", "capacity")
    page.wait_for_selector("text=10,000 of 20,000 problems")
    page.evaluate("() => (document.querySelector('.rejects-scroll').scrollTop = 200_000)")
    page.wait_for_selector(".rejects-row[aria-rowindex='4550']")
    assert page.locator(".rejects-row").count() < 60


def test_pages_that_show_one_import_follow_each_other_after_its_end(
    context: Any, page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    open_page(page, server)
    upload_id = drop(page, csv_file(tmp_path, 20, bad_every=5))
    await_state(page, "partly")
    other = context.new_page()
    other.goto(f"{server.url}/#import/{upload_id}")
    other.wait_for_selector(".rejects-row input")
    # What is typed here and mended there is not sent a second time.
    page.get_by_label("Capacity, line 6").fill("12")
    other.get_by_label("Date, line 6").fill("2027-06-01T10:00")
    other.get_by_label("Capacity, line 6").fill("300")
    other.get_by_role("button", name="Import 1 corrected row").click()
    for one in (page, other):
        one.wait_for_selector(".rejects >> text=6 of 6 problems")
        assert figures(one) == ["20", "17", "3"]
    assert page.get_by_role("button", name="Import 1 corrected row").is_hidden()
    page.get_by_role("button", name="Undo import").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Undo import").click()
    for one in (page, other):
        await_state(one, "undone")
        one.wait_for_selector(".rejects-row")
        assert one.locator(".rejects-row input").count() == 0


def test_every_kind_of_problem_can_be_seen(page: Any, server: ServerProcess, tmp_path: Path) -> None:
    file = tmp_path / "kinds.csv"
    bad = {
        "title": "",
        "event_date": "soon",
        "city": "",
        "capacity": "x",
        "venue_type": "Q",
        "is_accessible": "?",
    }
    names = [*bad, "description", "participants", "address", "location_name"]
    good = {"title": "A", "event_date": "2027-01-01", "city": "Recife"}
    long = {"description": "d" * 70_000, "address": "a" * 9_000, "location_name": "n" * 9_000}
    rows = [{**good, name: text} for name, text in {**bad, **long}.items()]
    lines = [
        ",".join(names),
        *(",".join(row.get(name, "") for name in names) for row in rows),
        "A,2027-01-01",
    ]
    file.write_text("\n".join(lines))
    open_page(page, server)
    review(page, file)
    shown = page.locator("[data-group]").count()
    left = page.get_by_role("button", name="more kind")
    count = int(str(left.text_content()).split()[0])
    left.click()
    groups = page.locator("[data-group]")
    assert groups.count() == shown + count
    assert groups.nth(shown).evaluate("(group) => group === document.activeElement")
    import_now(page)
    await_state(page, "failed")
    page.get_by_role("button", name="more kind").click()
    assert page.locator(".kinds button").count() == shown + count


def test_an_export_from_the_page_is_the_file_that_opens_by_double_click(
    page: Any, server: ServerProcess
) -> None:
    open_page(page, server, "tasks")
    page.click("#language")
    page.locator("#view-tasks select").select_option("csv")
    page.get_by_role("button", name="Exportar para arquivo").click()
    page.wait_for_selector("text=Baixar o arquivo")
    assert page.locator("[data-task] .figure dt").all_text_contents() == ["Eventos", "Tamanho", "Formato"]
    with page.expect_download() as download:
        page.click("text=Baixar o arquivo")
    assert Path(download.value.path()).read_text(encoding="utf-8-sig").startswith("Título;Data;Hora;Cidade;")
