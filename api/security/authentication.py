"""Authenticates connections by token, ticket or session, for HTTP and WebSocket alike."""

from collections.abc import Collection
from typing import Any, Protocol, cast

from litestar import WebSocket
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from api.http.app_services import services_of
from api.http.problems import HttpProblem
from api.http.websockets import refuse
from api.security.cookies import SESSION, anonymous_person, read_cookies
from api.security.guards import Guard
from api.security.locality import NOT_LOCAL
from api.security.origins import header, origins_of
from api.security.paths import is_feed
from api.security.ticket_parameter import read_ticket
from api.services.identity import Identity
from domain.ports.errors import StorageError


class Recognition(Protocol):
    """Finds the identity of a secret."""

    async def by_token(self, token: str) -> Identity | None:
        """Return the identity of a token."""
        ...

    async def by_session(self, secret: str) -> Identity | None:
        """Return the identity of a session."""
        ...

    async def by_ticket(self, secret: str, *, origins: Collection[str], use: bool) -> Identity | None:
        """Return the identity of a ticket for pages of an origin; redeem a single-use one if `use`."""
        ...


class Authentication:
    """Puts the identity, or None, into `scope["user"]`, and lets the guard decide what that is good for.

    `scope["auth"]` is the kind of proof that was presented, valid or not; None without any.
    """

    def __init__(self, app: ASGIApp, *, guard: Guard, is_open: bool) -> None:
        """`is_open`: whoever sends nothing that proves who they are is let in as administrator."""
        self.app = app
        self._guard = guard
        self._is_open = is_open

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve; a WebSocket whose caller cannot be looked up now is told to try again."""
        plain = cast("dict[str, Any]", scope)
        try:
            plain["user"], plain["auth"] = await self._identify(plain)
            await self._check(plain, receive, send)
            await self.app(scope, receive, send)
        except StorageError:
            if scope["type"] != ScopeType.WEBSOCKET:
                raise
            await refuse(WebSocket(scope, receive, send), 503, "The store does not answer at the moment.")

    async def _identify(self, scope: dict[str, Any]) -> tuple[Identity | None, str | None]:
        """Find the caller's identity. Never refuses: public routes also answer clients with an old cookie."""
        if self._is_open and scope["state"].get(NOT_LOCAL) is None:
            return open_identity(scope), "open"
        proof, secrets = presented(scope)
        people = services_of(scope["litestar_app"]).people
        for secret in secrets:
            if (found := await _recognise(people, proof, secret, scope)) is not None:
                return found, proof
        return None, proof

    async def _check(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Ask the guard; on a WebSocket its refusal is a close code: 4401, 4403, 4429."""
        try:
            await self._guard.check(scope)
        except HttpProblem as refusal:
            if scope["type"] == ScopeType.WEBSOCKET:
                socket: WebSocket[Any, Any, Any] = WebSocket(cast("Scope", scope), receive, send)
                await refuse(socket, refusal.status_code, refusal.detail)
            raise


def open_identity(scope: dict[str, Any]) -> Identity:
    """Return the identity of everyone on an open server."""
    return Identity("local", "admin", person=anonymous_person(scope))


def presented(scope: dict[str, Any]) -> tuple[str | None, list[str]]:
    """Return (kind of credential, secrets): Bearer before ticket before session.

    What is named explicitly counts alone: a wrong token is not made good by a cookie. Of cookies there
    may be several, of which one is good.
    """
    if (authorization := header(scope, b"authorization")) is not None:
        scheme, _, secret = authorization.strip().partition(" ")
        return "token", [secret.strip()] if scheme.lower() == "bearer" else []
    if is_feed(scope["path"]) and (ticket := read_ticket(scope["query_string"])) is not None:
        return "ticket", [ticket]
    sessions = read_cookies(scope, SESSION)
    return ("session", sessions) if sessions else (None, [])


async def _recognise(
    people: Recognition, proof: str | None, secret: str, scope: dict[str, Any]
) -> Identity | None:
    match proof:
        case "token":
            return await people.by_token(secret)
        case "ticket":
            return await people.by_ticket(secret, origins=origins_of(scope), use=not _only_looks(scope))
    return await people.by_session(secret)


def _only_looks(scope: dict[str, Any]) -> bool:
    """Return whether a request opens no stream: a ticket must be good for the one that does."""
    return scope.get("method") in ("HEAD", "OPTIONS") or bool(scope["state"].get("is_head"))
