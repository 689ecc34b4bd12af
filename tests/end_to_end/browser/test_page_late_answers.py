"""Answers that come once somebody went on take over nothing, and lists follow what others do."""

import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.end_to_end.browser.acts import await_state, make_event, open_page, review, search_events
from tests.end_to_end.browser.conftest import csv_file
from tests.end_to_end.browser.test_page_while_it_saves import Gate
from tests.end_to_end.server_process import ServerProcess

ADDRESS = "location.hash"
IMPORT = ".review-actions button[type=submit]"


def an_import(server: ServerProcess, name: str = "others.csv") -> str:
    """Send a file past the page, as somebody else would, with one good row and a bad one."""
    text = f"title,event_date,city\n{name},2027-03-03T10:00,Recife\nSarau,soon,Recife\n"
    answer = httpx.post(
        f"{server.url}/api/v1/uploads",
        files={"file": (name, text.encode())},
        headers={"Prefer": "wait=30"},
        timeout=60,
    )
    return str(answer.raise_for_status().json()["upload_id"])


def an_analysis(server: ServerProcess) -> str:
    """Start an analysis past the page, and return its id once it has ended."""
    task = httpx.post(f"{server.url}/api/v1/eventos/analise", timeout=60).json()["task_id"]
    path = f"{server.url}/api/v1/tarefas/{task}"
    while httpx.get(path, timeout=60).json()["status"] != "completed":
        time.sleep(0.05)
    return str(task)


def upload(page: Any, _: ServerProcess, folder: Path) -> Gate:
    gate = Gate(page, "**/api/v1/uploads?stage=*", "POST")
    page.set_input_files("input[type=file]", csv_file(folder, 3))
    return gate


def refused_upload(page: Any, _: ServerProcess, folder: Path) -> Gate:
    gate = Gate(page, "**/api/v1/uploads?stage=*", "POST")
    empty = folder / "empty.csv"
    empty.write_bytes(b"")
    page.set_input_files("input[type=file]", empty)
    return gate


def start(page: Any, _: ServerProcess, folder: Path) -> Gate:
    review(page, csv_file(folder, 4))
    gate = Gate(page, "**/api/v1/uploads/*/import", "POST")
    page.click(IMPORT)
    return gate


def link(page: Any, server: ServerProcess, _: Path) -> Gate:
    upload_id = an_import(server)
    gate = Gate(page, f"**/api/v1/uploads/{upload_id}", "GET")
    page.evaluate(f"location.hash = '#import/{upload_id}'")
    return gate


def dead_link(page: Any, _: ServerProcess, __: Path) -> Gate:
    gate = Gate(page, "**/api/v1/uploads/nowhere", "GET")
    page.evaluate("location.hash = '#import/nowhere'")
    return gate


def dead_webhook(page: Any, _: ServerProcess, __: Path) -> Gate:
    gate = Gate(page, "**/api/v1/webhooks/nowhere", "GET")
    page.evaluate("location.hash = '#webhooks/nowhere'")
    return gate


@pytest.mark.parametrize("act", [upload, refused_upload, start, link, dead_link, dead_webhook])
def test_a_late_answer_leaves_the_view_that_somebody_went_to(
    page: Any, start_server: Any, tmp_path: Path, act: Any
) -> None:
    server = start_server()
    make_event(server, "Frevo")
    open_page(page, server)
    gate = act(page, server, tmp_path)
    gate.wait()
    page.click("[data-view=events]")
    page.wait_for_selector(".item-title:has-text('Frevo')")
    search = page.get_by_label("Search title and description")
    search.focus()
    with page.expect_response(lambda _: True):
        gate.open()
    page.wait_for_timeout(700)
    assert page.evaluate(ADDRESS) == "#events"
    assert search.evaluate("(one) => one === document.activeElement")
    search_events(page, "Frevo")
    page.wait_for_function("() => location.hash.includes('q=Frevo')")
    assert search.input_value() == "Frevo"
    page.get_by_role("button", name="Past", exact=True).click()
    page.wait_for_function("() => location.hash.includes('when=past')")


