"""The configurations of docs/proxies.md, as they stand there: all of the feed comes through them."""

from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.browser.acts import COLLECT, await_state, drop, figures, open_page, read_of
from tests.end_to_end.browser.slow_upload import SlowUpload
from tests.end_to_end.proxies.real import Documented, documented, under_a_path

# What the page says after a moment over a WebSocket: which type of message came first, and after a ping.
PING = """
() => new Promise((resolve, reject) => {
  const socket = new WebSocket(`ws://${location.host}/ws/presenca`);
  const types = [];
  socket.onclose = () => reject(new Error(`closed after ${types}`));
  socket.onmessage = ({data}) => {
    types.push(JSON.parse(data).type);
    if (types.length === 1) socket.send('{"type":"ping"}');
    if (types.includes("pong")) resolve(types[0]);
  };
})
"""


@pytest.mark.parametrize("proxy", ["nginx", "haproxy", "caddy", "apache"])
def test_the_documented_proxy_configuration_passes_the_feed(
    proxy: Documented, page: Any, start_server: Any, tmp_path: Path
) -> None:
    server = start_server(trusted_proxies="127.0.0.1", auth="open")
    with documented(proxy, tmp_path, server.port) as port:
        url = f"http://127.0.0.1:{port}"
        server.url, direct = url, server.url
        open_page(page, server)
        page.wait_for_selector("#transport[data-state=live][data-using=sse]")
        page.evaluate(COLLECT, "upload/passed")
        assert page.evaluate(PING) == "hello"
        with SlowUpload(url, "passed") as upload:
            # Rows are seen while the rest of the file has not even left: nothing holds the body back,
            # though Apache passes on some KiB at a time.
            upload.send(400)
            page.wait_for_function("() => seen.some(({record}) => record > 200)")
            upload.send(400)
            upload.finish()
        page.wait_for_function("() => seen.some(({type}) => type === 'finished')")
        assert read_of(page, "passed") == (list(range(1, 801)), 1)
        page.click("[data-upload-item=passed] button")
        await_state(page, "partly")
        assert figures(page) == ["800", "700", "100"]
        page.close()
        server.url = direct


def test_the_page_works_under_the_path_of_another_site(page: Any, start_server: Any, tmp_path: Path) -> None:
    server = start_server(trusted_proxies="127.0.0.1", auth="open", root_path="/fasttrack")
    file = tmp_path / "agenda.csv"
    file.write_text("title,event_date,city\nFrevo,2027-03-01,Recife\nManguebeat,2027-03-02,Olinda\n")
    with under_a_path(tmp_path, server.port) as port:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"http://127.0.0.1:{port}/fasttrack/#import")
        page.wait_for_selector("html[data-ready]")
        page.wait_for_selector("#transport[data-state=live][data-using=sse]")
        drop(page, file)
        await_state(page)
        assert figures(page) == ["2", "2", "0"]
        page.goto(f"http://127.0.0.1:{port}/fasttrack/#events")
        page.wait_for_selector(".item-title:has-text('Manguebeat')")
        page.close()
    assert [
        url for url in asked if not url.startswith((f"http://127.0.0.1:{port}/fasttrack/", "blob:", "data:"))
    ] == []
