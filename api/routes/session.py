"""Sign in, show the current user, sign out."""

from typing import Any, cast

from litestar import Request, Response, delete, get, post
from msgspec import Struct

from api.http.app_services import services_of
from api.http.openapi import Answer, Body, describe
from api.routes.answers import NO_STORE
from api.routes.credentials_body import read_body
from api.routes.json_body import PROBLEMS
from api.security.cookies import SESSION, is_secure, read_cookies, session_cookie
from api.security.guards import SignInLimit, unauthorized
from api.services.credentials import digest
from api.services.identity import Identity

TAG = "access"


class SignIn(Struct, frozen=True, forbid_unknown_fields=True):
    """What is sent to sign in."""

    token: str


class WhoAmI(Struct, frozen=True):
    """The caller, by the same names as in a feed's `hello`."""

    user: str
    role: str
    via: str


SIGN_IN_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"token": {"type": "string", "minLength": 1}},
    "required": ["token"],
    "additionalProperties": False,
}


@post(
    "/api/v1/session",
    status_code=200,
    request_max_body_size=4096,
    opt=describe(
        "Sign a browser in with a personal token",
        TAG,
        {200: Answer("Signed in", WhoAmI, headers={"Set-Cookie": "ft_session"})},
        problems=[*PROBLEMS, "unauthorized", "forbidden", "too-many-requests"],
        body=Body({"application/json": SIGN_IN_SCHEMA}),
        role=None,
    ),
)
async def sign_in(request: Request[Any, Any, Any]) -> Response[WhoAmI]:
    """Exchange a token for a cookie, which EventSource and WebSocket send by themselves."""
    services = services_of(request.app)
    form = await read_body(request, SignIn)
    address = request.client.host if request.client else "unknown"
    token = form.token.strip()  # Copied with the blank or the line break after it.
    signed_in = await services.people.sign_in(token)
    if signed_in is None:
        limit = SignInLimit(
            services.rate_limiter, failures_per_minute=services.settings.failed_signins_per_minute
        )
        await limit.failed(address, token)
        raise unauthorized(presented=True)
    cookie = session_cookie(
        signed_in.secret, seconds=services.people.session_seconds, secure=_secure(request)
    )
    return Response(_told(signed_in.identity), headers={**NO_STORE, "Set-Cookie": cookie})


@get(
    "/api/v1/session",
    opt=describe("Who one is", TAG, {200: Answer("The caller", WhoAmI)}),
)
async def who_am_i(request: Request[Identity, Any, Any]) -> Response[WhoAmI]:
    """Return the caller's name and role."""
    return Response(_told(request.user), headers=NO_STORE)


@delete(
    "/api/v1/session",
    status_code=204,
    opt=describe(
        "Sign out",
        TAG,
        {204: Answer("Signed out; open streams end within 5 s")},
        problems=["forbidden"],
        role=None,
    ),
)
async def sign_out(request: Request[Any, Any, Any]) -> Response[None]:
    """End the session of the cookie, if there is one."""
    services = services_of(request.app)
    for secret in read_cookies(cast("dict[str, Any]", request.scope), SESSION):
        await services.people.sign_out(digest(secret))
    cookie = session_cookie("", seconds=0, secure=_secure(request))
    return Response(None, status_code=204, headers={**NO_STORE, "Set-Cookie": cookie})


def _told(identity: Identity) -> WhoAmI:
    return WhoAmI(identity.name, identity.role, identity.via)


def _secure(request: Request[Any, Any, Any]) -> bool:
    return is_secure(cast("dict[str, Any]", request.scope))


HANDLERS = (sign_in, who_am_i, sign_out)
