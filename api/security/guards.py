"""Checks the role that a route declares, for HTTP and WebSocket alike."""

from ipaddress import ip_address, ip_network
from typing import Any, Literal

from litestar.handlers import BaseRouteHandler

from api.http.app_services import services_of
from api.http.openapi import OPT_KEY, Operation
from api.http.problems import HttpProblem, refusal
from api.security.locality import NOT_LOCAL
from api.security.paths import is_feed
from api.services.credentials import TOKEN_PREFIX, digest
from api.services.identity import Identity
from domain.people import Role, at_least
from domain.ports.rate_limit import RateLimiter
from domain.problems import ProblemParam

Access = Literal["public", "viewer", "editor", "admin"]
ACCESS_KEY = "access"

CHALLENGE = 'Bearer realm="fasttrack"'


def access_of(handler: BaseRouteHandler) -> Access:
    """Return what a route declares in its `opt`; one that declares nothing is for administrators."""
    operation = handler.opt.get(OPT_KEY)
    if isinstance(operation, Operation):
        return operation.role or "public"
    declared: Access = handler.opt.get(ACCESS_KEY, "admin")
    return declared


def require(identity: Identity, role: Role) -> None:
    """Raise the 403 that names the role, unless the caller has it."""
    if not at_least(identity.role, role):
        raise refusal("forbidden.role", role=role, name=identity.name, own=identity.role)


class Guard:
    """The guard of every route: it holds on WebSockets too, where exceptions alone do not.

    It is not one of Litestar's guards: for each of those, and each request, the route's handler is copied.
    """

    def __init__(self, *, calls_per_minute: int, uploads_per_minute: int) -> None:
        self._calls = calls_per_minute
        self._uploads = uploads_per_minute

    async def check(self, scope: dict[str, Any]) -> None:
        """Let a recognised caller through, or raise the 401, 403 or 429."""
        handler: BaseRouteHandler = scope["route_handler"]
        access = access_of(handler)
        if access == "public" or scope.get("method") == "OPTIONS":
            return
        identity: Identity | None = scope["user"]
        if identity is None:
            raise _refusal(scope)
        require(identity, access)
        # An open server has no users to distinguish, and no strangers to hold back.
        # Readers of feeds have a limit of their own, on open streams.
        if identity.via != "open" and not is_feed(scope["path"]):
            limiter = services_of(scope["litestar_app"]).rate_limiter
            await _take(limiter, "calls", identity.person, self._calls)
            if _is_upload(handler):
                await _take(limiter, "uploads", identity.person, self._uploads)


def _refusal(scope: dict[str, Any]) -> HttpProblem:
    sign = scope["state"].get(NOT_LOCAL)
    return unauthorized(presented=scope["auth"] is not None) if sign is None else not_local(sign)


async def _take(limiter: RateLimiter, what: str, person: str, limit: int) -> None:
    if seconds := await limiter.take(f"{what}:{person}", limit):
        raise too_many(what, seconds, limit=limit)


class SignInLimit:
    """Limits failed sign-ins from one address, and with one token from many addresses."""

    def __init__(self, limiter: RateLimiter, *, failures_per_minute: int) -> None:
        self._limiter = limiter
        self._limit = failures_per_minute

    async def failed(self, address: str, token: str) -> None:
        """Count a sign-in that failed; raise the 429 when too many have.

        It is asked only about wrong tokens, so a right one passes whoever else fails from its
        address. Counting and comparing are one step: failures at the same moment pass no limit.
        """
        for what, key in (("address", _network(address)), ("token", _token_prefix(token))):
            if seconds := await self._limiter.take(f"sign-ins:{key}", self._limit):
                raise too_many(what, seconds)


def _network(address: str) -> str:
    """Return the address, or the /64 of an IPv6 one: that many belong to one household."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return address if parsed.version == 4 else str(ip_network((parsed, 64), strict=False))


def _token_prefix(token: str) -> str:
    # A digest: even a part of a token that is nearly right shall not be kept.
    return digest(token[: len(TOKEN_PREFIX) + 8])[:16]


def _is_upload(handler: BaseRouteHandler) -> bool:
    operation = handler.opt.get(OPT_KEY)
    return isinstance(operation, Operation) and operation.is_upload


def unauthorized(*, presented: bool) -> HttpProblem:
    """Return the 401 for an unknown caller. Source: RFC 6750 §3."""
    challenge = f'{CHALLENGE}, error="invalid_token"' if presented else CHALLENGE
    detail = (
        "The token, session or ticket is not valid, or no longer valid."
        if presented
        else "Sign-in is needed."
    )
    return HttpProblem("unauthorized", detail, headers={"WWW-Authenticate": challenge})


def not_local(sign: str) -> HttpProblem:
    """Return the 401 for a request without a token that is not local, on a server that is open locally.

    The sign comes first: the reason of a WebSocket's close has no room for more.
    """
    detail = (
        f"Not local, {sign}: this server is open to its own machine only. "
        "Set FASTTRACK_AUTH=token and restart: a token for admin is printed, and people sign in. "
        "FASTTRACK_AUTH=open lets in everyone who reaches the server, as admin."
    )
    return HttpProblem("unauthorized", detail, headers={"WWW-Authenticate": CHALLENGE})


def too_many(what: str, seconds: int, **params: ProblemParam) -> HttpProblem:
    """Return the 429 with Retry-After."""
    return refusal(f"too-many-requests.{what}", headers={"Retry-After": str(seconds)}, **params)
