"""A person who is disabled while a body is on its way gets nothing stored by the rest of it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from api.services.open_bodies import LONG_SECONDS
from tests.serving import Served, serving

pytestmark = pytest.mark.anyio
EVENT = b'{"title":"Festa","event_date":"2027-06-24","city":"Recife"}'
FILE = b"title,event_date,city\nFesta,2027-06-24,Recife\n"
FORM = (
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n' + FILE + b"\r\n--b--\r\n"
)
JSON: dict[str, str] = {"Content-Type": "application/json"}
TUS = {
    "Tus-Resumable": "1.0.0",
    "Upload-Length": str(len(FILE)),
    "Content-Type": "application/offset+octet-stream",
}
BODIES: dict[str, tuple[str, dict[str, str], bytes]] = {
    "an event": ("/api/v1/eventos", JSON, EVENT),
    "a batch": ("/api/v1/eventos/lote", JSON, b"[" + EVENT + b"]"),
    "a form": ("/api/v1/uploads", {"Content-Type": "multipart/form-data; boundary=b"}, FORM),
    "tus": ("/api/v1/uploads/tus", TUS, FILE),
}


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(tmp_path, auth="token") as running:
        yield running


@pytest.mark.parametrize("what", BODIES)
@pytest.mark.parametrize("is_watched", [True, False], ids=["watched", "at the end"])
async def test_nothing_is_stored_of_a_body_whose_sender_was_disabled(
    what: str, is_watched: bool, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, headers, body = BODIES[what]
    services = served.app.state.services
    if not is_watched:
        monkeypatch.setattr(services.bodies, "end", lambda _gone: None)
    token = await services.people.add("ana", "editor", actor="test")
    ana = await services.people.by_token(token)

    async def slowly() -> AsyncIterator[bytes]:
        yield body[:-20]
        await anyio.sleep(0.2)
        await services.people.set_disabled("ana", disabled=True, actor="test")
        if is_watched and ana in services.bodies.senders():
            with anyio.fail_after(5):
                while ana in services.bodies.senders():  # noqa: ASYNC110 - there is no event.
                    await anyio.sleep(0.05)
        else:
            await anyio.sleep(LONG_SECONDS + 0.2)
        yield body[-20:]

    async with served.client(token) as client:
        sent: Any = slowly()
        answer = await client.post(path, content=sent, headers=headers)
    assert answer.status_code == 401, answer.text
    async with services.store.snapshot() as unit:
        assert (await unit.events.counts(now_us=0)).events == 0


async def test_a_person_who_may_still_send_is_not_disturbed(served: Served) -> None:
    token = await served.app.state.services.people.add("ana", "editor", actor="test")

    async def slowly() -> AsyncIterator[bytes]:
        yield EVENT[:-20]
        await anyio.sleep(LONG_SECONDS + 0.2)
        yield EVENT[-20:]

    async with served.client(token) as client:
        answer = await client.post("/api/v1/eventos", content=slowly(), headers=JSON)
    assert answer.status_code == 201, answer.text
