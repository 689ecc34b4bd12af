"""Photograph the web page: `make screenshots` writes docs/images, as the README shows them."""

import random
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.end_to_end.browser.acts import await_state, drop, import_now, open_page, review
from tests.end_to_end.browser.conftest import FLAGS, chromium_program
from tests.end_to_end.browser.test_film import play
from tests.end_to_end.server_process import ServerProcess

IMAGES = Path("docs/images")
DESK = {"width": 1180, "height": 860}
PHONE = {"width": 360, "height": 780}
# A phone's scroll bars take no room.
TOUCH = {"is_mobile": True, "has_touch": True}

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


def city_agenda(folder: Path) -> Path:
    """Write a file as a city publishes it: title rows, semicolons, day first, hours apart."""
    chance = random.Random(7)
    lines = ["Agenda cultural da cidade;;;;;;;", "Secretaria de Cultura;;;;;;;"]
    lines.append("Evento;Data;Horário;Cidade;Local;Lotação;Tipo de local;Responsável")
    for number in range(1, 481):
        city, venue, kind, capacity = chance.choices(VENUES)[0]
        day = f"{number % 28 + 1:02}/{chance.randint(1, 12):02}/2027"
        kind = "Auditorio Municipal" if kind == "Auditório" else kind
        if number % 37 == 0:
            day = chance.choice(["a definir", "31/02/2027"])
        places = f"{capacity:,}".replace(",", ".") if number % 23 == 0 else str(capacity)
        title = f"{TITLES[number % 5]} {number}"
        hour = f"{chance.randint(15, 21)}h30"
        lines.append(f"{title};{day};{hour};{city};{venue};{places};{kind};Secretaria")
    path = folder / "agenda-da-cidade.csv"
    path.write_bytes("\r\n".join(lines).encode("cp1252"))
    return path


FILM = {
    "light": {"color_scheme": "light", "viewport": DESK, "locale": "en-GB"},
    "dark": {"color_scheme": "dark", "viewport": DESK, "locale": "en-GB"},
    "phone": {"color_scheme": "light", "viewport": PHONE, "locale": "pt-BR", **TOUCH},
}
"""How the film is photographed, by the end of the pictures' names."""

SUBJECT = {"repair": ".rejects", "again": ".question-row"}
"""What a scene is about, where a phone shows it only below."""


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
    page = light.page
    review(page, city_agenda(folder))
    light.shoot("review")
    page.locator("[data-group*='venue_type'] button").click()
    page.wait_for_selector(".review-sum:not([hidden])")
    import_now(page)
    await_state(page, "partly")
    page.wait_for_selector(".rejects-row")
    light.shoot("repair")
    upload_id = drop_another(page, agenda(folder))
    await_state(page, "partly")
    page.goto(f"{server.url}/#events?layout=month&month=2027-03")
    page.wait_for_selector(".day-event")
    light.shoot("calendar")
    page.click("[data-view=dashboard]")
    page.wait_for_selector("[data-people] .person")
    page.wait_for_selector("#view-dashboard .chart")
    light.shoot("dashboard")
    for name, scheme, size in (("import-dark", "dark", DESK), ("import-phone", "light", PHONE)):
        studio = Studio(browser, server, scheme, size)
        studio.page.click(f"[data-upload-item='{upload_id}'] button")
        await_state(studio.page, "partly")
        studio.page.wait_for_selector(".rejects-row")
        studio.shoot(name)


def photograph_film(browser: Any, folder: Path) -> None:
    """Play the organiser's film once for each look, and take a picture at the end of each scene."""
    for look, screen in FILM.items():
        own = folder / look
        own.mkdir()
        server = ServerProcess(own)
        server.start()
        try:
            profile = browser.new_context(device_scale_factor=1, reduced_motion="reduce", **screen)
            profile.set_default_timeout(120_000)
            page = profile.new_page()
            page.on("filechooser", lambda _chooser: None)
            for number, scene in enumerate(play(page, server, own), 1):
                look_at(page, SUBJECT.get(scene, "body") if look == "phone" else "body")
                page.screenshot(path=IMAGES / f"film-{number}-{scene}-{look}.png")
                # Who has read what was said goes on without it.
                if page.locator("#toast").is_visible():
                    page.click("#toast")
            profile.close()
        finally:
            server.stop()


def look_at(page: Any, subject: str) -> None:
    """Scroll so that a part of the page begins below its head."""
    page.evaluate(
        """(subject) => {
          document.activeElement.blur();
          const head = document.querySelector(".top").getBoundingClientRect().height;
          scrollTo(0, document.querySelector(subject).getBoundingClientRect().top + scrollY - head - 16);
        }""",
        subject,
    )


def drop_another(page: Any, file: Path) -> str:
    """Import a further file, and return the id of its import."""
    page.get_by_role("button", name="Import another file").click()
    return drop(page, file)


def main() -> None:
    """Take every picture against a server of its own."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = ServerProcess(Path(folder))
        server.start()
        try:
            browser = playwright.chromium.launch(executable_path=chromium_program(), args=FLAGS)
            photograph(browser, server, Path(folder))
            photograph_film(browser, Path(folder))
            browser.close()
        finally:
            server.stop()


if __name__ == "__main__":
    main()
