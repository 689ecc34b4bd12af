"""Work of one server, stopped through another, gone on with on another, taken up from a killed one."""

import signal
from functools import partial
from typing import Any

import anyio
import anyio.to_thread
import httpx
import psutil
import pytest

from api.client.feed_client import FeedClient
from tests.contracts.conftest import postgres, store_url
from tests.end_to_end.conftest import StartServer
from tests.end_to_end.server_process import ServerProcess
from tests.end_to_end.slow_body import BLANK_LINES, FORM, HEAD, SlowBody

__all__ = ["postgres", "store_url"]

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("store_url", ["postgresql"], indirect=True),
]

TAKEN_UP_WITHIN_SECONDS = 15
BUSY_SECONDS = 15
"""What a machine that is busy with other tests may take on top."""
HEADER = b"title,event_date,city\n"


def rows(first: int, last: int) -> bytes:
    return b"".join(b"E%d,2025-07-01,Recife\n" % n for n in range(first, last + 1))


@pytest.fixture
async def pair(start_server: StartServer, store_url: str) -> tuple[ServerProcess, ServerProcess]:
    """Two servers over one database."""
    start = partial(start_server, database_url=store_url)
    return await anyio.to_thread.run_sync(start), await anyio.to_thread.run_sync(start)


def client(server: ServerProcess) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"{server.url}/api/v1", timeout=60)


async def whole_feed(server: ServerProcess, feed: str) -> list[Any]:
    """Read a feed to its end."""
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
        return [m async for m in FeedClient(http, [feed], on_status=lambda _: None).messages()]


def check_told(seen: list[Any], status: str, count: int) -> None:
    assert [message["type"] for message in seen].count("finished") == 1
    assert (seen[-1]["status"], seen[-1]["accepted"]) == (status, count)
    assert [m["record"] for m in seen if m["type"] == "progress"] == list(range(1, count + 1))


async def until_rows(server: ServerProcess, upload_id: str, count: int) -> None:
    async with client(server) as http:
        while (await http.get(f"/uploads/{upload_id}")).json().get("rows", 0) < count:  # noqa: ASYNC110
            await anyio.sleep(0.05)


async def test_an_import_is_cancelled_through_another_server(
    pair: tuple[ServerProcess, ServerProcess],
) -> None:
    first, second = pair
    body = SlowBody(HEADER + BLANK_LINES + rows(1, 50), rows(51, 60))
    answers: list[httpx.Response] = []

    async def send() -> None:
        async with client(first) as http:
            answers.append(await http.post("/uploads?upload_id=x", headers=FORM, content=body))

    with anyio.fail_after(60):
        async with anyio.create_task_group() as group, client(second) as http:
            group.start_soon(send)
            await until_rows(second, "x", 50)
            cancelled = await http.post("/uploads/x/cancel")
            body.go_on.set()
            again = await http.post("/uploads/x/cancel")
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    assert again.status_code == 409
    assert answers[0].status_code == 409
    check_told(await whole_feed(second, "upload/x"), "cancelled", 50)
    # What is in can be taken out again, by any server, once.
    async with client(first) as http:
        assert (await http.post("/uploads/x/undo")).status_code == 200
        assert (await http.get("/eventos")).json()["total"] == 0
    async with client(second) as http:
        assert (await http.post("/uploads/x/undo")).status_code == 409


async def test_an_import_is_undone_once_whichever_server_is_asked(
    pair: tuple[ServerProcess, ServerProcess],
) -> None:
    first, second = pair
    file = {"file": ("a.csv", HEADER + rows(1, 20))}
    async with client(first) as a, client(second) as b:
        sent = await a.post("/uploads?upload_id=x", files=file, headers={"Prefer": "wait=30"})
        assert sent.status_code == 201
        answers: list[httpx.Response] = []

        async def undo(http: httpx.AsyncClient) -> None:
            answers.append(await http.post("/uploads/x/undo"))

        async with anyio.create_task_group() as group:
            for http in (a, b, a, b):
                group.start_soon(undo, http)
        told = [answer.text for answer in answers]
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409], told
        assert (await b.get("/eventos")).json()["total"] == 0


async def test_an_interrupted_import_resumes_at_another_server(
    pair: tuple[ServerProcess, ServerProcess],
) -> None:
    first, second = pair
    file = HEADER + BLANK_LINES + rows(1, 40)
    cut = len(BLANK_LINES) + 300
    with anyio.fail_after(60):
        async with client(first) as http:
            # Without the boundary behind the file: the body broke off.
            broken = await http.post("/uploads?upload_id=x", headers=FORM, content=HEAD + file[:cut])
            assert broken.status_code in {400, 408}, broken.text
        async with client(second) as http:
            while (found := (await http.get("/uploads/x")).json())["status"] != "interrupted":  # noqa: ASYNC110
                await anyio.sleep(0.05)
            assert found["rows"] > 0
            had = int((await http.head("/uploads/x")).headers["Upload-Offset"])
            headers = {"Upload-Offset": str(had), "Prefer": "wait=30"}
            part = {"file": ("a.csv", file[had:])}
            ended = await http.post("/uploads?upload_id=x", headers=headers, files=part)
    assert (ended.status_code, ended.json()["status"]) == (201, "completed"), ended.text
    check_told(await whole_feed(first, "upload/x"), "completed", 40)


