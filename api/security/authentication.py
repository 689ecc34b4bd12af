"""Who is on a connection: token, ticket, session, or nobody. The same for HTTP and WebSocket."""

from typing import Any, Protocol, cast

from litestar import WebSocket
from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.types import ASGIApp, Receive, Scope, Send

from api.security.cookies import SESSION, anonymous_person, read_cookie
from api.services.identity import Identity
from api.sockets import refuse
from domain.ports import StorageError

_TICKET_PATHS = ("/sse", "/ws", "/poll")


class Recognition(Protocol):
    """Turns secrets into identities."""

    async def by_token(self, token: str) -> Identity | None:
        """Return whose token it is."""
        ...

    async def by_session(self, secret: str) -> Identity | None:
        """Return whose session it is."""
        ...

    async def by_ticket(self, secret: str) -> Identity | None:
        """Use a ticket up and return whose it was."""
        ...


class Authentication(AbstractAuthenticationMiddleware):
    """Puts the identity, or None, into `scope["user"]`; guards decide what that is good for.

    `scope["auth"]` is the kind of proof that was presented, valid or not; None without any.
    """

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app, exclude_http_methods=[])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve; a WebSocket whose caller cannot be looked up now is told to try again."""
        try:
            await super().__call__(scope, receive, send)
        except StorageError:
            if scope["type"] != ScopeType.WEBSOCKET:
                raise
            await refuse(WebSocket(scope, receive, send), 503, "The store does not answer now.")

    async def authenticate_request(
        self, connection: ASGIConnection[Any, Any, Any, Any]
    ) -> AuthenticationResult:
        """Recognise the caller. Never refuses: a public route answers whoever holds an old cookie."""
        scope = cast("dict[str, Any]", connection.scope)
        if connection.app.state.settings.is_open:
            return AuthenticationResult(user=open_identity(scope), auth="open")
        proof, secret = presented(connection)
        if secret is None:
            return AuthenticationResult(user=None, auth=proof)
        identity = await _recognise(connection.app.state.people, proof, secret)
        return AuthenticationResult(user=identity, auth=proof)


def open_identity(scope: dict[str, Any]) -> Identity:
    """Return whom everyone is on an open server."""
    return Identity("local", "admin", person=anonymous_person(scope))


def presented(connection: ASGIConnection[Any, Any, Any, Any]) -> tuple[str | None, str | None]:
    """Return (kind of proof, its secret): Bearer before ticket before session.

    What is named explicitly counts alone: a wrong token is not made good by a cookie.
    """
    scope = cast("dict[str, Any]", connection.scope)
    if (authorization := connection.headers.get("authorization")) is not None:
        scheme, _, secret = authorization.strip().partition(" ")
        return "token", secret.strip() if scheme.lower() == "bearer" else None
    if is_feed(scope["path"]) and (ticket := connection.query_params.get("ticket")) is not None:
        return "ticket", ticket
    session = read_cookie(scope, SESSION)
    return ("session", session) if session else (None, None)


def is_feed(path: str) -> bool:
    """Tell whether a path is one of the transports'."""
    return path in _TICKET_PATHS or path.startswith(tuple(f"{prefix}/" for prefix in _TICKET_PATHS))


async def _recognise(people: Recognition, proof: str | None, secret: str) -> Identity | None:
    match proof:
        case "token":
            return await people.by_token(secret)
        case "ticket":
            return await people.by_ticket(secret)
    return await people.by_session(secret)
