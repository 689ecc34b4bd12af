"""The outermost layer: determines the real client of a request, the path prefix, and the path below it."""

from typing import Any, cast

from litestar.types import ASGIApp, Receive, Scope, Send

from api.own_paths import OWN_PATHS
from api.security.locality import NOT_LOCAL, sign_of_others
from api.security.paths import fold_front, settle_path
from api.security.proxies import PREFIX, TrustedProxies
from api.services.links import reached_under


class Arrival:
    """The outermost ASGI application. Inner layers see the client, not the proxies.

    A proxy may take the prefix off the path, or leave it: both arrive at the same route. So do superfluous
    slashes, or there is nothing at the path, for all layers alike.
    """

    def __init__(
        self, inner: ASGIApp, *, proxies: TrustedProxies, root_path: str, is_open_locally: bool
    ) -> None:
        """`is_open_locally`: only requests that are local end to end are let in without a token."""
        self._inner = inner
        self._proxies = proxies
        self._root_path = root_path
        self._is_open_locally = is_open_locally

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, or redirect from the prefix to the page below it."""
        plain = cast("dict[str, Any]", scope)
        if self._is_open_locally:
            # Before the headers of proxies are taken away.
            plain["state"][NOT_LOCAL] = sign_of_others(plain)
        self._proxies.apply(plain)
        prefix = plain["state"].setdefault(PREFIX, self._root_path) or self._root_path
        fold_front(plain)
        if prefix and _first_segment(prefix) not in OWN_PATHS:
            plain["state"][PREFIX] = prefix
            reached_under(prefix, own=self._root_path)
            if plain["path"] == prefix and plain.get("method") in ("GET", "HEAD"):
                await _redirect(plain, f"{prefix}/", send)
                return
            if plain["path"].startswith(f"{prefix}/"):
                plain["path"] = plain["path"][len(prefix) :]
        settle_path(plain)
        await self._inner(scope, receive, send)


def prefix_of(scope: dict[str, Any]) -> str:
    """Return the path under which the client reaches the server, empty at the root of its host."""
    prefix: str = scope.get("state", {}).get(PREFIX, "")
    return prefix


def _first_segment(prefix: str) -> str:
    return prefix.split("/")[1]


async def _redirect(scope: dict[str, Any], target: str, send: Send) -> None:
    query = scope["query_string"]
    location = target.encode() + (b"?" + query if query else b"")
    headers = [(b"location", location), (b"content-length", b"0"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 308, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
