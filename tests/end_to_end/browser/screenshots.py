"""Photograph the web page: `make screenshots` writes docs/images, as the README shows them."""

import random
import shutil
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.end_to_end.browser.acts import await_state, drop, open_page
from tests.end_to_end.browser.conftest import FLAGS
from tests.end_to_end.server_process import ServerProcess

IMAGES = Path("docs/images")
DESK = {"width": 1180, "height": 860}
PHONE = {"width": 360, "height": 780}

VENUES = (
    ("Recife", "Teatro de Santa Isabel", "Teatro", 570),
    ("Olinda", "Praça do Carmo", "Praça", 4000),
    ("Recife", "Parque da Jaqueira", "Parque", 9000),
    ("Caruaru", "Pátio de Eventos", "Arena", 60000),
    ("Recife", "Cais do Sertão", "Museu", 250),
    ("Petrolina", "Auditório da Univasf", "Auditório", 320),
    ("Olinda", "Mercado da Ribeira", "Outro", 180),
    ("Garanhuns", "Praça Mestre Dominguinhos", "Praça", 30000),
)
TITLES = ("Noite de frevo", "Feira de livros", "Concerto de câmara", "Oficina de barro", "Mostra de cinema")
# What is wrong with a row, by its number among a hundred: the members that differ.
FAULTS = {
    7: {"date": "14/03/2027"},
    19: {"capacity": "-5"},
    31: {"date": "amanhã", "capacity": "mil"},
    43: {"kind": "Teatroo"},
    59: {"date": ""},
}
MONTHS = (2, 9, 4, 5, 7, 12, 10, 8, 6, 7, 9, 11)


def agenda(folder: Path) -> Path:
    """Write the agenda of a year: most of it good, its months, cities and venues of unlike sizes."""
    chance = random.Random(2027)
    lines = ["title,event_date,city,participants,location_name,venue_type,capacity"]
    for number in range(1, 1241):
        city, venue, kind, capacity = chance.choices(VENUES, weights=(9, 7, 6, 4, 3, 3, 2, 1))[0]
        month = chance.choices(range(1, 13), weights=MONTHS)[0]
        row = {"date": f"2027-{month:02}-{number % 28 + 1:02}T19:30", "kind": kind, "capacity": str(capacity)}
        row |= FAULTS.get(number % 100, {})
        title = f"{TITLES[number % 5]} {number}"
        lines.append(f"{title},{row['date']},{city},Ana;Bento,{venue},{row['kind']},{row['capacity']}")
    path = folder / "agenda-2027.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def foreign(folder: Path) -> Path:
    """Write a file with the columns of somebody else."""
    rows = (f"Concierto {n};2027-0{n}-11T20:00;Teatro Español;{n}00;Plaza de Santa Ana" for n in range(1, 6))
    path = folder / "agenda-madrid.csv"
    lines = ["TITULO;FECHA;NOMBRE-INSTALACION;AFORO;DIRECCION", *rows, "Sin fecha;pronto;Matadero;-5;"]
    path.write_bytes("\r\n".join(lines).encode("cp1252"))
    return path


class Studio:
    """One look at the page of one server."""

    def __init__(self, browser: Any, server: ServerProcess, scheme: str, size: dict[str, int]) -> None:
        look = {"color_scheme": scheme, "viewport": size, "reduced_motion": "reduce"}
        self.page = browser.new_context(locale="en-GB", device_scale_factor=1, **look).new_page()
        open_page(self.page, server)
        self.page.wait_for_selector("#transport[data-state=live]")

    def shoot(self, name: str) -> None:
        """Write what is seen, from the top of the page."""
        self.page.evaluate("() => (document.activeElement.blur(), scrollTo(0, 0))")
        self.page.screenshot(path=IMAGES / f"{name}.png")


def photograph(browser: Any, server: ServerProcess, folder: Path) -> None:
    """Take every picture."""
    light = Studio(browser, server, "light", DESK)
    light.page.set_input_files("input[type=file]", foreign(folder))
    light.page.wait_for_selector("[data-mapping] tbody tr")
    light.shoot("mapping")
    light.page.get_by_role("button", name="Cancel").click()
    upload_id = drop(light.page, agenda(folder))
    await_state(light.page)
    light.page.wait_for_selector(".rejects-row")
    light.shoot("import-light")
    light.page.click("[data-view=dashboard]")
    light.page.wait_for_selector("[data-people] .person")
    light.page.wait_for_selector("#view-dashboard .amount")
    light.shoot("dashboard")
    for name, scheme, size in (("import-dark", "dark", DESK), ("import-phone", "light", PHONE)):
        studio = Studio(browser, server, scheme, size)
        studio.page.click(f"[data-upload-item='{upload_id}'] button")
        await_state(studio.page)
        studio.page.wait_for_selector(".rejects-row")
        studio.shoot(name)


def main() -> None:
    """Take every picture against a server of its own."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = ServerProcess(Path(folder))
        server.start()
        try:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
            photograph(browser, server, Path(folder))
            browser.close()
        finally:
            server.stop()


if __name__ == "__main__":
    main()
