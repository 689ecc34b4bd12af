"""Imports of a real server that is killed at any instant."""

import io
import json
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import httpx
import openpyxl
import psutil
import pytest

from tests.end_to_end.conftest import StartServer
from tests.end_to_end.deployments import Deployment
from tests.end_to_end.server_process import ServerProcess

HEADER = b"title,event_date,city\n"
UPLOAD = "/api/v1/uploads"


def file_of(rows):
    """Every hundredth row is bad."""
    lines = [
        b"row %d,%b,Recife\n" % (n, b"bad" if n % 100 == 0 else b"2025-07-01") for n in range(1, rows + 1)
    ]
    return HEADER + b"".join(lines)


def send(server: ServerProcess, content: bytes, *, offset: int | None = None, upload_id: str = "x") -> None:
    """Send a file, or the rest of one that was begun; the server may die meanwhile."""
    headers = {} if offset is None else {"Upload-Offset": str(offset)}
    with suppress(httpx.TransportError):
        httpx.post(
            f"{server.url}{UPLOAD}",
            params={"upload_id": upload_id},
            headers=headers,
            files={"file": ("a.csv", content[offset or 0 :])},
            timeout=60,
        )


def state(server: ServerProcess, upload_id: str = "x") -> dict:
    return httpx.get(f"{server.url}{UPLOAD}/{upload_id}", timeout=60).json()


def wait_for(server: ServerProcess, condition, upload_id: str = "x") -> dict:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        last = state(server, upload_id)
        if condition(last):
            return last
        time.sleep(0.02)
    raise AssertionError(f"it did not happen within 90 s; the last state was {last}")


def finish(server: ServerProcess, content: bytes) -> dict:
    """Bring an upload to its end as a client would who knows its id only."""
    for _ in range(20):
        found = httpx.head(f"{server.url}{UPLOAD}/x", timeout=60)
        if found.status_code == 404:
            send(server, content)
            found = httpx.head(f"{server.url}{UPLOAD}/x", timeout=60)
        last = wait_for(server, lambda upload: upload.get("status") not in {"receiving", "processing"})
        if last["status"] != "interrupted":
            return last
        send(server, content, offset=int(found.headers["Upload-Offset"]))
    raise AssertionError(f"the upload does not end: {last}")


def story(server: ServerProcess) -> list[dict]:
    """Return the whole feed of the import, read by long poll from its beginning."""
    messages, cursor = [], None
    while True:
        params = {"wait": 5} | ({"last_event_id": cursor} if cursor else {})
        answer = httpx.get(f"{server.url}/poll/upload/x", params=params, timeout=30)
        if answer.status_code == 204:
            return messages
        got = answer.json()
        messages += [message for message in got["messages"] if "id" in message and message["type"] != "hello"]
        cursor = got["cursor"]
        if any(message["type"] in {"finished", "bye"} for message in got["messages"]):
            return messages


def check(server: ServerProcess, rows: int, last: dict) -> None:
    bad = rows // 100
    assert (last["status"], last["accepted"], last["rejected"]) == ("completed", rows - bad, bad)
    events = httpx.get(f"{server.url}/api/v1/eventos/download", timeout=60).json()
    assert sorted(event["title"] for event in events) == sorted(
        f"row {n}" for n in range(1, rows + 1) if n % 100
    )
    told = story(server)
    by_row = [message["record"] for message in told if "record" in message]
    assert by_row[:1000] == list(range(1, 1001))
    assert by_row == sorted(set(by_row))
    assert by_row[-1] == rows
    assert [message["type"] for message in told].count("finished") == 1
    shares = [message["progresso"] for message in told if "progresso" in message]
    assert shares == sorted(shares)


