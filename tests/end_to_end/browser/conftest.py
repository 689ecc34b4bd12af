"""A real Chromium, and pages that tell of every fault they met."""

import shutil
import threading
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import unavailable
from tests.end_to_end.network_turns import needing_the_network
from tests.end_to_end.server_process import ServerProcess

# No look at the network but at the server under test; no second process for graphics.
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# What a browser says by itself when a network breaks: the subject of these tests, not a fault of the page.
NETWORK_NOISE = ("Failed to load resource", "WebSocket connection to", "net::ERR_")


@dataclass
class Faults:
    """What went wrong in a page that should have gone well."""

    seen: list[str] = field(default_factory=list)
    calls: deque[str] = field(default_factory=lambda: deque(maxlen=40))
    """The last requests and how they ended."""

    def watch(self, page: Any) -> None:
        """Listen to uncaught errors and to the console, where refusals of the CSP are reported."""
        page.on("pageerror", lambda error: self.seen.append(f"uncaught: {error}"))
        page.on("console", self._console)
        page.on("request", lambda request: self.calls.append(f"{request.method} {request.url}"))
        page.on("response", lambda answer: self.calls.append(f"  {answer.status} {answer.url}"))
        page.on("requestfailed", lambda request: self.calls.append(f"  {request.failure} {request.url}"))

    def _console(self, message: Any) -> None:
        if message.type == "error" and not any(noise in message.text for noise in NETWORK_NOISE):
            self.seen.append(message.text)


def chromium_program() -> str | None:
    """Return Debian's Chromium: the one without windows if it is there, which takes 0.6 of the CPU."""
    return shutil.which("chromium-headless-shell") or shutil.which("chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium, driven by Playwright.

    One a module: Playwright runs a loop of its own meanwhile, in which no async test can run.
    """
    chromium = chromium_program()
    if chromium is None:
        unavailable("Chromium, for the tests of the web page")
    sync_playwright = pytest.importorskip("playwright.sync_api").sync_playwright
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server for the tests of one module: they make uploads of their own."""
    started = ServerProcess(tmp_path_factory.mktemp("server"))
    started.start()
    yield started
    started.stop()


@pytest.fixture(autouse=True)
def quiet_network() -> Iterator[None]:
    """A machine whose network stays as it is."""
    with needing_the_network():
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say with a failure what the page showed and asked: a run elsewhere leaves nothing else to look at."""
    report = yield
    used = getattr(item, "funcargs", {})
    if report.when == "call" and report.failed and "page" in used and "faults" in used:
        from playwright.sync_api import Error  # noqa: PLC0415 - only where a browser is.

        try:
            shown = used["page"].inner_text("body", timeout=5000)
        except Error as error:
            shown = f"It could not be asked: {error}"
        report.sections.append(("the page", f"{used['page'].url}\n{shown}"))
        report.sections.append(("its requests", "\n".join(used["faults"].calls)))
    return report


@pytest.fixture
def faults() -> Faults:
    """What goes wrong in the pages of this test."""
    return Faults()


@pytest.fixture
def context(browser: Any, faults: Faults) -> Iterator[Any]:
    """A fresh profile in English; its pages must meet no fault."""
    profile = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    profile.set_default_timeout(45_000)
    profile.on("page", faults.watch)
    yield profile
    profile.close()
    assert faults.seen == []


@pytest.fixture
def page(context: Any) -> Any:
    """A tab of the fresh profile."""
    tab = context.new_page()
    # Choosers are caught only a while after somebody first listens for them: listen early.
    tab.on("filechooser", lambda _chooser: None)
    return tab


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[str]:
    """A page of somebody else, on an origin of its own."""
    (tmp_path / "index.html").write_text("<p>elsewhere")
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as site:
        thread = threading.Thread(target=site.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{site.server_port}"
        site.shutdown()
        thread.join()


_minutes = cycle(f"T19:{minute:02}" for minute in range(60))


def csv_file(folder: Path, rows: int, *, bad_every: int = 0, name: str = "events.csv") -> Path:
    """Write a file of `rows` rows, of which every `bad_every`th has two faults.

    Its events are its own: those of another file would be known already where tests share a server.
    """
    time = next(_minutes)
    lines = ["title,event_date,city,participants,location_name,capacity,venue_type"]
    for number in range(1, rows + 1):
        is_bad = bad_every and number % bad_every == 0
        date, capacity = ("soon", "-5") if is_bad else (f"2027-{number % 12 + 1:02}-10{time}", "300")
        city = ("Recife", "Olinda", "Caruaru", "Petrolina")[number % 4]
        lines.append(f"Event {number},{date},{city},Alice;Bob,Teatro {number % 7},{capacity},Teatro")
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
