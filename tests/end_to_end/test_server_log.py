"""What a server process writes to its log from its start to its end, for machines to read."""

import json
import os
import signal

import httpx

from tests.end_to_end.conftest import StartServer


def test_every_log_line_is_json_from_start_to_stop(start_server: StartServer) -> None:
    server = start_server(log_format="json")
    pid = server.pid
    answer = httpx.head(f"{server.url}/api/v1/eventos/7", headers={"X-Request-ID": "mine"}, timeout=60)
    assert answer.status_code == 404
    with httpx.stream("GET", f"{server.url}/sse/eventos", timeout=60) as stream:
        next(stream.iter_lines())
    assert server.stop() == 0
    lines = [json.loads(line) for line in server.log.splitlines()]
    said = [line["message"] for line in lines if line["logger"] == "fasttrack.server"]
    assert said[0].startswith("access is open to this machine")
    assert said[1].startswith("serving version ")
    assert f" on {server.url} as process {pid}" in said[1]
    assert said[2:] == ["stopping", "stopped"]
    (asked,) = [line for line in lines if line.get("request_id") == "mine"]
    assert asked.pop("at")
    assert asked.pop("ms") >= 0
    assert asked == {
        "level": "info",
        "logger": "fasttrack.access",
        "message": "HEAD /api/v1/eventos/7 404",
        "method": "HEAD",
        "path": "/api/v1/eventos/7",
        "route": "/api/v1/eventos/{event_id}",
        "status": 404,
        "bytes": 0,
        "client": "127.0.0.1",
        "user": asked["user"],
        "request_id": "mine",
    }
    (stream_line,) = [line for line in lines if line.get("path") == "/sse/eventos"]
    assert (stream_line["route"], stream_line["status"], stream_line["bytes"]) == ("/sse/{feed}", 200, None)


def test_a_closed_terminal_ends_the_streams_and_then_the_server(start_server: StartServer) -> None:
    server = start_server()
    with httpx.stream("GET", f"{server.url}/sse/eventos", timeout=30) as stream:
        lines = stream.iter_lines()
        next(lines)
        # Once from the shell, and once from the terminal itself.
        os.kill(server.pid, signal.SIGHUP)
        assert server.hang_up() == 0
        assert any('"bye"' in line and '"drain"' in line for line in lines)
    assert "stopped" in server.log


def test_a_log_line_names_the_user_and_no_secret(start_server: StartServer) -> None:
    server = start_server(log_format="json", auth="token")
    token = next(line.rpartition(" ")[2] for line in server.log.splitlines() if "First start" in line)
    bearer = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{server.url}/api/v1/eventos", headers=bearer, timeout=60).status_code == 200
    assert httpx.get(f"{server.url}/api/v1/eventos", timeout=60).status_code == 401
    server.stop()
    lines = [json.loads(line) for line in server.log.splitlines() if line.startswith("{")]
    users = [line["user"] for line in lines if line.get("path") == "/api/v1/eventos"]
    assert users == ["admin", None]
    assert token not in server.log.replace(f"token {token}", "")
