"""Users, for administrators. `fasttrack user` does the same without the server."""

from collections.abc import Awaitable
from typing import Any, TypeVar

from litestar import Request, Response, get, post
from litestar.params import FromPath
from msgspec import Struct

from api.http.app_services import services_of
from api.http.openapi import Answer, Body, describe
from api.http.problems import HttpProblem
from api.routes.answers import NO_STORE
from api.routes.json_body import PROBLEMS, read_json, refuse_half_characters
from api.routes.json_form import read_form
from api.services.identity import Identity
from api.services.people import NAME_RULE, PersonError, UnknownPersonError, invalid_name
from domain.people import ROLES, Role, User
from domain.problems import Problem, excerpt
from streams.messages import timestamp

TAG = "access"


class NewUser(Struct, frozen=True, forbid_unknown_fields=True):
    """What is sent to add a user."""

    name: str
    role: Role = "viewer"


class UserView(Struct, frozen=True):
    """A user as administrators see one."""

    name: str
    role: str
    disabled: bool
    created_at: str


class TokenView(Struct, frozen=True):
    """A personal token, shown only once."""

    name: str
    token: str


NEW_USER_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$", "description": NAME_RULE},
        "role": {"enum": list(ROLES), "default": "viewer"},
    },
    "required": ["name"],
    "additionalProperties": False,
}


@get(
    "/api/v1/users",
    opt=describe("Every user", TAG, {200: Answer("The users, sorted by name", list[UserView])}, role="admin"),
)
async def list_users(request: Request[Any, Any, Any]) -> Response[list[UserView]]:
    """Return all users, without their secrets."""
    services = services_of(request.app)
    return Response([_view(user) for user in await services.people.users()], headers=NO_STORE)


@post(
    "/api/v1/users",
    status_code=201,
    request_max_body_size=4096,
    opt=describe(
        "Add a user",
        TAG,
        {201: Answer("The personal token; it is shown only once", TokenView)},
        problems=[*PROBLEMS, "conflict"],
        body=Body({"application/json": NEW_USER_SCHEMA}),
        role="admin",
    ),
)
async def add_user(request: Request[Identity, Any, Any]) -> Response[TokenView]:
    """Store a user and return the token."""
    services = services_of(request.app)
    form = await read_json(request, _new_user)
    token = await _or_problem(services.people.add(form.name, form.role, actor=request.user.name))
    return Response(TokenView(form.name, token), status_code=201, headers=NO_STORE)


@post(
    "/api/v1/users/{name:str}/disable",
    status_code=200,
    opt=describe(
        "Disable a user, but not the last enabled administrator",
        TAG,
        {200: Answer("Disabled; sessions have ended, open streams and uploads end within 5 s", UserView)},
        problems=["not-found", "conflict"],
        role="admin",
    ),
)
async def disable_user(request: Request[Identity, Any, Any], name: FromPath[str]) -> Response[UserView]:
    """Disable a user."""
    services = services_of(request.app)
    user = await _or_problem(services.people.set_disabled(name, disabled=True, actor=request.user.name))
    return Response(_view(user), headers=NO_STORE)


@post(
    "/api/v1/users/{name:str}/enable",
    status_code=200,
    opt=describe(
        "Enable a user",
        TAG,
        {200: Answer("Enabled, with the same token", UserView)},
        problems=["not-found"],
        role="admin",
    ),
)
async def enable_user(request: Request[Identity, Any, Any], name: FromPath[str]) -> Response[UserView]:
    """Enable a user."""
    services = services_of(request.app)
    user = await _or_problem(services.people.set_disabled(name, disabled=False, actor=request.user.name))
    return Response(_view(user), headers=NO_STORE)


@post(
    "/api/v1/users/{name:str}/rotate",
    status_code=200,
    opt=describe(
        "Give a user a new token",
        TAG,
        {200: Answer("The new token; it is shown only once, and the old one is invalid", TokenView)},
        problems=["not-found"],
        role="admin",
    ),
)
async def rotate_token(request: Request[Identity, Any, Any], name: FromPath[str]) -> Response[TokenView]:
    """Replace a user's token."""
    services = services_of(request.app)
    token = await _or_problem(services.people.rotate(name, actor=request.user.name))
    return Response(TokenView(name, token), headers=NO_STORE)


def _new_user(value: object) -> NewUser:
    refuse_half_characters(value)
    return read_form(value, NewUser, {"name": _name_faults}, may_quote=True)


def _name_faults(name: str) -> list[Problem]:
    why = invalid_name(name)
    return [Problem("name", "invalid_value", why, excerpt(name))] if why else []


def _view(user: User) -> UserView:
    return UserView(user.name, user.role, user.disabled, timestamp(user.created_at))


Result = TypeVar("Result")


async def _or_problem(change: Awaitable[Result]) -> Result:
    try:
        return await change
    except UnknownPersonError as error:
        raise HttpProblem("not-found", str(error)) from None
    except PersonError as error:
        raise HttpProblem("conflict", str(error)) from None


HANDLERS = (list_users, add_user, disable_user, enable_user, rotate_token)
