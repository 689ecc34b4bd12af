"""Reloads, tabs that come and go, servers that die: every row is seen once, and nothing is lost."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.end_to_end.browser.acts import (
    COLLECT,
    await_rows,
    await_state,
    drop,
    figures,
    import_now,
    make_event,
    open_page,
    read_of,
    search_events,
    stored,
)
from tests.end_to_end.browser.conftest import csv_file
from tests.end_to_end.browser.slow_upload import SlowUpload
from tests.end_to_end.server_process import ServerProcess

LIVE = "#transport[data-state=live]"
SEEN = "(count) => seen.filter(({record}) => record).length >= count"
ENDED = "() => seen.some(({type}) => type === 'finished')"


def streams(server: ServerProcess) -> int:
    """Return how many streams the server has open."""
    metrics = httpx.get(f"{server.url}/metrics", timeout=30).text
    found = re.findall(r"^fasttrack_streams\{.*\} (\d+)", metrics, re.MULTILINE)
    return sum(map(int, found))


def await_streams(page: Any, server: ServerProcess, count: int) -> None:
    """Wait, with the page's clock, until the server has so many streams open."""
    page.wait_for_function(
        """async ([url, count]) => {
          const metrics = await (await fetch(url)).text();
          const open = [...metrics.matchAll(/^fasttrack_streams\\{.*\\} (\\d+)/gm)];
          return open.reduce((sum, [, one]) => sum + Number(one), 0) === count;
        }""",
        arg=[f"{server.url}/metrics", count],
        polling=200,
    )


def test_a_link_to_an_import_waits_for_the_network(browser: Any, server: ServerProcess) -> None:
    profile = browser.new_context(locale="en-GB")
    page = profile.new_page()
    asked = []

    def cut_off_twice(route: Any) -> None:
        asked.append(route.request.url)
        if len(asked) <= 2:
            route.abort()
        else:
            route.continue_()

    with SlowUpload(server.url, "linked") as upload:
        upload.send(40)
        page.route("**/api/v1/uploads/linked", cut_off_twice)
        open_page(page, server, "import/linked")
        await_rows(page, 40)
        upload.finish()
        await_state(page, "partly")
    assert len(asked) >= 3
    profile.close()


@pytest.mark.parametrize(
    ("view", "path", "none"),
    [("import", "uploads", "Imports will appear here."), ("tasks", "tarefas", "No tasks yet.")],
)
def test_a_list_that_did_not_come_is_not_said_to_be_empty(
    browser: Any, server: ServerProcess, view: str, path: str, none: str
) -> None:
    httpx.post(f"{server.url}/api/v1/eventos/analise", timeout=30).raise_for_status()
    with SlowUpload(server.url, f"kept-{view}") as upload:
        upload.finish()
    profile = browser.new_context(locale="en-GB")
    page = profile.new_page()
    page.route(re.compile(rf"/api/v1/{path}\?"), lambda route: route.abort())
    open_page(page, server, view)
    page.get_by_text("The server did not answer").wait_for()
    assert page.get_by_text(none).is_hidden()
    page.unroute_all()
    page.wait_for_selector(f"#view-{view} .item")
    assert page.get_by_text(none).is_hidden()
    profile.close()


def test_a_file_that_never_left_is_not_said_to_be_kept(
    browser: Any, server: ServerProcess, tmp_path: Path
) -> None:
    profile = browser.new_context(locale="en-GB")
    page = profile.new_page()
    page.route("**/api/v1/uploads?stage=*", lambda route: route.abort())
    open_page(page, server)
    page.set_input_files("input[type=file]", csv_file(tmp_path, 3))
    page.get_by_text("The file did not leave").wait_for()
    page.unroute_all()
    page.get_by_role("button", name="Resume the upload").click()
    page.wait_for_selector(".review-sum:not([hidden])")
    profile.close()


@pytest.mark.parametrize(
    "path",
    [re.compile(r"/uploads/[^/]+/preview"), re.compile(r"/uploads/[^/]+/check$"), re.compile(r"/tarefas/")],
)
def test_a_review_reads_again_when_the_network_is_back(
    page: Any, server: ServerProcess, tmp_path: Path, path: re.Pattern[str]
) -> None:
    open_page(page, server)
    page.route(path, lambda route: route.abort())
    page.set_input_files("input[type=file]", csv_file(tmp_path, 3, name="away.csv"))
    alert = page.locator(".review [role=alert]")
    alert.get_by_text("The server did not answer").wait_for()
    alert.get_by_role("button", name="Try again").wait_for()
    assert page.locator(".review progress").is_hidden()
    page.unroute_all()
    page.wait_for_selector(".review-sum:not([hidden])")
    assert alert.is_hidden()
    import_now(page)
    await_state(page)


@pytest.mark.parametrize("path", [re.compile(r"/preview"), re.compile(r"/check$")])
def test_a_review_that_was_refused_is_tried_again_by_a_button(
    page: Any, server: ServerProcess, tmp_path: Path, path: re.Pattern[str]
) -> None:
    open_page(page, server)
    page.route(path, lambda route: route.fulfill(status=502, body="Bad gateway"))
    page.set_input_files("input[type=file]", csv_file(tmp_path, 3, name="refused.csv"))
    again = page.locator(".review [role=alert]").get_by_role("button", name="Try again")
    again.focus()
    with page.expect_response(path):
        page.keyboard.press("Enter")
    again.wait_for()
    page.unroute_all()
    again.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".review-sum:not([hidden])")
    again.wait_for(state="hidden")
    assert page.evaluate("Boolean(document.activeElement.closest('.review'))")


