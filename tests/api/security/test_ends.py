"""Every way in which the server ends a stream, told in band on each transport."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import httpx
import msgspec
import pytest
from click.testing import CliRunner

from api.__main__ import main
from api.services import open_bodies, session_revocation
from api.services.notifications import notification
from api.services.people import People
from tests.api.security.reading import Message, sse, ws
from tests.serving import Served, serving

pytestmark = pytest.mark.anyio
MAY_TAKE_SECONDS = 5.0
"""Until who is disabled has no stream. Source: contract, auth."""


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(tmp_path, auth="token") as running:
        yield running


def people_of(served: Served) -> People:
    found = served.app.state.services.people
    assert isinstance(found, People)
    return found


async def bearer(served: Served, name: str = "ana") -> dict[str, str]:
    return {"Authorization": f"Bearer {await people_of(served).add(name, 'viewer', actor='test')}"}


def reason(messages: list[Message]) -> str:
    assert messages[-1]["type"] == "bye"
    assert messages[-1]["retry_ms"] > 0
    found = messages[-1]["reason"]
    assert isinstance(found, str)
    return found


def test_who_is_disabled_meets_a_look_and_a_slow_store_within_the_promised_time() -> None:
    assert session_revocation.LOOK_SECONDS * 2 < MAY_TAKE_SECONDS
    assert open_bodies.LONG_SECONDS * 2 < MAY_TAKE_SECONDS


async def test_a_user_who_is_disabled_by_a_command_loses_open_streams(served: Served, tmp_path: Path) -> None:
    ana, bia = await bearer(served), await bearer(served, "bia")
    async with (
        sse(served, "eventos", **ana) as by_sse,
        ws(served, "eventos", **ana) as by_ws,
        sse(served, "eventos", **bia) as other,
    ):
        for reader in (by_sse, by_ws, other):
            hello = await reader.next()
            assert hello is not None
            assert hello["type"] == "hello"
        done = await anyio.to_thread.run_sync(_disable, "ana", tmp_path)
        assert done == 0
        with anyio.fail_after(60):
            assert reason(await by_sse.rest()) == "expired"
            assert reason(await by_ws.rest()) == "expired"
        assert by_ws.code == 4401
        with anyio.move_on_after(0.2):
            assert await other.next() is None, "someone else's stream has ended, too"
    async with sse(served, "eventos", **ana) as again:
        assert again.status == 401


def _disable(name: str, folder: Path) -> int:
    return CliRunner().invoke(main, ["user", "disable", name, "--data-dir", str(folder)]).exit_code


async def test_a_poll_of_a_user_disabled_meanwhile_gets_401(served: Served) -> None:
    ana = await bearer(served)
    async with served.client(headers=ana) as client:
        cursor = (await client.get("/poll/eventos")).json()["cursor"]
        async with anyio.create_task_group() as tasks:
            answers: list[httpx.Response] = []

            async def wait() -> None:
                answers.append(await client.get(f"/poll/eventos?wait=30&last_event_id={cursor}"))

            tasks.start_soon(wait)
            await _open_streams(served, 1)
            await people_of(served).set_disabled("ana", disabled=True, actor="test")
            with anyio.fail_after(60):
                while not answers:  # noqa: ASYNC110 - the answer crosses a socket.
                    await anyio.sleep(0.02)
    assert answers[0].status_code == 401


async def _open_streams(served: Served, count: int) -> None:
    with anyio.fail_after(60):
        while len(served.app.state.services.hub.registry.open) < count:  # noqa: ASYNC110 - a registry sets no event.
            await anyio.sleep(0.01)


async def test_signing_out_ends_the_streams_of_the_session(served: Served) -> None:
    token = (await bearer(served))["Authorization"].removeprefix("Bearer ")
    async with served.client() as browser:
        await browser.post("/api/v1/session", json={"token": token})
        cookie = {"Cookie": f"ft_session={browser.cookies['ft_session']}"}
        async with ws(served, "eventos", **cookie) as reader:
            assert (await reader.next() or {})["type"] == "hello"
            await browser.delete("/api/v1/session")
            with anyio.fail_after(60):
                assert reason(await reader.rest()) == "expired"
            assert reader.code == 4401


async def test_one_stream_too_many_ends_the_oldest_of_that_person_with_a_bye(tmp_path: Path) -> None:
    async with serving(tmp_path, auth="token", streams_per_person=1) as served:
        ana, bia = await bearer(served), await bearer(served, "bia")
        async with sse(served, "eventos", **bia) as other, sse(served, "eventos", **ana) as first:
            for reader in (other, first):
                assert (await reader.next() or {})["type"] == "hello"
            async with ws(served, "eventos", **ana) as second:
                assert (await second.next() or {})["type"] == "hello"
                (bye,) = await first.rest()
                assert (bye["type"], bye["reason"]) == ("bye", "limit")
                assert 5000 <= first.retries[-1] <= 15000
                async with sse(served, "eventos", **ana) as third:
                    assert (await third.next() or {})["type"] == "hello"
                    assert [message["type"] for message in await second.rest()] == ["bye"]
                    assert second.code == 4429
            with anyio.move_on_after(0.2):
                assert await other.next() is None, "someone else's stream has ended, too"


async def test_a_stopping_server_fails_readiness_then_ends_every_stream(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        turned: list[bool] = []
        drain = served.app.state.services.hub.registry.drain

        def watched() -> None:
            turned.append(served.app.state.services.readiness.is_draining)
            drain()

        served.app.state.services.hub.registry.drain = watched
        async with sse(served, "eventos") as by_sse, ws(served, "eventos") as by_ws:
            for reader in (by_sse, by_ws):
                assert (await reader.next() or {})["type"] == "hello"
            served.server.should_exit = True
            with anyio.fail_after(60):
                told = await by_sse.rest()
                assert reason(told) == "drain"
                assert 1000 <= by_sse.retries[-1] <= 5000
                assert reason(await by_ws.rest()) == "drain"
            assert by_ws.code == 1012
        assert turned[0] is True


async def test_a_finished_import_ends_its_stream_and_a_reconnect_gets_204(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, served.client() as client:
        header = b"title,description,event_date,city,participants,local_info\n"
        rows = header + b"Festa,,2027-01-01T10:00:00,Recife,,\n"
        sent = await client.post("/api/v1/uploads?upload_id=x", files={"file": ("a.csv", rows)})
        assert sent.status_code == 202, sent.text
        async with sse(served, "upload/x") as by_sse, ws(served, "upload/x") as by_ws:
            with anyio.fail_after(60):
                told = await by_sse.rest()
                assert reason(told) == "finished"
                assert reason(await by_ws.rest()) == "finished"
            assert by_ws.code == 1000
        last = next(message["id"] for message in reversed(told) if "id" in message)
        again = await client.get("/sse/upload/x", headers={"Last-Event-ID": last})
        assert again.status_code == 204


async def test_a_client_that_reads_nothing_is_ended_as_slow(tmp_path: Path) -> None:
    async with serving(tmp_path, heartbeat_seconds=1) as served:
        hub = served.app.state.services.hub
        hub.options = msgspec.structs.replace(hub.options, slow_seconds=0.3)
        async with ws(served, "admin") as lazy:
            assert (await lazy.next() or {})["type"] == "hello"
            with anyio.fail_after(40):
                while hub.registry.open:
                    await _publish_a_megabyte(served)
                # What the kernel had taken comes first, and then the reason.
                assert reason(await lazy.rest()) == "slow"
            assert lazy.code == 4408


async def _publish_a_megabyte(served: Served) -> None:
    message = "x" * 100_000
    async with served.app.state.services.store.transaction() as unit:
        drafts = [notification("test", "", message, actor="test", at_ms=0) for _ in range(10)]
        await unit.messages.append(drafts)


async def test_reconnects_of_500_clients_are_spread_over_time(tmp_path: Path) -> None:
    told: list[bytes] = []
    async with serving(tmp_path) as served:

        async def read_to_the_end() -> None:
            host, port = served.address.split(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(f"GET /sse/eventos HTTP/1.1\r\nHost: {served.address}\r\n\r\n".encode())
            told.append(await reader.read(-1))
            writer.close()
            await writer.wait_closed()

        with anyio.fail_after(60):
            async with anyio.create_task_group() as tasks:
                for _ in range(500):
                    tasks.start_soon(read_to_the_end)
                await _open_streams(served, 500)
                served.server.should_exit = True
    retries = [[int(ms) for ms in re.findall(rb"retry: ?(\d+)", text)] for text in told]
    assert_spread([of_client[0] for of_client in retries], 1000, 3000)
    assert_spread([of_client[-1] for of_client in retries], 1000, 5000)


def assert_spread(retries_ms: list[int], low: int, high: int) -> None:
    """Hold 500 pauses to an even spread: 50 in each tenth, give or take six standard deviations."""
    assert len(retries_ms) == 500
    assert low <= min(retries_ms)
    assert max(retries_ms) <= high
    tenths = Counter((pause - low) * 10 // (high - low + 1) for pause in retries_ms)
    assert all(10 < tenths[tenth] < 91 for tenth in range(10))