@pytest.mark.parametrize(("act", "shown"), [(upload, "review"), (start, "upload"), (link, "upload")])
def test_what_came_meanwhile_is_there_when_one_comes_back(
    page: Any, start_server: Any, tmp_path: Path, act: Any, shown: str
) -> None:
    server = start_server()
    open_page(page, server)
    gate = act(page, server, tmp_path)
    gate.wait()
    page.click("[data-view=events]")
    gate.open()
    page.wait_for_selector(f"[data-{shown}]", state="attached")
    page.click("[data-view=import]")
    card = page.locator(f"[data-{shown}]")
    card.wait_for()
    assert page.evaluate(ADDRESS) == f"#import/{card.get_attribute(f'data-{shown}')}"


def test_of_two_tasks_the_one_that_was_asked_for_last_is_shown(page: Any, server: ServerProcess) -> None:
    first, second = an_analysis(server), an_analysis(server)
    open_page(page, server, "tasks")
    gate = Gate(page, f"**/api/v1/tarefas/{first}", "GET")
    page.evaluate(f"location.hash = '#tasks/{first}'")
    gate.wait()
    page.evaluate(f"location.hash = '#tasks/{second}'")
    page.wait_for_selector(f"[data-task='{second}']")
    gate.open()
    page.wait_for_timeout(500)
    assert page.locator("[data-task]").get_attribute("data-task") == second
    assert page.evaluate(ADDRESS) == f"#tasks/{second}"
    # The address says what is shown: a reload, or somebody else, sees the same.
    page.evaluate("location.hash = '#tasks'")
    page.wait_for_selector("[data-task]", state="detached")
    page.go_back()
    page.wait_for_selector(f"[data-task='{second}']")
    page.evaluate("location.hash = '#tasks/nowhere'")
    page.wait_for_selector("[data-task]", state="detached")
    assert page.evaluate(ADDRESS) == "#tasks"


def test_a_task_that_begins_late_calls_nobody_back(page: Any, start_server: Any) -> None:
    server = start_server()
    open_page(page, server, "tasks")
    gate = Gate(page, "**/api/v1/eventos/analise", "POST")
    page.get_by_role("button", name="Analyse events").click()
    gate.wait()
    page.click("[data-view=events]")
    page.get_by_role("button", name="New event").click()
    title = page.locator("dialog[open]").get_by_label("Title", exact=True)
    title.fill("Half typed")
    gate.open()
    page.get_by_text("Analysis: it has begun").wait_for()
    assert page.evaluate(ADDRESS) == "#events"
    assert page.locator("dialog[open]").count() == 1
    assert title.input_value() == "Half typed"
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Discard").click()
    page.click("[data-view=tasks]")
    page.locator("#view-tasks .item").wait_for()
    page.locator("#view-tasks .item").get_by_role("button", name="Open").click()
    await_state(page)


def test_the_list_of_imports_follows_what_others_undo_and_mend(page: Any, start_server: Any) -> None:
    server = start_server()
    undone, mended = an_import(server, "undone.csv"), an_import(server, "mended.csv")
    open_page(page, server)
    page.wait_for_selector("#transport[data-state=live]")
    page.locator(f"[data-upload-item='{undone}']").get_by_role("button").focus()
    httpx.post(f"{server.url}/api/v1/uploads/{undone}/undo", timeout=60).raise_for_status()
    page.wait_for_selector(f"[data-upload-item='{undone}'] [data-state=undone]")
    kept = f"document.activeElement.closest('[data-upload-item]')?.dataset.uploadItem === '{undone}'"
    assert page.evaluate(kept), "the keyboard stays where it was"
    row = {"line": 3, "cells": {"event_date": "2027-03-04T10:00"}}
    mend = httpx.post(f"{server.url}/api/v1/uploads/{mended}/repairs", json={"rows": [row]}, timeout=60)
    assert mend.json()["accepted"] == 1, mend.text
    page.locator(f"[data-upload-item='{mended}']", has_text="accepted: 2, rejected: 0").wait_for()


def test_the_list_of_imports_is_read_when_it_is_shown_again(page: Any, start_server: Any) -> None:
    server = start_server()
    upload_id = an_import(server)
    open_page(page, server)
    page.wait_for_selector(f"[data-upload-item='{upload_id}']")
    page.click("[data-view=dashboard]")
    httpx.post(f"{server.url}/api/v1/uploads/{upload_id}/undo", timeout=60).raise_for_status()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(2500)
    assert not any("/uploads" in url for url in asked), "nobody looks at it"
    page.click("[data-view=import]")
    page.wait_for_selector(f"[data-upload-item='{upload_id}'] [data-state=undone]")


