"""Files dropped on the page: watched, mapped, cancelled, resumed, undone, found again."""

from pathlib import Path
from typing import Any

import httpx
import openpyxl

from tests.end_to_end.browser.acts import await_rows, await_state, drop, figures, open_page, stored
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


def test_a_file_with_errors_is_watched_to_its_end(page: Any, server: ServerProcess, tmp_path: Path) -> None:
    open_page(page, server)
    drop(page, csv_file(tmp_path, 300, bad_every=10))
    await_state(page)
    assert figures(page) == ["300", "270", "30"]
    page.wait_for_selector("text=60 of 60 problems")
    assert "is not a date" in page.text_content(".rejects-row >> nth=0")
    assert page.text_content(".rejects-row .value >> nth=0") == "soon"
    page.fill(".rejects input", "capacity")
    page.wait_for_selector("text=30 of 60 problems")
    with page.expect_download() as download:
        page.click("a[download='rejected.csv']")
    assert Path(download.value.path()).read_text().count("\n") == 31
    assert page.get_attribute("#transport", "data-using") == "sse"


def test_foreign_columns_are_mapped_and_the_mapping_is_remembered(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    file = foreign_file(tmp_path)
    open_page(page, server)
    page.set_input_files("input[type=file]", file)
    page.wait_for_selector("text=Read as windows-1252, cells separated by ;")
    chosen = {
        name: page.input_value(f"[data-field='{name}']")
        for name in ("title", "event_date", "city", "local_info.location_name", "local_info.capacity")
    }
    assert list(chosen.values()) == ["TITULO", "FECHA", "", "NOMBRE-INSTALACION", "AFORO"]
    assert page.locator("[data-mapping] tbody tr").count() == 13
    assert "Exposición nº 1" in page.text_content("[data-mapping] tbody tr >> nth=0")
    faulty = page.text_content("[data-mapping] tr.faulty")
    assert "pronto" in faulty
    assert "Date is not a date" in faulty

    go = page.get_by_role("button", name="Import", exact=True)
    assert go.is_disabled()
    page.wait_for_selector("text=Choose a column or a value for: City")
    page.locator(".field", has=page.locator("[data-field='city']")).locator("input").fill("Madrid")
    page.keyboard.press("Tab")
    page.wait_for_selector("[data-mapping] th:has-text('City')")
    go.click()
    await_state(page)
    assert figures(page) == ["13", "12", "1"]
    upload_id = page.get_attribute("[data-upload]", "data-upload")
    events = stored(server, upload_id=upload_id, sort="id")["items"]
    assert {event["city"] for event in events} == {"Madrid"}
    assert (events[0]["title"], events[0]["local_info"]["capacity"]) == ("Exposición nº 1", 100)

    page.reload()
    page.get_by_role("button", name="Import another file").click()
    page.set_input_files("input[type=file]", file)
    page.wait_for_selector("[data-mapping] th:has-text('City')")
    assert go.is_enabled()


def test_an_upload_under_way_is_cancelled(page: Any, server: ServerProcess, tmp_path: Path) -> None:
    open_page(page, server)
    throttle(page, SLOW_BYTES_PER_SECOND)
    upload_id = drop(page, csv_file(tmp_path, 40_000))
    await_rows(page, 1)
    page.get_by_role("button", name="Cancel import").click()
    await_state(page, "cancelled")
    page.wait_for_selector("[data-history] .chip[data-state=cancelled]")
    accepted = int(figures(page)[1].replace(",", ""))
    assert 0 < accepted < 40_000
    assert stored(server, upload_id=upload_id)["total"] == accepted


def test_an_import_of_somebody_else_is_opened_and_cancelled(page: Any, server: ServerProcess) -> None:
    with SlowUpload(server.url, "others") as upload:
        upload.send(20)
        open_page(page, server)
        page.click("[data-upload-item=others] button")
        await_rows(page, 20)
        page.get_by_role("button", name="Cancel import").click()
        await_state(page, "cancelled")
    assert figures(page) == ["20", "18", "2"]


def test_an_upload_that_a_dying_server_broke_off_is_resumed(
    page: Any, start_server: Any, tmp_path: Path
) -> None:
    server = start_server()
    open_page(page, server)
    unthrottle = throttle(page, SLOW_BYTES_PER_SECOND)
    upload_id = drop(page, csv_file(tmp_path, 3000, bad_every=100))
    await_rows(page, 1)
    server.kill()
    page.wait_for_selector("text=The upload was cut. What arrived is kept.")
    unthrottle()
    server.start()
    page.get_by_role("button", name="Resume the upload").click()
    await_state(page)
    assert figures(page) == ["3,000", "2,970", "30"]
    assert stored(server, upload_id=upload_id)["total"] == 2970


def test_after_a_reload_an_upload_is_resumed_with_the_file_chosen_again(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    file = csv_file(tmp_path, 3000, bad_every=100)
    open_page(page, server)
    unthrottle = throttle(page, SLOW_BYTES_PER_SECOND)
    upload_id = drop(page, file)
    await_rows(page, 1)
    page.reload()
    unthrottle()
    again = page.get_by_role("button", name="Choose the file again to resume")
    again.wait_for()
    too_short = tmp_path / "short.csv"
    too_short.write_text("title\n")
    with page.expect_file_chooser() as chooser:
        again.click()
    chooser.value.set_files(too_short)
    page.wait_for_selector("text=This file is shorter than what has arrived.")
    with page.expect_file_chooser() as chooser:
        again.click()
    chooser.value.set_files(file)
    await_state(page)
    assert figures(page) == ["3,000", "2,970", "30"]
    assert stored(server, upload_id=upload_id)["total"] == 2970


def test_an_import_is_undone_but_for_what_was_edited(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    open_page(page, server)
    upload_id = drop(page, csv_file(tmp_path, 20))
    await_state(page)
    edited = stored(server, upload_id=upload_id)["items"][0]["id"]
    httpx.patch(f"{server.url}/api/v1/eventos/{edited}", json={"title": "Kept"}).raise_for_status()
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Undo import").click()
    await_state(page, "undone")
    page.wait_for_selector("text=19 events deleted, 1 kept")
    assert [event["id"] for event in stored(server, upload_id=upload_id)["items"]] == [edited]


def test_a_dry_run_stores_nothing(page: Any, server: ServerProcess, tmp_path: Path) -> None:
    open_page(page, server)
    page.check("input[name=dry_run]")
    upload_id = drop(page, csv_file(tmp_path, 20, bad_every=5))
    await_state(page)
    assert figures(page)[2] == "4"
    page.wait_for_selector("text=Check only: nothing was stored")
    assert page.is_hidden("text=Undo import")
    assert stored(server, upload_id=upload_id)["total"] == 0


def test_atomic_with_one_bad_row_stores_nothing(page: Any, server: ServerProcess, tmp_path: Path) -> None:
    open_page(page, server)
    page.check("input[name=mode]")
    upload_id = drop(page, csv_file(tmp_path, 20, bad_every=20))
    await_state(page, "failed")
    page.wait_for_selector(".rejects-row")
    assert stored(server, upload_id=upload_id)["total"] == 0


def test_what_is_no_table_is_refused_in_words(page: Any, server: ServerProcess, tmp_path: Path) -> None:
    file = tmp_path / "photo.csv"
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(400))
    open_page(page, server)
    drop(page, file)
    await_state(page, "failed")
    alert = page.get_by_role("alert").filter(has_text="The file is not text.")
    assert "PNG" in alert.text_content()
    page.get_by_role("button", name="Import another file").click()
    page.wait_for_selector("[data-drop]")


def test_a_workbook_is_dropped_like_a_csv(page: Any, server: ServerProcess, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "Agenda"
    for cells in (
        ("TITULO", "FECHA", "CIUDAD"),
        ("Uno", "2027-01-01", "Madrid"),
        ("Dos", "pronto", "Madrid"),
    ):
        book.active.append(cells)
    file = tmp_path / "agenda.xlsx"
    book.save(file)
    open_page(page, server)
    page.set_input_files("input[type=file]", file)
    page.wait_for_selector("text=Sheet “Agenda” of the workbook")
    page.get_by_role("button", name="Import", exact=True).click()
    await_state(page)
    assert figures(page) == ["2", "1", "1"]


def test_earlier_imports_are_listed_page_by_page_and_opened(
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
    await_state(page)
    assert page.text_content("[data-upload] h2") == "import-0.csv"
    assert figures(page) == ["10", "8", "2"]
    page.wait_for_selector("text=4 of 4 problems")


def test_ten_thousand_rejected_rows_do_not_freeze_the_page(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    open_page(page, server)
    page.evaluate(
        """() => {
          window.longest = 0;
          const watch = (tasks) => {
            for (const {duration} of tasks.getEntries()) longest = Math.max(longest, duration);
          };
          new PerformanceObserver(watch).observe({type: "longtask"});
        }"""
    )
    unthrottle = throttle(page, SLOW_BYTES_PER_SECOND)
    drop(page, csv_file(tmp_path, 10_000, bad_every=1))
    await_rows(page, 500)
    # The page answers while rows stream in: a view is built, a list is read, a filter is typed.
    page.click("[data-view=events]")
    page.wait_for_selector("#view-events h1")
    page.click("[data-view=import]")
    page.fill(".rejects input", "capacity")
    page.wait_for_function("() => /problems/.test(document.querySelector('.rejects').textContent)")
    assert page.get_attribute("[data-upload] .chip", "data-state") in {"receiving", "processing"}
    unthrottle()
    page.wait_for_selector("text=10,000 of 20,000 problems")
    page.evaluate("() => (document.querySelector('.rejects-scroll').scrollTop = 200_000)")
    page.wait_for_selector(".rejects-row[aria-rowindex='4550']")
    assert page.locator(".rejects-row").count() < 60
    assert page.evaluate("longest") < 2000
