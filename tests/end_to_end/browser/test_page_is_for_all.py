"""The page on a phone, by keyboard, in both languages and themes; and with hostile content."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import unavailable
from tests.end_to_end.browser.acts import VIEWS, await_state, drop, import_now, open_page, review
from tests.end_to_end.browser.conftest import Faults, csv_file
from tests.end_to_end.server_process import ServerProcess

AXE = Path(__file__).parents[1] / "js" / "node_modules" / "axe-core" / "axe.min.js"
EVIL = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>'


def scenes(page: Any, server: ServerProcess, folder: Path) -> Any:
    """Show everything that the page has, one after the other; yields the name of what is shown."""
    foreign = folder / "um-nome-de-arquivo-comprido-sem-nenhum-espaço-no-meio.csv"
    foreign.write_text("TITULO;FECHA\nUno;2027-01-01\nDos;pronto\n", encoding="utf-8")
    photo = folder / "photo.csv"
    photo.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(400))
    open_page(page, server)
    page.wait_for_selector("#transport[data-state=live]")
    yield "import"
    page.set_input_files("input[type=file]", foreign)
    page.wait_for_selector("table.columns tbody tr")
    yield "review of foreign columns"
    page.locator("[data-review] .review-actions button[type=button]").click()
    page.set_input_files("input[type=file]", photo)
    page.wait_for_selector(".alert:visible, .toast:visible")
    yield "no table"
    if page.locator("[data-review]").count():
        page.locator("[data-review] .review-actions button[type=button]").click()
    review(page, csv_file(folder, 40, bad_every=3))
    yield "review with problems"
    import_now(page)
    await_state(page, "partly")
    page.wait_for_selector(".rejects-row")
    yield "rejected rows"
    for place in ("transport", "notifications"):
        page.click(f"#{place} button")
        page.wait_for_selector(f"#{place} .pop")
        yield place
        page.keyboard.press("Escape")
    for view in VIEWS[1:]:
        page.click(f"[data-view={view}]")
        page.wait_for_selector(f"#view-{view} h1")
        yield view
    page.locator("#view-tasks .primary").click()
    await_state(page)
    page.wait_for_selector("[data-task] .chart")
    yield "analysis"
    page.click("[data-view=events]")
    page.locator(".event button").first.click()
    page.wait_for_selector("dialog[open]")
    yield "edit"
    page.keyboard.press("Escape")
    page.locator("#view-events .view-head button").first.click()
    page.wait_for_selector("dialog[open]")
    yield "calendar addresses"
    page.keyboard.press("Escape")
    page.goto(f"{server.url}/#events?layout=month&month=2027-02")
    page.wait_for_selector(".day-event", state="attached")
    yield "month"
    page.goto(f"{server.url}/diagnose?seconds=1")
    page.wait_for_selector("[data-choice]")
    yield "diagnose"


def test_a_phone_scrolls_in_one_direction_only(browser: Any, server: ServerProcess, tmp_path: Path) -> None:
    phone = browser.new_context(
        viewport={"width": 360, "height": 740}, locale="pt-BR", reduced_motion="reduce", bypass_csp=True
    )
    phone.set_default_timeout(45_000)
    page = phone.new_page()
    nameless: list[str] = []
    too_wide = [
        scene
        for scene in scenes(page, server, tmp_path)
        if nameless.extend(serious(page, scene) if AXE.exists() else [])
        or page.evaluate("Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)") > 360
        or page.locator(".pop:visible").evaluate_all(
            "(pops) => pops.some((pop) => pop.getBoundingClientRect().left < 0)"
        )
    ]
    assert too_wide == []
    assert nameless == []
    assert page.get_attribute("html", "lang") == "pt-BR"
    phone.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_accessibility_fault(
    browser: Any, server: ServerProcess, tmp_path: Path, scheme: str
) -> None:
    if not AXE.exists():
        unavailable("axe-core (npm install in tests/end_to_end/js)")
    profile = browser.new_context(
        color_scheme=scheme, reduced_motion="reduce", locale="en-GB", bypass_csp=True
    )
    profile.set_default_timeout(45_000)
    page = profile.new_page()
    found = [fault for scene in scenes(page, server, tmp_path) for fault in serious(page, scene)]
    profile.close()
    assert found == []


def serious(page: Any, scene: str) -> list[str]:
    page.add_script_tag(path=AXE)
    violations = page.evaluate("async () => (await axe.run()).violations")
    return [
        f"{scene}: {violation['id']}: {node['html'][:200]}"
        for violation in violations
        if violation["impact"] in {"serious", "critical"}
        for node in violation["nodes"]
    ]


def test_the_keyboard_reaches_everything(page: Any, server: ServerProcess, tmp_path: Path) -> None:
    open_page(page, server)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    focused = "document.activeElement.textContent"
    assert page.evaluate(focused) == "Choose a file"
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(csv_file(tmp_path, 30, bad_every=3))
    page.wait_for_selector(".review-sum:not([hidden])")
    reached = walk(page, 20)
    for name in ("What the column title becomes", "Import 20 events", "Cancel", "All or nothing"):
        assert name in reached, reached
    page.get_by_role("button", name="Import 20 events").focus()
    page.keyboard.press("Enter")
    await_state(page, "partly")
    reached = walk(page, 40)
    for name in (
        "Filter",
        "Download to correct",
        "Rejected rows",
        "Date, line 4",
        "Import another file",
        "Undo import",
    ):
        assert name in reached, reached
    assert any(name.startswith("Open events.csv · ") for name in reached), reached
    page.click("[data-view=events]")
    page.wait_for_selector("#view-events h1")
    page.focus(".skip")
    page.keyboard.press("Enter")
    assert page.evaluate("[document.activeElement.id, location.hash]") == ["main", "#events"]
    assert page.is_visible("#view-events h1")
    page.click("[data-view=import]")
    page.get_by_role("button", name="Import another file").focus()
    page.keyboard.press("Enter")
    assert page.evaluate(focused) == "Choose a file"


def walk(page: Any, steps: int) -> list[str]:
    """Press Tab so many times, and return the names of what had the focus, each with a visible ring."""
    names = []
    for _ in range(steps):
        page.keyboard.press("Tab")
        name, ring = page.evaluate(
            """() => {
              const element = document.activeElement;
              const name = element.getAttribute("aria-label") ?? element.labels?.[0]?.textContent
                ?? element.textContent;
              return [name, getComputedStyle(element).outlineStyle];
            }"""
        )
        assert ring != "none" or name == page.text_content("body"), name
        names.append(name)
    return names


def test_language_and_theme_can_be_switched_and_are_kept(page: Any, server: ServerProcess) -> None:
    open_page(page, server)
    assert page.title() == "Import · FastTrack"
    page.click("#language")
    page.wait_for_selector("h1:has-text('Importar eventos')")
    assert page.title() == "Importar · FastTrack"
    page.click("#theme")
    assert page.get_attribute("html", "data-theme") == "dark"
    page.reload()
    page.wait_for_selector("h1:has-text('Importar eventos')")
    assert page.get_attribute("html", "lang") == "pt-BR"
    assert page.get_attribute("html", "data-theme") == "dark"


def test_progress_is_announced_to_screen_readers_in_intervals(
    page: Any, server: ServerProcess, tmp_path: Path
) -> None:
    open_page(page, server)
    page.evaluate(
        """() => {
          window.said = [];
          const announcer = document.getElementById("announcer");
          const note = () => said.push(announcer.textContent);
          new MutationObserver(note).observe(announcer, {childList: true, subtree: true});
        }"""
    )
    drop(page, csv_file(tmp_path, 2000, bad_every=50))
    await_state(page, "partly")
    page.wait_for_function("() => said.at(-1) === '1,960 accepted and 40 rejected of 2,000 rows'")
    assert page.evaluate("said.length") < 12


def test_markup_in_a_cell_is_shown_as_text(page: Any, server: ServerProcess, tmp_path: Path) -> None:
    cell = '"' + EVIL.replace('"', '""') + '"'
    venue = '"' + json.dumps({"location_name": EVIL, "address": EVIL}).replace('"', '""') + '"'
    file = tmp_path / "<img src=x onerror=hit=1>.csv"
    good = f"{cell},{cell},2020-01-01,{cell},{cell},{venue}\n"
    file.write_text(
        f"title,description,event_date,city,participants,local_info\n{good}{good}{','.join([cell] * 6)}\n"
    )
    foreign = tmp_path / "foreign.csv"
    foreign.write_text(f"{cell},FECHA\n{cell},{cell}\n")
    open_page(page, server)
    page.set_input_files("input[type=file]", foreign)
    page.wait_for_selector("table.columns tbody tr")
    page.select_option("[data-column='1']", "title")
    page.wait_for_selector("[data-review] td:has-text('<script>')")
    page.get_by_role("button", name="Cancel", exact=True).click()
    drop(page, file)
    await_state(page, "partly")
    shown = (
        "() => [...document.querySelectorAll('.rejects-row input')].some((one) => one.value.includes('<img'))"
    )
    page.wait_for_function(shown)
    page.click("#notifications button")
    page.wait_for_selector(".notice:has-text('<img')")
    page.keyboard.press("Escape")
    page.click("[data-view=dashboard]")
    page.wait_for_selector("#view-dashboard .chart text:has-text('<img')")
    page.click("[data-view=tasks]")
    page.click("text=Analyse events")
    page.wait_for_selector("[data-task] li:has-text('<script>')")
    page.click("[data-view=events]")
    page.get_by_role("button", name="All", exact=True).click()
    page.wait_for_selector(".item-title:has-text('<script>')")
    page.click(".event button >> nth=0")
    page.wait_for_selector("dialog[open]")
    assert page.evaluate("window.hit") is None
    assert page.locator("img[src=x]").count() == 0


def test_the_content_security_policy_blocks_and_reports_injected_markup(
    browser: Any, server: ServerProcess
) -> None:
    faults = Faults()
    profile = browser.new_context()
    page = profile.new_page()
    faults.watch(page)
    page.goto(server.url)
    page.wait_for_selector("html[data-ready]")
    page.evaluate(
        "(evil) => document.body.append(document.createRange().createContextualFragment(evil))", EVIL
    )
    page.wait_for_selector("img[src=x]", state="attached")
    page.wait_for_function("() => document.querySelector('img[src=x]').complete")
    assert page.evaluate("window.hit") is None
    assert any("Content Security Policy" in fault for fault in faults.seen)
    profile.close()


def test_the_diagnosis_names_the_transport(page: Any, server: ServerProcess) -> None:
    page.goto(f"{server.url}/diagnose?seconds=3")
    for left in ("3 seconds left", "2 seconds left"):
        page.wait_for_selector(f"[data-wait]:has-text('{left}')")
    page.wait_for_selector("[data-choice=sse]")
    assert "first message after" in page.input_value("textarea")
    page.wait_for_selector("#announcer:has-text('FastTrack will use SSE')", state="attached")
