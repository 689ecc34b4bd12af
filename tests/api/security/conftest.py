"""People of every kind, on a real server that knows them."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import httpx
import msgspec
import pytest

from api.services.credentials import new_token
from api.services.people import People
from tests.contracts.conftest import postgres, postgres_database
from tests.serving import Served, serving

__all__ = ["postgres"]

Headers = dict[str, str]
WHO = ("anonymous", "viewer", "editor", "admin", "disabled", "expired", "forged")
"""`expired` has a session that ended; the others have tokens, but for `anonymous`."""


class Cast(msgspec.Struct):
    """A server, and the headers of each kind of caller."""

    served: Served
    headers: dict[str, Headers]

    def client(self, who: str) -> httpx.AsyncClient:
        """Return a client of one of them."""
        return self.served.client(headers=self.headers[who])


@pytest.fixture(
    scope="module", params=[pytest.param(1, id="one"), pytest.param(2, id="two"), pytest.param(3, id="three")]
)
def deployed(request: pytest.FixtureRequest) -> Iterator[tuple[int, str | None]]:
    """How many servers there are, and the URL of the database that several share."""
    if request.param == 1:
        yield 1, None
        return
    request.getfixturevalue("postgres")
    with postgres_database() as url:
        yield request.param, url


@pytest.fixture(scope="module")
async def cast(
    deployed: tuple[int, str | None], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Cast]:
    """One server for a whole module, or the last of several over one PostgreSQL, people made at the first.

    What is stored in it does not matter, only who may call.
    """
    count, url = deployed
    async with AsyncExitStack() as stack:
        servers = [
            await stack.enter_async_context(
                serving(
                    tmp_path_factory.mktemp("cast"),
                    database_url=url,
                    auth="token",
                    calls_per_minute=10**6,
                    uploads_per_minute=10**6,
                    streams_per_person=10**4,
                )
            )
            for _ in range(count)
        ]
        yield Cast(servers[-1], await _headers(servers[0].app.state.services.people))


async def _headers(people: People) -> dict[str, Headers]:
    headers = {"anonymous": Headers(), "forged": _bearer(new_token())}
    for role in ("viewer", "editor", "admin"):
        headers[role] = _bearer(await people.add(role + "-1", role, actor="test"))
    headers["disabled"] = _bearer(await people.add("disabled-1", "admin", actor="test"))
    await people.set_disabled("disabled-1", disabled=True, actor="test")
    token = await people.add("expired-1", "admin", actor="test")
    signed_in = await people.sign_in(token)
    assert signed_in is not None
    await people.sign_out(signed_in.identity.session_hash or "")
    return headers | {"expired": {"Cookie": f"ft_session={signed_in.secret}"}}


def _bearer(token: str) -> Headers:
    return {"Authorization": f"Bearer {token}"}
