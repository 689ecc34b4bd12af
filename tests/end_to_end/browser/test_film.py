"""The organiser's film: a real file, reviewed, imported, mended, sent again from a spreadsheet, undone."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest

from tests.end_to_end.browser.acts import await_state, figures, import_now, open_page, review, stored
from tests.end_to_end.browser.conftest import Faults
from tests.end_to_end.server_process import ServerProcess

ROWS = 200
SCENES = ["review", "repair", "all-in", "again", "updated", "undone"]
LOOKS = {
    "desk, Portuguese": {"locale": "pt-BR", "viewport": {"width": 1280, "height": 900}},
    "desk, English": {"locale": "en-GB", "viewport": {"width": 1280, "height": 900}},
    "phone, Portuguese": {"locale": "pt-BR", "viewport": {"width": 360, "height": 740}},
}


@pytest.fixture(params=LOOKS)
def screen(request: Any, browser: Any) -> Iterator[Any]:
    """A page as a person has it; it must meet no fault."""
    faults = Faults()
    profile = browser.new_context(**LOOKS[request.param])
    profile.set_default_timeout(45_000)
    page = profile.new_page()
    faults.watch(page)
    page.on("filechooser", lambda _chooser: None)
    yield page
    profile.close()
    assert faults.seen == []


def agenda(folder: Path) -> Path:
    """A file of a Brazilian city: title rows, `;`, Windows-1252, day first, hours apart, a tenth bad."""
    lines = ["Agenda da Prefeitura;;;;;;", "Exportada do sistema;;;;;;"]
    lines.append("Evento;Data;Horário;Cidade;Local;Lotação;Tipo de local")
    for number in range(1, ROWS + 1):
        kind, places = "Teatro", "300"
        if number % 20 == 0:
            kind = "Auditorio Municipal"
        if number % 20 == 10:
            places = "1.200"
        day = f"{number % 28 + 1:02}/{number % 12 + 1:02}/2027"
        lines.append(f"Sessão {number};{day};19h30;São Lourenço;Teatro {number % 5};{places};{kind}")
    path = folder / "agenda.csv"
    path.write_bytes("\r\n".join(lines).encode("cp1252"))
    return path


def mended_in_a_spreadsheet(server: ServerProcess, folder: Path) -> Path:
    """Download what there is as a workbook, change three titles, and save it."""
    content = httpx.get(f"{server.url}/api/v1/eventos/download?format=xlsx", timeout=60).content
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book.active
    title = next(cell.column for cell in sheet[1] if cell.value == "Título")
    for row in (2, 3, 4):
        sheet.cell(row, title).value = f"Revista {row}"
    path = folder / "eventos.xlsx"
    book.save(path)
    return path


def play(page: Any, server: ServerProcess, folder: Path) -> Iterator[str]:
    """Play the film on an empty server; at the end of each scene yield its name."""
    open_page(page, server)
    review(page, agenda(folder))
    page.wait_for_selector("[data-group='local_info.venue_type unknown_venue_type']")
    yield "review"
    first = import_now(page)
    await_state(page, "partly")
    assert figures(page) == ["200", "180", "20"]
    page.wait_for_selector(".rejects-row")
    yield "repair"

    # Repaired with two clicks: each takes the suggestion in every row that is alike.
    for like in ("1200", "Auditório"):
        row = page.locator(".rejects-row", has=page.locator(f"button[title='{like}']")).first
        row.locator(".suggestion button").last.click()
    page.locator(".rejects-send button").click()
    await_state(page)
    assert figures(page) == ["200", "200", "0"]
    before = stored(server, limit=500, sort="id")["items"]
    assert len(before) == ROWS
    assert {event["event_date"][10:] for event in before} == {"T19:30:00"}
    assert {event["city"] for event in before} == {"São Lourenço"}
    yield "all-in"

    # The export, mended in a spreadsheet, comes back: what is there is updated, nothing is doubled.
    page.locator("[data-upload] .row button:visible").first.click()
    review(page, mended_in_a_spreadsheet(server, folder))
    assert page.input_value("[data-option=on_duplicate]") == "update"
    yield "again"
    second = import_now(page)
    await_state(page)
    after = stored(server, limit=500, sort="id")["items"]
    assert [event["id"] for event in after] == [event["id"] for event in before]
    changed = [event["title"] for event in after if event["title"].startswith("Revista")]
    assert len(changed) == 3
    counts = httpx.get(f"{server.url}/api/v1/uploads/{second}", timeout=60).json()
    assert (counts["created"], counts["updated"], counts["unchanged"]) == (0, 3, ROWS - 3)
    yield "updated"

    # Undone, all is as it was.
    page.locator("[data-upload] .danger:visible").click()
    page.get_by_role("alertdialog").locator(".danger").click()
    await_state(page, "undone")
    again = stored(server, limit=500, sort="id")["items"]
    names = ("id", "title", "description", "event_date", "city", "participants", "local_info")
    assert [[event[name] for name in names] for event in again] == [
        [event[name] for name in names] for event in before
    ]
    assert httpx.get(f"{server.url}/api/v1/uploads/{first}", timeout=60).json()["rows_stay"] is True
    yield "undone"


def test_a_city_file_is_imported_corrected_sent_again_and_undone(
    screen: Any, start_server: Any, tmp_path: Path
) -> None:
    scenes = [*play(screen, start_server(), tmp_path)]
    assert scenes == SCENES
