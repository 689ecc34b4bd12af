"""What people do all day runs kept statements only: to build one anew costs more than to run it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any

import anyio
import httpx
import pytest
import sqlalchemy as sa

from api.services.housekeeping import Housekeeping
from api.storage.statements import is_kept
from tests.contracts.conftest import store_url
from tests.serving import serving

__all__ = ["store_url"]

pytestmark = pytest.mark.anyio

EVENTS = "/api/v1/eventos"
FESTA = {
    "title": "Festa",
    "event_date": "2026-06-24T18:00:00",
    "city": "Recife",
    "participants": ["Ana"],
    "local_info": {"location_name": "Marco Zero", "capacity": 900},
}
EVERYDAY = (
    "events",
    "stats",
    "feed_",
    "id_heads",
    "users",
    "sessions",
    "tickets",
    "meters",
    "live_",
    "idempotency_",
)


@contextmanager
def built_anew() -> Iterator[list[str]]:
    """Collect the statements about events and people that were not kept."""
    anew: list[str] = []

    def note(_connection: Any, statement: Any, *_: Any) -> None:
        text = str(statement)
        if not is_kept(statement) and any(table in text for table in EVERYDAY):
            anew.append(text)

    sa.event.listen(sa.Engine, "before_execute", note)
    try:
        yield anew
    finally:
        sa.event.remove(sa.Engine, "before_execute", note)


async def _a_day(client: httpx.AsyncClient, token: str) -> None:
    """Do each thing that is done all day."""
    one = (await client.post(EVENTS, json=FESTA)).json()
    known = {"Idempotency-Key": token_hex(8)}
    place = f"{EVENTS}/{one['id']}"
    answers = [
        await client.get(place),
        await client.get(EVENTS, params={"limit": 20}),
        await client.get(EVENTS, params={"from": "2026-01-01", "to": "2026-12-31T12:00:00"}),
        await client.get(EVENTS, params={"city": "Recife", "sort": "-event_date"}),
        await client.get("/api/v1/presenca"),
        await client.put(place, json={**FESTA, "title": "Festa Junina"}),
        await client.patch(
            place, json={"city": "Olinda"}, headers={"Content-Type": "application/merge-patch+json"}
        ),
        await client.get("/api/v1/dashboard"),
        await client.delete(place),
        await client.post(f"{EVENTS}/lote", json=[FESTA] * 5),
        await client.post("/api/v1/session", json={"token": token}),
        await client.post(EVENTS, json=FESTA, headers=known),
        await client.post(EVENTS, json=FESTA, headers=known),
    ]
    assert [answer.status_code for answer in answers] == [200] * 8 + [204, 201, 200, 201, 200]


async def _no_tidying(_housekeeping: Housekeeping) -> None:
    await anyio.sleep_forever()


async def test_frequent_requests_build_no_new_statement(
    store_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # An hourly job may build its statements, and its first run may fall into what the test watches.
    monkeypatch.setattr(Housekeeping, "run", _no_tidying)
    async with serving(tmp_path / "data", auth="required", database_url=store_url) as served:
        token = capsys.readouterr().out.split()[-1]
        async with served.client(token) as client:
            await _a_day(client, token)
            with built_anew() as anew:
                await _a_day(client, token)
            assert anew == []
            with built_anew() as anew:
                await client.get(EVENTS, params={"q": "festa"})
            assert anew, "a search is built for its text: the test sees such statements"
