"""The newest notifications, and how far a person has read them; all that come are on the feed `admin`."""

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from msgspec import Struct

from api.http.app_services import services_of
from api.http.openapi import Answer, Body, describe
from api.http.problems import invalid_fields
from api.routes.answers import NO_STORE
from api.routes.json_body import read_json
from api.routes.json_form import unknown_member
from api.services.identity import Identity
from api.services.links import read_link
from api.services.services import Services
from domain.messages import Notification
from domain.problems import Problem, excerpt
from streams.cursor import Cursor, parse_cursor

TAG = "live"
NEWEST = 100
"""Notifications that one answer has."""

READ_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"cursor": {"type": "string", "maxLength": 40, "description": "`id` of a notification."}},
    "required": ["cursor"],
    "additionalProperties": False,
}


class ReadMark(Struct, frozen=True):
    """The `id` of the last notification that was read; null for none."""

    cursor: str | None


class NotificationView(Notification, frozen=True, kw_only=True, tag="notification"):
    """A notification as it stood on the feed `admin`."""

    id: str


class Notifications(Struct, frozen=True):
    """The newest notifications, the newest first, and the `id` of the last one that the caller read."""

    items: list[NotificationView]
    read: str | None


@get(
    "/api/v1/notifications",
    opt=describe(
        f"The newest {NEWEST} notifications, and how far one has read",
        TAG,
        {200: Answer("The newest first", Notifications)},
        role="admin",
    ),
)
async def list_notifications(request: Request[Identity, Any, Any]) -> Response[Notifications]:
    """Return what came while one was away; what comes next is on the feed."""
    services = services_of(request.app)
    return Response(await newest_notifications(services, request.user, NEWEST), headers=NO_STORE)


async def newest_notifications(services: Services, who: Identity, limit: int) -> Notifications:
    """Return the newest notifications, and how far one has read them."""
    bodies = await services.personal.notifications(limit)
    items = [_reached(msgspec.json.decode(body, type=NotificationView)) for body in bodies]
    return Notifications(items, await services.personal.read_mark(who))


def _reached(told: NotificationView) -> NotificationView:
    return told if told.link is None else msgspec.structs.replace(told, link=read_link(told.link))


@get(
    "/api/v1/notifications/read",
    opt=describe("The read mark", TAG, {200: Answer("The mark", ReadMark)}, role="admin"),
)
async def read_mark(request: Request[Identity, Any, Any]) -> Response[ReadMark]:
    """Return the caller's mark."""
    services = services_of(request.app)
    return Response(ReadMark(await services.personal.read_mark(request.user)), headers=NO_STORE)


@post(
    "/api/v1/notifications/read",
    status_code=200,
    request_max_body_size=4096,
    opt=describe(
        "Mark notifications as read, up to one",
        TAG,
        {200: Answer("The mark", ReadMark)},
        role="admin",
        problems=["invalid-json", "unsupported-media-type", "too-large", "validation"],
        body=Body({"application/json": READ_SCHEMA}),
    ),
)
async def mark_read(request: Request[Identity, Any, Any]) -> Response[ReadMark]:
    """Store the caller's mark, for all their devices."""
    services = services_of(request.app)
    cursor = await read_json(request, _cursor)
    mark = await services.personal.set_read_mark(request.user, cursor)
    if mark is None:
        message = f"cursor must be the id of a notification of this store, not {cursor}"
        raise invalid_fields([_invalid_cursor(message, str(cursor))])
    return Response(ReadMark(mark), headers=NO_STORE)


def _cursor(value: object) -> Cursor:
    """Return the cursor of a body. Raises HttpProblem with every error."""
    members = value if isinstance(value, dict) else {"cursor": value}
    given = members.get("cursor")
    cursor = parse_cursor(given) if isinstance(given, str) else None
    problems = [unknown_member(name, ("cursor",)) for name in members if name != "cursor"]
    if cursor is None:
        shown = excerpt(given) if "cursor" in members else None
        problems.append(_invalid_cursor('the body must be {"cursor": "…"}, the id of a notification', shown))
    if cursor is None or problems:
        raise invalid_fields(problems)
    return cursor


def _invalid_cursor(message: str, value: str | None) -> Problem:
    return Problem("cursor", "invalid_cursor", message, value)


HANDLERS = (list_notifications, read_mark, mark_read)
