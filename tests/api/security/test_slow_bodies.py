"""A person who is disabled while a body is on its way gets nothing stored by the rest of it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest

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


IMPORTS = ("a form", "tus")
"""Those of which a part is taken before the rest has come."""


@pytest.fixture
async def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    # Every body is long, so no test has to wait for one.
    for module in ("api.services.open_bodies", "api.routes.json_body"):
        monkeypatch.setattr(f"{module}.LONG_SECONDS", 0)
    async with serving(tmp_path, auth="token") as running:
        yield running


async def until_taken(served: Served, what: str) -> None:
    """Wait until the head of a request is accepted, and for imports until its body is received, too."""
    with anyio.fail_after(60):
        while not served.server.server_state.tasks:  # noqa: ASYNC110 - uvicorn has no event.
            await anyio.sleep(0.005)
        while what in IMPORTS and not served.app.state.services.bodies.senders():  # noqa: ASYNC110 - nor this.
            await anyio.sleep(0.005)


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
        await until_taken(served, what)
        await services.people.set_disabled("ana", disabled=True, actor="test")
        if is_watched and what in IMPORTS:
            with anyio.fail_after(60):
                while ana in services.bodies.senders():  # noqa: ASYNC110 - there is no event.
                    await anyio.sleep(0.01)
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
        await until_taken(served, "an event")
        yield EVENT[-20:]

    async with served.client(token) as client:
        answer = await client.post("/api/v1/eventos", content=slowly(), headers=JSON)
    assert answer.status_code == 201, answer.text