async def test_a_tus_upload_may_send_each_part_to_another_server(
    pair: tuple[ServerProcess, ServerProcess],
) -> None:
    first, second = pair
    file = HEADER + rows(1, 60)
    tus = {"Tus-Resumable": "1.0.0"}
    with anyio.fail_after(90):
        async with client(first) as http:
            made = await http.post("/uploads/tus", headers={**tus, "Upload-Length": str(len(file))})
            assert made.status_code == 201, made.text
        path = made.headers["Location"]
        for number, start in enumerate(range(0, len(file), 400)):
            async with httpx.AsyncClient(base_url=pair[(number + 1) % 2].url, timeout=60) as http:
                headers = {"Upload-Offset": str(start), "Content-Type": "application/offset+octet-stream"}
                sent = await http.patch(path, headers={**tus, **headers}, content=file[start : start + 400])
            assert sent.status_code == 204, sent.text
        upload_id = path.rpartition("/")[2]
        check_told(await whole_feed(second, f"upload/{upload_id}"), "completed", 60)
    told = await whole_feed(first, f"upload/{upload_id}")
    assert not any("broke off" in m["message"] for m in told if m["type"] == "log"), told


async def test_a_body_cut_off_by_a_kill_resumes_at_another_server(
    pair: tuple[ServerProcess, ServerProcess],
) -> None:
    first, second = pair
    file = HEADER + BLANK_LINES + rows(1, 40)
    body = SlowBody(file[: len(BLANK_LINES) + 300], b"")

    async def send() -> None:
        async with client(first) as http:
            with pytest.raises(httpx.TransportError):
                await http.post("/uploads?upload_id=x", headers=FORM, content=body)

    with anyio.fail_after(TAKEN_UP_WITHIN_SECONDS + 60):
        async with anyio.create_task_group() as group:
            group.start_soon(send)
            await until_rows(second, "x", 5)
            await anyio.to_thread.run_sync(first.kill)
            body.go_on.set()
        async with client(second) as http:
            had = int((await http.head("/uploads/x")).headers["Upload-Offset"])
            headers = {"Upload-Offset": str(had), "Prefer": "wait=30"}
            with anyio.fail_after(TAKEN_UP_WITHIN_SECONDS + BUSY_SECONDS):
                ended = await http.post(
                    "/uploads?upload_id=x", headers=headers, files={"file": ("a.csv", file[had:])}
                )
    assert (ended.status_code, ended.json()["status"]) == (201, "completed"), ended.text
    check_told(await whole_feed(second, "upload/x"), "completed", 40)


async def filled(server: ServerProcess) -> None:
    """Store enough events for an analysis to last longer than a signal takes."""
    async with client(server) as http:
        headers = {"Prefer": "wait=30"}
        sent = await http.post(
            "/uploads", headers=headers, files={"file": ("a.csv", HEADER + rows(1, 20_000))}
        )
    assert sent.json()["status"] == "completed", sent.text


async def start_analysis(server: ServerProcess) -> str:
    async with client(server) as http:
        started = await http.post("/eventos/analise")
    assert started.status_code == 202
    return started.headers["Location"].rpartition("/")[2]


async def test_a_task_of_a_killed_server_is_taken_over_by_another(
    pair: tuple[ServerProcess, ServerProcess],
) -> None:
    first, second = pair
    await filled(second)
    task_id = await start_analysis(first)
    await anyio.to_thread.run_sync(first.kill)
    with anyio.fail_after(TAKEN_UP_WITHIN_SECONDS + BUSY_SECONDS):
        seen = await whole_feed(second, f"tarefas/{task_id}")
    assert [message["type"] for message in seen].count("finished") == 1
    assert seen[-1]["status"] == "completed"
    async with client(second) as http:
        found = (await http.get(f"/tarefas/{task_id}")).json()
    assert (found["status"], found["result"]["events"]) == ("completed", 20_000)


async def test_a_task_is_cancelled_through_another_server(pair: tuple[ServerProcess, ServerProcess]) -> None:
    first, second = pair
    await filled(second)
    # Stopped, the first cannot be done before it is asked; its lease lasts for much longer than this.
    # Where this process got its turn too late to stop it before its end, there is another task.
    while True:
        task_id = await start_analysis(first)
        psutil.Process(first.pid).send_signal(signal.SIGSTOP)
        try:
            async with client(second) as http:
                answer = await http.post(f"/tarefas/{task_id}/cancel")
        finally:
            psutil.Process(first.pid).send_signal(signal.SIGCONT)
        if answer.status_code != 409:
            break
    assert answer.status_code == 202, answer.text
    with anyio.fail_after(30):
        seen = await whole_feed(second, f"tarefas/{task_id}")
    assert [m["status"] for m in seen if m["type"] == "finished"] == ["cancelled"]


async def test_a_server_that_was_suspended_disturbs_nothing_when_it_wakes(
    pair: tuple[ServerProcess, ServerProcess],
) -> None:
    first, second = pair
    count = 20_000
    async with client(first) as http:
        sent = await http.post("/uploads?upload_id=x", files={"file": ("a.csv", HEADER + rows(1, count))})
    assert sent.status_code == 202
    psutil.Process(first.pid).send_signal(signal.SIGSTOP)
    try:
        with anyio.fail_after(TAKEN_UP_WITHIN_SECONDS + 60):
            seen = await whole_feed(second, "upload/x")
    finally:
        psutil.Process(first.pid).send_signal(signal.SIGCONT)
    async with client(first) as http:
        # What it remembers is old until it looks.
        with anyio.fail_after(BUSY_SECONDS):
            while (await http.get("/uploads/x")).json()["status"] != "completed":  # noqa: ASYNC110
                await anyio.sleep(0.1)
        assert (await http.get("/eventos?limit=1")).json()["total"] == count
    assert [m["type"] for m in await whole_feed(first, "upload/x")].count("finished") == 1
    told = [m["record"] for m in seen if m["type"] == "progress"]
    assert (told[:1000], told) == (list(range(1, 1001)), sorted(set(told)))