def test_a_long_import_of_others_is_not_asked_about_at_each_of_its_messages(
    page: Any, start_server: Any, tmp_path: Path
) -> None:
    server = start_server()
    open_page(page, server)
    page.wait_for_selector("#transport[data-state=live]")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    content = csv_file(tmp_path, 20_000).read_bytes()
    answer = httpx.post(
        f"{server.url}/api/v1/uploads",
        files={"file": ("long.csv", content)},
        headers={"Prefer": "wait=60"},
        timeout=120,
    )
    page.locator(f"[data-upload-item='{answer.json()['upload_id']}']", has_text="20,000").wait_for()
    page.wait_for_timeout(2000)
    assert len([url for url in asked if "/api/v1/uploads" in url]) <= 4


def test_the_list_of_tasks_follows_others_and_goes_on_behind_a_page(page: Any, start_server: Any) -> None:
    server = start_server()
    for _ in range(21):
        an_analysis(server)
    open_page(page, server, "tasks")
    items = page.locator("#view-tasks .item")
    page.wait_for_function("() => document.querySelectorAll('#view-tasks .item').length === 20")
    page.wait_for_selector("#transport[data-state=live]")
    page.locator("#view-tasks").get_by_role("button", name="Show more").click()
    page.wait_for_function("() => document.querySelectorAll('#view-tasks .item').length === 21")
    task = an_analysis(server)
    page.wait_for_selector(f"[data-task-item='{task}'] [data-state=completed]")
    # All that was shown still is.
    assert items.count() >= 21


def test_what_one_checks_oneself_is_named_and_is_no_news(
    page: Any, start_server: Any, tmp_path: Path
) -> None:
    server = start_server()
    open_page(page, server)
    page.wait_for_selector("#transport[data-state=live]")
    review(page, csv_file(tmp_path, 3, name="agenda.csv"))
    page.wait_for_selector(".notice:has-text('Check of agenda.csv completed')", state="attached")
    assert page.locator("#notifications .badge").is_hidden()
    an_analysis(server)
    page.wait_for_selector("#notifications .badge:has-text('1')")


@pytest.mark.parametrize(("locale", "name"), [("en-GB", "pasted.tsv"), ("pt-BR", "colado.tsv")])
def test_pasted_rows_are_named_in_the_readers_language(
    browser: Any, server: ServerProcess, locale: str, name: str
) -> None:
    profile = browser.new_context(locale=locale)
    page = profile.new_page()
    open_page(page, server)
    page.evaluate(
        """(text) => {
          const clipboardData = new DataTransfer();
          clipboardData.setData("text/plain", text);
          document.body.dispatchEvent(new ClipboardEvent("paste", {clipboardData, bubbles: true}));
        }""",
        f"title\tevent_date\tcity\nA {name}\t2027-02-01\tOlinda\nB {name}\t2027-02-02\tOlinda\n",
    )
    page.locator("[data-review] h2", has_text=name).wait_for()
    profile.close()


@pytest.mark.parametrize("width", [320, 768, 1024, 1440])
def test_large_figures_stay_in_their_cards_and_far_years_have_four_digits(
    browser: Any, server: ServerProcess, width: int
) -> None:
    profile = browser.new_context(locale="pt-BR", viewport={"width": width, "height": 900})
    page = profile.new_page()
    task = httpx.get(f"{server.url}/api/v1/tarefas/{an_analysis(server)}", timeout=60).json()
    task["result"] |= {
        "capacity": 1_090_788_795,
        "participants": 999_999,
        "by_month": [{"month": "2200-12", "events": 1}],
    }
    page.route(
        f"**/api/v1/tarefas/{task['task_id']}",
        lambda route: route.fulfill(body=json.dumps(task), content_type="application/json"),
    )
    open_page(page, server, f"tasks/{task['task_id']}")
    figure = page.locator(".figure", has_text="Lugares").locator("dd")
    assert figure.inner_text().replace("\xa0", " ") == "1,1 bi"
    assert figure.get_attribute("title") == "1.090.788.795"
    over = "(all) => all.filter((one) => one.scrollWidth > one.parentElement.clientWidth).length"
    assert page.locator(".figure dd").evaluate_all(over) == 0
    assert page.locator("svg text", has_text="dez 2200").count() == 1
    profile.close()
