"""Who may call a route: declared on the route, checked in one place, for HTTP and WebSocket alike."""

from typing import Any, Literal

from litestar import WebSocket
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from api.openapi import OPT_KEY, Operation
from api.problems import HttpProblem
from api.security.limits import Meter
from api.services.identity import Identity
from api.sockets import refuse
from domain.people import Role, at_least

Access = Literal["public", "viewer", "editor", "admin"]
ACCESS_KEY = "access"

CHALLENGE = 'Bearer realm="fasttrack"'


def access_of(handler: BaseRouteHandler) -> Access:
    """Return what a route declares in its `opt`; one that says nothing is for administrators."""
    operation = handler.opt.get(OPT_KEY)
    if isinstance(operation, Operation):
        return operation.role or "public"
    declared: Access = handler.opt.get(ACCESS_KEY, "admin")
    return declared


def may_change(identity: Identity, owner: str) -> bool:
    """Tell whether someone may cancel or undo what `owner` started."""
    return identity.role == "admin" or identity.name == owner


def require(identity: Identity, role: Role) -> None:
    """Raise the 403 that names the role, unless the caller has it."""
    if not at_least(identity.role, role):
        raise HttpProblem("forbidden", f"This needs the role {role}; {identity.name} is {identity.role}.")


class Guard:
    """Litestar's guard for every route: it holds on WebSockets too, where exceptions alone do not."""

    def __init__(self, *, calls_per_minute: int, uploads_per_minute: int) -> None:
        self._calls = calls_per_minute
        self._uploads = uploads_per_minute

    async def __call__(
        self, connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
    ) -> None:
        """Let a caller through, or refuse with 401, 403 or 429; on a WebSocket 4401, 4403, 4429."""
        try:
            await self._check(connection, handler)
        except HttpProblem as refusal:
            if isinstance(connection, WebSocket):
                await refuse(connection, refusal.status_code, refusal.detail)
            raise

    async def _check(self, connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        access = access_of(handler)
        if access == "public" or connection.scope.get("method") == "OPTIONS":
            return
        identity: Identity | None = connection.scope["user"]
        if identity is None:
            raise unauthorized(presented=connection.scope["auth"] is not None)
        require(identity, access)
        if connection.scope["path"].startswith("/api/"):
            await self._count(connection.app.state.meter, identity, is_upload=_is_upload(handler))

    async def _count(self, meter: Meter, identity: Identity, *, is_upload: bool) -> None:
        """Count a call. An open server has nobody to tell apart, and no stranger to hold back."""
        if identity.via == "open":
            return
        await _take(meter, "calls", identity.person, self._calls)
        if is_upload:
            await _take(meter, "uploads", identity.person, self._uploads)


async def _take(meter: Meter, what: str, person: str, limit: int) -> None:
    if seconds := await meter.take(f"{what}:{person}", limit):
        raise too_many(f"{limit} {what} a minute are the limit of a person.", seconds)


class SignInLimit:
    """Holds back an address that guesses."""

    def __init__(self, meter: Meter, *, failures_per_minute: int) -> None:
        self._meter = meter
        self._limit = failures_per_minute

    async def check(self, address: str) -> None:
        """Raise the 429 when too many sign-ins have failed."""
        if seconds := await self._meter.wait(_sign_ins(address), self._limit):
            raise too_many("Too many sign-ins failed from this address.", seconds)

    async def failed(self, address: str) -> None:
        """Count one that failed."""
        await self._meter.take(_sign_ins(address), self._limit)


def _sign_ins(address: str) -> str:
    return f"sign-ins:{address}"


def _is_upload(handler: BaseRouteHandler) -> bool:
    operation = handler.opt.get(OPT_KEY)
    return isinstance(operation, Operation) and operation.is_upload


def unauthorized(*, presented: bool) -> HttpProblem:
    """Return the 401 for a caller whom nobody knows. Source: RFC 6750 §3."""
    challenge = f'{CHALLENGE}, error="invalid_token"' if presented else CHALLENGE
    detail = "The token, session or ticket is not valid (any more)." if presented else "Sign-in is needed."
    return HttpProblem("unauthorized", detail, headers={"WWW-Authenticate": challenge})


def too_many(detail: str, seconds: int) -> HttpProblem:
    """Return the 429 that says when to come again."""
    return HttpProblem("too-many-requests", detail, headers={"Retry-After": str(seconds)})
