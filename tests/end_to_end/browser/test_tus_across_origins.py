"""tus-js-client in a page of another origin: a token, a network that cuts, and every header that it needs."""

import re
import shutil
from pathlib import Path
from typing import Any

import httpx

from tests.conftest import unavailable
from tests.end_to_end.proxies.cutting import cutting_proxy

TUS = Path(__file__).parents[1] / "js" / "node_modules" / "tus-js-client" / "dist" / "tus.min.js"
ROWS = 4_000
"""Of 2 KB each."""
CUT_AFTER_BYTES = 1_500_000

# Uploads as tus-js-client's documentation shows, and notes which headers the page could read of which answer.
UPLOAD = """
async ([endpoint, token, rows]) => {
  const row = (n) => `row ${n},${String(n).padStart(2000)},2025-07-01,Recife\\n`;
  const lines = Array.from({length: rows}, (_, n) => row(n + 1));
  const file = new File(["title,description,event_date,city\\n", ...lines], "agenda.csv");
  const seen = {};
  const resumed = [];
  const url = await new Promise((resolve, reject) => {
    const upload = new tus.Upload(file, {
      endpoint,
      headers: {Authorization: `Bearer ${token}`},
      metadata: {filename: file.name, upload_id: "across"},
      // A browser thinks that it is offline while another test takes a network away, for some seconds.
      retryDelays: Array.from({length: 600}, () => 50),
      onShouldRetry: () => true,
      onAfterResponse(request, response) {
        const answer = response.getUnderlyingObject();
        const names = answer.getAllResponseHeaders().split("\\r\\n").map((line) => line.split(":")[0]);
        seen[request.getMethod()] = names.filter(Boolean).sort();
        if (request.getMethod() === "HEAD") resumed.push(Number(response.getHeader("Upload-Offset")));
      },
      onError: reject,
      onSuccess: () => resolve(upload.url),
    });
    upload.start();
  });
  return {url, seen, resumed, size: file.size};
}
"""

# What a page can read of any answer, asked as a page does.
READABLE = """
async ([method, url, token]) => {
  const headers = {Authorization: `Bearer ${token}`, "Tus-Resumable": "1.0.0"};
  const answer = await fetch(url, {method, headers});
  return [...answer.headers.keys()];
}
"""

# Of no answer a page may read these: they are between server and browser.
HIDDEN = re.compile(
    r"access-control-.*|connection|date|vary|x-frame-options|x-content-type-options|referrer-policy"
    r"|content-security-policy|cross-origin-opener-policy|permissions-policy|server|set-cookie"
)


def test_tus_js_client_uploads_from_a_page_of_another_origin_over_a_network_that_cuts(
    page: Any, start_server: Any, elsewhere: str, tmp_path: Path
) -> None:
    if not TUS.exists():
        unavailable("tus-js-client (npm install in tests/end_to_end/js)")
    shutil.copy(TUS, tmp_path / "tus.js")
    server = start_server(auth="token", allowed_origins=elsewhere)
    found = re.search(r"ft_[\w-]+", server.log)
    assert found is not None
    token = found[0]
    page.goto(elsewhere)
    page.add_script_tag(url=f"{elsewhere}/tus.js")
    with cutting_proxy(server.port, after_bytes=CUT_AFTER_BYTES) as proxy:
        endpoint = f"http://127.0.0.1:{proxy.port}/api/v1/uploads/tus"
        told = page.evaluate(UPLOAD, [endpoint, token, ROWS])
        assert proxy.cuts >= 2
    # It went on from where it was: what had arrived was not sent again.
    assert told["resumed"]
    assert told["resumed"] == sorted(told["resumed"])
    # A cut may also fall before anything was read, or on the answer to the last bytes.
    assert any(0 < offset < told["size"] for offset in told["resumed"])
    assert told["resumed"][-1] <= told["size"]
    assert {"location", "tus-resumable"} <= {*told["seen"]["POST"]}
    assert {"upload-offset", "tus-resumable"} <= {*told["seen"]["PATCH"]}
    upload = f"{server.url}/api/v1/uploads/tus/across"
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=60) as client:
        for method, url in (("HEAD", upload), ("OPTIONS", f"{server.url}/api/v1/uploads/tus")):
            asked = {"Origin": elsewhere, "Tus-Resumable": "1.0.0"}
            sent = {name.lower() for name in client.request(method, url, headers=asked).headers}
            readable = {*page.evaluate(READABLE, [method, url, token])}
            assert {name for name in sent - readable if not HIDDEN.fullmatch(name)} == set()
            assert "tus-resumable" in readable
        state = client.get(f"{server.url}/api/v1/uploads/across").json()
        assert (state["bytes"], state["filename"]) == (told["size"], "agenda.csv")
        ended = finished(client, f"{server.url}/poll/upload/across")
    assert (ended["status"], ended["accepted"], ended["rejected"]) == ("completed", ROWS, 0)


def finished(client: httpx.Client, feed: str) -> dict[str, Any]:
    """Read a feed to its end, and return its last word."""
    cursor: dict[str, str] = {}
    while True:
        answer = client.get(feed, params=cursor).raise_for_status().json()
        for message in answer["messages"]:
            if message["type"] == "finished":
                found: dict[str, Any] = message
                return found
        cursor = {"last_event_id": answer["cursor"]}
