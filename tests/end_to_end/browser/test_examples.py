"""The recipes for pages, in a real browser, from another origin than the server's."""

import functools
import re
import subprocess
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import unavailable
from tests.end_to_end.server_process import ROOT, ServerProcess

EXAMPLES = ROOT / "examples"
CLIENT = ROOT / "api" / "static" / "client" / "fasttrack.js"
MODULES = ROOT / "tests" / "end_to_end" / "js" / "node_modules"

ENTRIES = {
    "react": f'import "{EXAMPLES}/react/App.jsx";',
    "vue": f"""
import {{createApp, h}} from "vue";
import {{useFeed}} from "{EXAMPLES}/vue/useFeed.js";
const base = new URLSearchParams(location.search).get("base");
createApp({{
  setup() {{
    const feed = useFeed(["eventos", "dashboard"], {{base}});
    return () => [
      h("p", {{id: "status"}}, feed.status?.state),
      h("p", {{id: "count"}}, feed.states.dashboard?.events),
      h("ul", feed.messages.map((message) => h("li", message.event?.title))),
    ];
  }},
}}).mount("#root");
""",
    "svelte": f"""
import {{feedStore}} from "{EXAMPLES}/svelte/feedStore.js";
const base = new URLSearchParams(location.search).get("base");
const root = document.getElementById("root");
const part = (tag, id, text) => Object.assign(document.createElement(tag), {{id, textContent: text ?? ""}});
const store = feedStore(["eventos", "dashboard"], {{base}});
store.subscribe(({{messages, states, status}}) => root.replaceChildren(
  part("p", "status", status?.state), part("p", "count", states.dashboard?.events),
  ...messages.map((message) => part("li", "", message.event?.title)),
));
""",
}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """Serve a folder, as any web site would; it gives the folder and its origin."""
    folder = tmp_path_factory.mktemp("pages")
    quiet = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(quiet, directory=str(folder))) as web:
        serving = threading.Thread(target=web.serve_forever)
        serving.start()
        yield folder, f"http://127.0.0.1:{web.server_port}"
        web.shutdown()
        serving.join()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, pages: tuple[Path, str]) -> Iterator[ServerProcess]:
    """A server that the origin of the pages may read."""
    started = ServerProcess(tmp_path_factory.mktemp("server"), allowed_origins=pages[1], auth="open")
    started.start()
    yield started
    started.stop()


def create(server: ServerProcess, title: str) -> None:
    event = {"title": title, "event_date": "2027-07-01T10:00:00", "city": "Recife"}
    httpx.post(f"{server.url}/api/v1/eventos", json=event, timeout=60).raise_for_status()


def build(folder: Path, name: str) -> None:
    """Bundle a page as a project's own tools would."""
    esbuild = MODULES / ".bin" / "esbuild"
    if not esbuild.exists():
        unavailable("esbuild (npm install in tests/end_to_end/js), to bundle the examples")
    (folder / f"{name}.entry.js").write_text(ENTRIES[name])
    options = ["--bundle", "--format=esm", "--jsx=automatic", f"--alias:fasttrack-client={CLIENT}"]
    defined = ["--define:process.env.NODE_ENV='\"production\"'", "--log-level=error"]
    bundled = f"--outfile={folder / name}.js"
    subprocess.run(
        [esbuild, f"{folder / name}.entry.js", *options, *defined, bundled],
        check=True,
        timeout=120,
        env={"NODE_PATH": str(MODULES), "PATH": "/usr/bin:/bin:/usr/local/bin"},
    )
    (folder / f"{name}.html").write_text(
        f'<!doctype html><div id="root"></div><script type="module" src="{name}.js"></script>'
    )


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_each_framework_example_shows_live_events(
    name: str, page: Any, server: ServerProcess, pages: tuple[Path, str]
) -> None:
    folder, origin = pages
    build(folder, name)
    page.goto(f"{origin}/{name}.html?base={server.url}")
    page.locator("#status", has_text="live").wait_for()
    create(server, f"made for {name}")
    page.locator("li", has_text=f"made for {name}").wait_for()
    page.locator("#count", has_text=re.compile("[1-9]")).wait_for()


def test_the_plain_html_example_shows_live_events(
    page: Any, server: ServerProcess, pages: tuple[Path, str]
) -> None:
    folder, origin = pages
    (folder / "plain.html").write_text((EXAMPLES / "page" / "index.html").read_text())
    page.goto(f"{origin}/plain.html?base={server.url}")
    page.locator("#count", has_not_text="…").wait_for()
    create(server, "made for a plain page")
    page.locator("li", has_text="made for a plain page, Recife").wait_for()