def workbook_of(rows: int) -> bytes:
    """The same rows in a workbook."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Agenda")
    for line in file_of(rows).decode().splitlines():
        sheet.append(line.split(","))
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def json_of(rows: int) -> bytes:
    """The same rows as one array."""
    return json.dumps([members(line) for line in lines_of(rows)], indent=0).encode()


def calendar_of(rows: int) -> bytes:
    """The same rows as entries of a calendar."""
    entries = (
        f"BEGIN:VEVENT\r\nSUMMARY:{title}\r\nDTSTART:{date.replace('-', '')}\r\nX-FASTTRACK-CITY:{city}\r\n"
        "END:VEVENT\r\n"
        for title, date, city in lines_of(rows)
    )
    return f"BEGIN:VCALENDAR\r\n{''.join(entries)}END:VCALENDAR\r\n".encode()


def lines_of(rows: int) -> list[list[str]]:
    return [line.split(",") for line in file_of(rows).decode().splitlines()[1:]]


def members(line: list[str]) -> dict[str, str]:
    return dict(zip(HEADER.decode().strip().split(","), line, strict=True))


def import_under_kills(
    deployment: Deployment, delays: list[float], rows: int, content: bytes | None = None
) -> None:
    content = content or file_of(rows)
    server = deployment.writer
    for delay in delays:
        sending = threading.Thread(target=resume_or_send, args=(server, content))
        sending.start()
        time.sleep(delay)  # The instant of the kill: any will do.
        server.kill()
        sending.join(90)
        server.start()
    check(deployment.reader, rows, finish(deployment.reader, content))


def resume_or_send(server: ServerProcess, content: bytes) -> None:
    with suppress(httpx.TransportError):
        found = httpx.head(f"{server.url}{UPLOAD}/x", timeout=60)
        if found.status_code == 404:
            send(server, content)
        elif state(server)["status"] in {"receiving", "interrupted"}:
            send(server, content, offset=int(found.headers["Upload-Offset"]))


def test_an_import_killed_three_times_has_every_row_once(deployment: Deployment) -> None:
    draw = random.Random(17)
    import_under_kills(deployment, [draw.uniform(0.02, 1) for _ in range(3)], rows=60_000)


def test_a_workbook_killed_while_it_is_unpacked_and_parsed_has_every_row_once(
    start_server: StartServer,
) -> None:
    alone = Deployment([start_server()])
    import_under_kills(alone, [0.4, 0.8, 1.2], rows=20_000, content=workbook_of(20_000))


@pytest.mark.parametrize("content_of", [json_of, calendar_of])
def test_a_json_file_killed_three_times_has_every_row_once(
    start_server: StartServer, content_of: Callable[[int], bytes]
) -> None:
    alone = Deployment([start_server()])
    import_under_kills(alone, [0.3, 0.5, 0.7], rows=20_000, content=content_of(20_000))


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(50))
def test_an_import_killed_at_any_instant_has_every_row_once(start_server: StartServer, seed: int) -> None:
    draw = random.Random(seed)
    import_under_kills(Deployment([start_server()]), [draw.uniform(0, 1.2) for _ in range(3)], rows=60_000)


def reading_processes(server: ServerProcess) -> list[psutil.Process]:
    children = psutil.Process(server.pid).children(recursive=True)
    return [child for child in children if _reads(child)]


def _reads(process: psutil.Process) -> bool:
    try:
        return "api.parsing" in process.cmdline()
    except psutil.Error:  # It has just ended.
        return False


def test_an_import_continues_with_another_parser_after_one_is_killed(start_server: StartServer) -> None:
    # Without one that stands by: it would come 5 s after the start, in the middle of a slow machine's import.
    server, rows = start_server(standby_readers="0"), 20_000
    head, *lines = file_of(rows).splitlines()
    wide = b"\n".join([head + b",description", *(line + b"," + b"x" * 500 for line in lines)])
    sending = threading.Thread(target=send, args=(server, wide))
    sending.start()
    wait_for(server, lambda upload: upload.get("rows", 0) > 1000)
    [reading] = reading_processes(server)
    reading.kill()
    sending.join(90)
    check(server, rows, finish(server, wide))
    assert reading.pid not in [child.pid for child in reading_processes(server)]
    assert "that read the file has ended or hangs" in server.log