def test_a_choice_that_is_made_while_the_network_is_away_is_what_is_read(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    open_page(page, server)
    file = tmp_path / "order.csv"
    file.write_text("title;event_date;city\nAway;05/06/2027;Recife\n")
    page.set_input_files("input[type=file]", file)
    page.wait_for_selector("[data-option=date_format]")
    page.route(re.compile(r"/preview"), lambda route: route.abort())
    page.select_option("[data-option=date_format]", "mdy")
    page.locator(".review [role=alert]").get_by_text("The server did not answer").wait_for()
    page.select_option("[data-option=date_format]", "dmy")
    page.unroute_all()
    page.wait_for_selector(".review-sum:not([hidden])")
    upload_id = import_now(page)
    await_state(page)
    assert stored(server, upload_id=upload_id)["items"][0]["event_date"].startswith("2027-06-05")


def test_a_reload_during_an_import_loses_and_repeats_no_row(page: Any, server: ServerProcess) -> None:
    with SlowUpload(server.url, "reloaded") as upload:
        upload.send(40)
        open_page(page, server)
        page.click("[data-upload-item=reloaded] button")
        page.evaluate(COLLECT, "upload/reloaded")
        await_rows(page, 40)
        page.wait_for_function(SEEN, arg=40)
        page.reload()
        upload.send(40)
        await_rows(page, 80)
        page.evaluate(COLLECT, "upload/reloaded")
        page.wait_for_function(SEEN, arg=80)
        upload.send(16)
        upload.finish()
        await_state(page, "partly")
        page.wait_for_function(ENDED)
    assert read_of(page, "reloaded") == (list(range(1, 97)), 1)
    assert figures(page) == ["96", "84", "12"]
    page.wait_for_selector("text=12 of 12 problems")


def test_the_page_reconnects_after_a_kill_during_an_import(
    page: Any, start_server: Any, tmp_path: Path
) -> None:
    server = start_server()
    open_page(page, server)
    upload_id = drop(page, csv_file(tmp_path, 60_000, bad_every=100))
    page.evaluate(
        COLLECT.replace("sessionStorage.setItem(kept, JSON.stringify(seen));", ""), f"upload/{upload_id}"
    )
    await_rows(page, 1500)
    server.kill()
    assert page.get_attribute("[data-upload] .chip", "data-state") != "completed", "killed too late"
    page.wait_for_selector("#transport:not([data-state=live])")
    server.start()
    page.wait_for_function(ENDED, timeout=120_000)
    await_state(page, "partly")
    records, ends = read_of(page, upload_id)
    # Beyond a thousand rows progress is thinned; no record may come twice or out of order.
    assert records == sorted(set(records))
    assert records[:1000] == list(range(1, 1001))
    assert set(range(100, 60_001, 100)) <= set(records)
    assert (records[-1], ends) == (60_000, 1)
    assert figures(page) == ["60,000", "59,400", "600"]
    page.wait_for_selector("text=1,200 of 1,200 problems")
    assert stored(server, upload_id=upload_id, limit=1)["total"] == 59_400
    assert page.get_attribute("#transport", "data-using") == "sse"


def test_changes_made_during_an_outage_appear(context: Any, start_server: Any) -> None:
    server = start_server()
    page = context.new_page()
    open_page(page, server, "events")
    page.wait_for_selector(LIVE)
    server.kill()
    page.wait_for_selector("#transport:not([data-state=live])")
    server.start()
    make_event(server, "After the crash")
    page.wait_for_selector(LIVE, timeout=60_000)
    page.wait_for_selector(".item-title:has-text('After the crash')")


def test_tabs_share_one_stream(context: Any, start_server: Any) -> None:
    server = start_server()
    tabs = [context.new_page() for _ in range(3)]
    for tab in tabs:
        open_page(tab, server, "events")
        tab.wait_for_selector(LIVE)
    await_streams(tabs[0], server, 1)
    make_event(server, "For all tabs")
    for tab in tabs:
        tab.wait_for_selector(".item-title:has-text('For all tabs')")
    assert streams(server) == 1
    tabs[0].click("#transport button")
    tabs[0].wait_for_selector("text=This tab holds the connection")
    tabs[1].click("#transport button")
    tabs[1].wait_for_selector("text=The connection comes from another tab.")


def test_another_tab_takes_over_from_the_leader_without_loss(context: Any, start_server: Any) -> None:
    server = start_server()
    leader, follower = context.new_page(), context.new_page()
    with SlowUpload(server.url, "handed") as upload:
        upload.send(20)
        for tab in (leader, follower):
            open_page(tab, server)
            tab.click("[data-upload-item=handed] button")
            tab.evaluate(COLLECT, "upload/handed")
            tab.wait_for_function(SEEN, arg=20)
        upload.send(20)
        follower.wait_for_function(SEEN, arg=40)
        leader.close()
        upload.send(20)
        follower.wait_for_function(SEEN, arg=60)
        follower.click("#transport button")
        follower.wait_for_selector("text=This tab holds the connection")
        follower.wait_for_selector(LIVE)
        await_streams(follower, server, 1)
        upload.send(20)
        upload.finish()
        follower.wait_for_function(ENDED)
    assert read_of(follower, "handed") == (list(range(1, 81)), 1)
    await_state(follower, "partly")
    assert figures(follower) == ["80", "70", "10"]


def test_the_page_reconnects_by_itself_when_the_network_returns(context: Any, server: ServerProcess) -> None:
    page = context.new_page()
    open_page(page, server, "events")
    page.wait_for_selector(LIVE)
    context.set_offline(True)
    search_events(page, "Made while offline")
    page.wait_for_selector("text=The server did not answer.")
    context.set_offline(False)
    make_event(server, "Made while offline")
    page.wait_for_selector(".item-title:has-text('Made while offline')")
