"""A request that is sent again with its `Idempotency-Key` is carried out once."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from api.storage.idempotency_keys import SqlKeys
from api.storage.postgres.address import driver_url
from tests.contracts.conftest import postgres, store_url
from tests.serving import serving as serving_in

__all__ = ["postgres", "store_url"]

pytestmark = pytest.mark.anyio

EVENTS = "/api/v1/eventos"
BATCH = f"{EVENTS}/lote"
FESTA = {"title": "Festa", "event_date": "2026-06-24T18:00:00", "city": "Recife"}
KEY = {"Idempotency-Key": "k-1"}


@pytest.fixture
async def client(store_url: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with serving_in(tmp_path / "data", database_url=store_url) as served, served.client() as client:
        yield client


async def total(client: httpx.AsyncClient) -> int:
    return (await client.get(EVENTS)).json()["total"]


async def told(client: httpx.AsyncClient) -> int:
    """Return how many messages there are about events."""
    answer = await client.get("/poll/eventos", params={"replay": "all", "wait": 0})
    return sum(message["type"].startswith("event") for message in answer.json()["messages"])


async def test_a_repeat_gets_the_event_its_location_and_its_etag_with_200(client):
    first = await client.post(EVENTS, json=FESTA, headers=KEY)
    assert await told(client) == 1
    again = await client.post(EVENTS, json=FESTA, headers=KEY)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    for name in ("location", "etag", "content-type"):
        assert again.headers[name] == first.headers[name]
    assert await told(client) == 1
    assert await total(client) == 1


async def test_the_same_events_may_be_written_anew(client):
    first = await client.post(EVENTS, json=FESTA, headers=KEY)
    anew = json.dumps({**dict(reversed(FESTA.items())), "description": "", "id": 7}, indent=3)
    again = await client.post(EVENTS, content=anew, headers={**KEY, "Content-Type": "application/json"})
    assert (again.status_code, again.json()) == (200, first.json())


async def test_a_repeat_gets_the_event_as_others_have_left_it(client):
    first = await client.post(EVENTS, json=FESTA, headers=KEY)
    changed = await client.patch(first.headers["location"], json={"city": "Olinda"})
    again = await client.post(EVENTS, json=FESTA, headers=KEY)
    assert (again.status_code, again.json()) == (200, changed.json())
    assert again.headers["etag"] == changed.headers["etag"]
    await client.delete(first.headers["location"])
    gone = await client.post(EVENTS, json=FESTA, headers=KEY)
    assert (gone.status_code, gone.json()["type"]) == (404, "/problems/not-found")
    assert gone.json()["params"] == {"id": str(first.json()["id"])}
    assert await total(client) == 0


@pytest.mark.parametrize(
    ("path", "body"), [(EVENTS, {**FESTA, "city": "Olinda"}), (BATCH, [FESTA]), (BATCH, [])]
)
async def test_another_request_with_a_key_that_came_is_refused(client, path: str, body: Any):
    await client.post(EVENTS, json=FESTA, headers=KEY)
    other = await client.post(path, json=body, headers=KEY)
    assert other.status_code == 422
    (error,) = other.json()["errors"]
    assert (error["field"], error["code"]) == ("Idempotency-Key", "invalid_option")
    assert "new key" in other.json()["detail"]
    assert await total(client) == 1


async def test_a_batch_is_stored_once_and_its_answer_is_given_again(client):
    batch = [{**FESTA, "title": f"E{n}"} for n in range(100)]
    first = await client.post(BATCH, json=batch, headers=KEY)
    assert await told(client) == 1
    again = await client.post(BATCH, json=batch, headers=KEY)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert (await told(client), await total(client)) == (1, 100)
    assert (await client.post(BATCH, json=batch[::-1], headers=KEY)).status_code == 422
    assert (await client.post(EVENTS, json=batch[0], headers=KEY)).status_code == 422
    await client.delete(EVENTS, params={"q": "E4"})  # E4 and E40 to E49.
    left = (await client.post(BATCH, json=batch, headers=KEY)).json()
    assert (left["count"], left["first_id"]) == (100, first.json()["first_id"])
    assert [one for one in first.json()["items"] if "E4" not in one["title"]] == left["items"]


async def test_an_empty_batch_can_be_repeated(client):
    answers = [await client.post(BATCH, json=[], headers=KEY) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert (
        answers[0].json()
        == answers[1].json()
        == {
            "count": 0,
            "first_id": None,
            "last_id": None,
            "items": [],
        }
    )


async def test_a_refused_body_uses_up_no_key(client):
    for path, wrong, right in ((EVENTS, {}, FESTA), (BATCH, [FESTA, {}], [FESTA])):
        key = {"Idempotency-Key": path}
        assert (await client.post(path, json=wrong, headers=key)).status_code == 422
        assert (await client.post(path, json=right, headers=key)).status_code == 201


@pytest.mark.parametrize("key", ["", "a b", "ã".encode(), "k" * 256])
@pytest.mark.parametrize("path", [EVENTS, BATCH])
async def test_what_is_no_key_is_refused(client, path: str, key: str | bytes):
    answer = await client.post(path, json=FESTA, headers=[("Idempotency-Key", key)])
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "Idempotency-Key")
    assert await total(client) == 0


async def test_a_second_key_in_a_request_is_refused(client):
    answer = await client.post(
        EVENTS, json=FESTA, headers=[("Idempotency-Key", "a"), ("Idempotency-Key", "a")]
    )
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "Idempotency-Key")


@pytest.mark.parametrize("path", [EVENTS, BATCH])
async def test_of_many_at_once_one_is_created(client, path: str):
    body = FESTA if path == EVENTS else [FESTA] * 20
    barrier = asyncio.Barrier(8)

    async def post() -> httpx.Response:
        await barrier.wait()
        return await client.post(path, json=body, headers=KEY)

    answers = await asyncio.gather(*(post() for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.text for answer in answers}) == 1
    assert await total(client) == (1 if path == EVENTS else 20)


async def test_a_request_without_a_key_asks_for_none(client, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise AssertionError("nobody needs keys here")

    monkeypatch.setattr(SqlKeys, "__init__", refuse)
    assert (await client.post(EVENTS, json=FESTA)).status_code == 201
    assert (await client.post(BATCH, json=[FESTA])).status_code == 201


async def test_keys_belong_to_their_people(
    store_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    async with serving_in(tmp_path / "data", auth="required", database_url=store_url) as served:
        token = capsys.readouterr().out.split()[-1]
        async with served.client(token) as admin:
            made = await admin.post("/api/v1/users", json={"name": "bia", "role": "editor"})
            first = await admin.post(EVENTS, json=FESTA, headers=KEY)
        async with served.client(made.json()["token"]) as other:
            second = await other.post(EVENTS, json=FESTA, headers=KEY)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] != second.json()["id"]


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_a_repeat_at_another_server_creates_nothing(client, store_url: str, tmp_path: Path):
    async with (
        serving_in(tmp_path / "other", database_url=store_url) as served,
        served.client() as other,
    ):
        for number in range(5):
            key = {"Idempotency-Key": f"k{number}"}
            answers = await asyncio.gather(
                *(one.post(EVENTS, json=FESTA, headers=key) for one in (client, other) * 3)
            )
            assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
            assert len({answer.text for answer in answers}) == 1
    assert await total(client) == 5


async def test_keys_survive_a_restart(store_url: str, tmp_path: Path):
    answers = []
    for _ in range(2):
        async with serving_in(tmp_path / "data", database_url=store_url) as served, served.client() as client:
            answers.append(await client.post(EVENTS, json=FESTA, headers=KEY))
    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json() == answers[1].json()


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_however_many_wait_for_a_key_others_store_their_events(client, store_url: str):
    connection = await asyncpg.connect(driver_url(store_url))

    async def waiting() -> int:
        return await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )

    held = connection.transaction()
    try:
        await held.start()
        await connection.execute("INSERT INTO idempotency_keys VALUES ('local', 'k-1', '', 0, 0, 0)")
        async with asyncio.TaskGroup() as tasks:
            repeated = [tasks.create_task(client.post(EVENTS, json=FESTA, headers=KEY)) for _ in range(40)]
            try:
                while not await waiting():  # noqa: ASYNC110 - the database tells nobody who waits in it.
                    await asyncio.sleep(0.01)
                for number in range(5):
                    key = {"Idempotency-Key": f"other-{number}"}
                    assert (await client.post(EVENTS, json=FESTA, headers=key)).status_code == 201
            finally:
                await held.rollback()
        assert sorted(task.result().status_code for task in repeated) == [200] * 39 + [201]
    finally:
        await connection.close()
