"""The web page as people use it, in a real Chromium against a real server."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import unavailable
from tests.end_to_end.browser.conftest import csv_file
from tests.end_to_end.server_process import ServerProcess

AXE = Path(__file__).parents[1] / "js" / "node_modules" / "axe-core" / "axe.min.js"
VIEWS = ("import", "events", "dashboard", "tasks")


def open_page(page: Any, server: ServerProcess, view: str = "import") -> None:
    page.goto(f"{server.url}/#{view}")
    page.wait_for_selector("html[data-ready]")


def drop(page: Any, file: Path) -> str:
    """Choose a file, and return the id of its import."""
    page.set_input_files("input[type=file]", file)
    return str(page.wait_for_selector("[data-upload]").get_attribute("data-upload"))


def await_end(page: Any) -> None:
    page.wait_for_selector("[data-upload] .chip[data-state=completed]")


def figure(page: Any, name: str) -> str:
    return str(page.text_content(f"[data-figure={name}] dd"))


def test_a_file_with_errors_is_watched_to_its_end(page: Any, server: ServerProcess, tmp_path: Path) -> None:
    open_page(page, server)
    drop(page, csv_file(tmp_path, 300, bad_every=10))
    await_end(page)
    assert [figure(page, name) for name in ("rows", "accepted", "rejected")] == ["300", "270", "30"]
    page.wait_for_selector("text=60 of 60 problems")
    assert "is not a date" in page.text_content(".rejects-row >> nth=0")
    assert page.text_content(".rejects-row .value >> nth=0") == "soon"
    page.fill(".rejects input", "capacity")
    page.wait_for_selector("text=30 of 60 problems")
    with page.expect_download() as download:
        page.click("a[download='rejected.csv']")
    assert Path(download.value.path()).read_text().count("\n") == 31
    assert page.get_attribute("#transport", "data-using") == "sse"


def test_an_import_can_be_undone(page: Any, server: ServerProcess, tmp_path: Path) -> None:
    open_page(page, server)
    upload_id = drop(page, csv_file(tmp_path, 20))
    await_end(page)
    page.on("dialog", lambda dialog: dialog.accept())
    page.click("text=Undo import")
    page.wait_for_selector("[data-upload] .chip[data-state=undone]")
    left = httpx.get(f"{server.url}/api/v1/eventos", params={"upload_id": upload_id}).json()
    assert left["total"] == 0


def test_a_dry_run_stores_nothing(page: Any, server: ServerProcess, tmp_path: Path) -> None:
    open_page(page, server)
    page.check("input[name=dry_run]")
    upload_id = drop(page, csv_file(tmp_path, 20, bad_every=5))
    await_end(page)
    assert figure(page, "rejected") == "4"
    assert page.is_hidden("text=Undo import")
    left = httpx.get(f"{server.url}/api/v1/eventos", params={"upload_id": upload_id}).json()
    assert left["total"] == 0


def test_atomic_with_one_bad_row_stores_nothing(page: Any, server: ServerProcess, tmp_path: Path) -> None:
    open_page(page, server)
    page.check("input[name=mode]")
    upload_id = drop(page, csv_file(tmp_path, 20, bad_every=20))
    page.wait_for_selector("[data-upload] .chip[data-state=failed]")
    left = httpx.get(f"{server.url}/api/v1/eventos", params={"upload_id": upload_id}).json()
    assert left["total"] == 0


def test_a_reload_goes_on_watching(page: Any, server: ServerProcess, tmp_path: Path) -> None:
    open_page(page, server)
    upload_id = drop(page, csv_file(tmp_path, 3000, bad_every=100))
    page.wait_for_function("() => document.querySelector('[data-figure=rows] dd').textContent !== '\\u2013'")
    page.reload()
    assert page.wait_for_selector("[data-upload]").get_attribute("data-upload") == upload_id
    page.wait_for_selector(
        "[data-upload] .chip[data-state=completed], [data-upload] .chip[data-state=interrupted]"
    )
    assert int(figure(page, "rows").replace(",", "")) > 0


def test_ten_thousand_rejected_rows_do_not_freeze_the_page(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    open_page(page, server)
    drop(page, csv_file(tmp_path, 10_000, bad_every=1))
    page.wait_for_selector("text=20,000 of 20,000 problems", timeout=60_000)
    assert page.locator(".rejects-row").count() < 60
    longest = page.evaluate(
        """async () => {
          let longest = 0, last = performance.now();
          const scroller = document.querySelector(".rejects-scroll");
          for (let step = 0; step < 60; step++) {
            scroller.scrollTop += 9000;
            await new Promise(requestAnimationFrame);
            longest = Math.max(longest, performance.now() - last);
            last = performance.now();
          }
          return longest;
        }"""
    )
    assert longest < 1000
    assert page.locator(".rejects-row").last.text_content()


def test_other_peoples_changes_appear(context: Any, server: ServerProcess) -> None:
    watcher = context.new_page()
    open_page(watcher, server, "events")
    watcher.wait_for_selector("#transport[data-state=live]")
    made = httpx.post(
        f"{server.url}/api/v1/eventos",
        json={"title": "Seen by others", "event_date": "2027-01-01T10:00", "city": "Recife"},
    ).json()
    watcher.fill("[role=search] input >> nth=0", "Seen by others")
    watcher.wait_for_selector(f"[data-event='{made['id']}']")
    httpx.patch(f"{server.url}/api/v1/eventos/{made['id']}", json={"title": "Seen by others, renamed"})
    watcher.wait_for_selector(".item-title:has-text('Seen by others, renamed')")
    httpx.delete(f"{server.url}/api/v1/eventos/{made['id']}")
    watcher.wait_for_selector(f"[data-event='{made['id']}']", state="detached")


def test_an_event_is_made_with_its_faults_told(page: Any, server: ServerProcess) -> None:
    open_page(page, server, "events")
    page.click("text=New event")
    form = page.get_by_role("dialog")
    form.get_by_label("Title", exact=True).fill("Made by hand")
    form.get_by_label("Date", exact=True).fill("12/07/2027")
    form.get_by_label("City", exact=True).fill("Olinda")
    form.get_by_role("button", name="Save").click()
    page.wait_for_selector("[data-fault=event_date]:not(:empty)")
    form.get_by_label("Date", exact=True).fill("2027-07-12T19:00")
    form.get_by_role("button", name="Save").click()
    page.wait_for_selector("dialog", state="detached")
    # Other tests have left more events than one page of the list shows.
    page.fill("[role=search] input >> nth=0", "Made by hand")
    page.wait_for_selector(".item-title:has-text('Made by hand')")


def test_the_dashboard_follows(page: Any, server: ServerProcess) -> None:
    open_page(page, server, "dashboard")
    page.wait_for_function(
        "() => !['\\u2013'].includes(document.querySelector('[data-count=events]').textContent)"
    )
    before = int(page.text_content("[data-count=events]").replace(",", ""))
    httpx.post(
        f"{server.url}/api/v1/eventos",
        json={"title": "One more", "event_date": "2027-05-05", "city": "Natal"},
    )
    page.wait_for_function(
        "(count) => document.querySelector('[data-count=events]').textContent === count",
        arg=f"{before + 1:,}",
    )
    page.wait_for_selector("[data-people] .person")


def test_an_analysis_logs_as_it_goes(page: Any, server: ServerProcess) -> None:
    open_page(page, server, "tasks")
    page.click("text=Analyse events")
    page.wait_for_selector("[data-task] .chip[data-state=completed]")
    page.wait_for_selector("[data-console] div")
    page.wait_for_selector("[data-task] .figures .figure")


def test_two_tabs_share_one_stream_and_the_second_takes_over(context: Any, server: ServerProcess) -> None:
    streams: list[str] = []
    context.on("request", lambda request: "/sse?" in request.url and streams.append(request.url))
    first = context.new_page()
    open_page(first, server, "events")
    first.wait_for_selector("#transport[data-state=live]")
    opened = len(streams)
    second = context.new_page()
    open_page(second, server, "events")
    second.wait_for_selector("#transport[data-state=live]")
    assert len(streams) == opened
    first.close()
    httpx.post(
        f"{server.url}/api/v1/eventos",
        json={"title": "After the leader", "event_date": "2027-01-01", "city": "Recife"},
    )
    second.fill("[role=search] input >> nth=0", "After the leader")
    second.wait_for_selector(".item-title:has-text('After the leader')")
    second.wait_for_function("() => document.querySelector('#transport').dataset.state === 'live'")
    assert len(streams) > opened


def test_a_server_that_restarts_is_found_again(context: Any, start_server: Any, tmp_path: Path) -> None:
    server = start_server()
    page = context.new_page()
    open_page(page, server, "events")
    page.wait_for_selector("#transport[data-state=live]")
    server.kill()
    page.wait_for_selector("#transport:not([data-state=live])")
    server.start()
    httpx.post(
        f"{server.url}/api/v1/eventos",
        json={"title": "After the crash", "event_date": "2027-01-01", "city": "Recife"},
    )
    page.wait_for_selector("#transport[data-state=live]", timeout=40_000)
    page.wait_for_selector(".item-title:has-text('After the crash')")
    assert page.get_attribute("#transport", "data-using") == "sse"


def test_markup_in_every_cell_stays_text(page: Any, server: ServerProcess, tmp_path: Path) -> None:
    evil = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>'
    quoted = '"' + evil.replace('"', '""') + '"'
    venue = '"' + json.dumps({"location_name": evil, "address": evil}).replace('"', '""') + '"'
    file = tmp_path / "<img src=x onerror=hit=1>.csv"
    file.write_text(
        "title,description,event_date,city,participants,local_info\n"
        f"{quoted},{quoted},2027-01-01,{quoted},{quoted},{venue}\n"
        f"{quoted},{quoted},{quoted},{quoted},{quoted},{quoted}\n"
    )
    open_page(page, server)
    drop(page, file)
    await_end(page)
    page.wait_for_selector(".rejects-row")
    for view in VIEWS[1:]:
        page.click(f"[data-view={view}]")
        page.wait_for_selector(f"#view-{view} h1")
    page.click("[data-view=events]")
    page.wait_for_selector(".item-title:has-text('<script>')")
    page.click("button[aria-label=Edit] >> nth=0")
    page.wait_for_selector("dialog[open]")
    assert page.evaluate("window.hit") is None
    assert page.locator("img[src=x]").count() == 0


def test_a_token_is_asked_for_and_accepted(context: Any, start_server: Any) -> None:
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
    page.wait_for_selector("#transport[data-state=live]")
    page.click("text=Sign out")
    page.wait_for_selector("dialog input[name=token]")


@pytest.mark.parametrize("view", VIEWS)
def test_a_phone_scrolls_in_one_direction_only(browser: Any, server: ServerProcess, view: str) -> None:
    phone = browser.new_context(viewport={"width": 360, "height": 740}, locale="pt-BR")
    page = phone.new_page()
    open_page(page, server, view)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.get_attribute("html", "lang") == "pt-BR"
    phone.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser: Any, server: ServerProcess, tmp_path: Path, scheme: str) -> None:
    if not AXE.exists():
        unavailable("axe-core (npm install in tests/end_to_end/js)")
    profile = browser.new_context(
        color_scheme=scheme, reduced_motion="reduce", locale="en-GB", bypass_csp=True
    )
    page = profile.new_page()
    open_page(page, server)
    found = serious(page)
    drop(page, csv_file(tmp_path, 30, bad_every=3))
    await_end(page)
    page.wait_for_selector(".rejects-row")
    for view in VIEWS:
        page.click(f"[data-view={view}]")
        page.wait_for_selector(f"#view-{view} h1")
        found += serious(page)
    page.goto(f"{server.url}/diagnose?seconds=1")
    page.wait_for_selector("[data-choice]")
    found += serious(page)
    profile.close()
    assert found == []


def serious(page: Any) -> list[str]:
    page.add_script_tag(path=AXE)
    violations = page.evaluate("async () => (await axe.run()).violations")
    return [
        f"{page.url} {violation['id']}: {node['html'][:200]}"
        for violation in violations
        if violation["impact"] in {"serious", "critical"}
        for node in violation["nodes"]
    ]


def test_the_diagnosis_names_the_transport(page: Any, server: ServerProcess) -> None:
    page.goto(f"{server.url}/diagnose?seconds=3")
    page.wait_for_selector("[data-choice=sse]")
    assert "first message after" in page.input_value("textarea")
