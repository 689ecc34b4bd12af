"""Behind a documented proxy an upload is refused in the server's words, and a slow one is not ended early."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.end_to_end.conftest import StartServer
from tests.end_to_end.proxies.real import Documented, documented

HEAD = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
ROWS = b"title,event_date,city\r\nFrevo,2027-06-24T18:00:00,Recife\r\n"
END = b"\r\n--x--\r\n"
FORM = {"Content-Type": "multipart/form-data; boundary=x"}
# More than sockets and proxies hold between a client and a server that has stopped reading.
MANY_ROWS = ROWS + b"Baile,2027-06-25T18:00:00,Olinda\r\n" * 700_000
WITHIN_SECONDS = 60
# Whether a proxy reads an answer before its own writing fails is a race: a server that resets loses a tenth.
ATTEMPTS = 5
PROXIES: tuple[Documented, ...] = ("nginx", "haproxy", "caddy", "apache")


@pytest.fixture(params=PROXIES)
def proxy(request: pytest.FixtureRequest) -> Documented:
    return request.param  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"auth": "token"}, "unauthorized"),
        ({"auth": "open", "max_upload_bytes": "1000"}, "too-large"),
    ],
)
def test_the_refusal_of_a_large_upload_arrives(
    proxy: Documented, settings: dict[str, str], kind: str, start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server(trusted_proxies="127.0.0.1", **settings)
    with documented(proxy, tmp_path, server.port) as port:
        for _ in range(ATTEMPTS):
            answer = httpx.post(
                f"http://127.0.0.1:{port}/api/v1/uploads",
                content=HEAD + MANY_ROWS + END,
                headers=FORM,
                timeout=WITHIN_SECONDS,
            )
            assert answer.headers.get("Content-Type") == "application/problem+json", answer.status_code
            assert answer.json()["type"] == f"/problems/{kind}"


def test_an_upload_that_pauses_at_its_beginning_is_not_ended_by_the_proxy(
    proxy: Documented, start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server(auth="open", trusted_proxies="127.0.0.1", heartbeat_seconds="1")
    with documented(proxy, tmp_path, server.port) as port:
        url = f"http://127.0.0.1:{port}"
        with (
            socket.create_connection(("127.0.0.1", port), WITHIN_SECONDS) as upload,
            httpx.stream("GET", f"{url}/sse/upload/slow", timeout=WITHIN_SECONDS) as stream,
        ):
            # Apache reads what is there of a body before it passes the request on.
            length = len(HEAD + ROWS + END)
            upload.sendall(_head(port, length) + HEAD)
            messages = _messages(stream)
            silent = 0
            while silent < 3:
                silent += next(messages)["type"] == "heartbeat"
            upload.sendall(ROWS + END)
            answer = upload.recv(65536)
            assert answer.startswith((b"HTTP/1.1 201", b"HTTP/1.1 202")), answer
            said = next(message for message in messages if message["type"] == "finished")
    assert (said["status"], said["accepted"]) == ("completed", 1)


def _head(port: int, length: int) -> bytes:
    return (
        f"POST /api/v1/uploads?upload_id=slow HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Content-Type: {FORM['Content-Type']}\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


def _messages(stream: httpx.Response) -> Iterator[dict[str, object]]:
    for line in stream.iter_lines():
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))
