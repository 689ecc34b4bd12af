"""Photograph the web page: `make screenshots` writes docs/images."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.end_to_end.browser.conftest import FLAGS, csv_file
from tests.end_to_end.server_process import ServerProcess

IMAGES = Path("docs/images")
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 860}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 860}},
    "phone": {"color_scheme": "light", "viewport": {"width": 360, "height": 740}},
}


def photograph(browser: Any, server: ServerProcess, folder: Path, name: str, look: dict[str, Any]) -> None:
    """Write one look of the page: where a file is dropped, an import with errors, the dashboard."""
    profile = browser.new_context(locale="en-GB", reduced_motion="reduce", **look)
    page = profile.new_page()
    page.goto(server.url)
    page.wait_for_selector("#transport[data-state=live]")
    page.screenshot(path=IMAGES / f"{name}.png")
    page.set_input_files("input[type=file]", csv_file(folder, 1200, bad_every=9))
    page.wait_for_selector("[data-upload] .chip[data-state=completed]")
    page.wait_for_selector(".rejects-row")
    page.screenshot(path=IMAGES / f"{name}-import.png", full_page=True)
    page.click("[data-view=dashboard]")
    page.wait_for_selector("[data-people] .person")
    page.wait_for_selector("#view-dashboard .amount")
    page.screenshot(path=IMAGES / f"{name}-dashboard.png", full_page=True)
    profile.close()


def main() -> None:
    """Take every picture against a server of its own."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = ServerProcess(Path(folder))
        server.start()
        try:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
            for name, look in LOOKS.items():
                photograph(browser, server, Path(folder), name, look)
            browser.close()
        finally:
            server.stop()


if __name__ == "__main__":
    main()
