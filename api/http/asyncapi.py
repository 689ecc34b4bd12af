"""Builds the AsyncAPI document of the feeds from the message types. Source: AsyncAPI 3.0.0."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from domain import messages
from streams.messages import Bye, Heartbeat, Hello

JsonObject = dict[str, Any]

_ID: JsonObject = {"type": "string", "maxLength": 40, "pattern": "^[A-Za-z0-9._-]+$"}
_FRAMING = (Hello, Heartbeat, Bye)
_DURABLE = (
    messages.UploadProgress,
    messages.RowError,
    messages.Log,
    messages.Finished,
    messages.EventCreated,
    messages.EventUpdated,
    messages.EventDeleted,
    messages.EventsChanged,
    messages.TaskProgress,
    messages.Notification,
)
_STATES = (messages.DashboardState, messages.PresenceState)
_IMPORT = (messages.UploadProgress, messages.RowError, messages.Log, messages.Finished)
_FEEDS: dict[str, tuple[str, str, Sequence[type]]] = {
    "upload": ("upload/{upload_id}", "One import, line by line.", _IMPORT),
    "imports": ("eventos/progresso", "The messages of every import, merged.", _IMPORT),
    "events": (
        "eventos",
        "Events that are created, changed or deleted.",
        (messages.EventCreated, messages.EventUpdated, messages.EventDeleted, messages.EventsChanged),
    ),
    "task": ("tarefas/{task_id}", "One task.", (messages.TaskProgress, messages.Log, messages.Finished)),
    "admin": ("admin", "Notifications to administrators.", (messages.Notification,)),
    "dashboard": ("dashboard", "Live counts.", (messages.DashboardState,)),
    "presence": ("presenca", "Who is online.", (messages.PresenceState,)),
}
_PARAMETERS: dict[str, JsonObject] = {
    "transport": {
        "enum": ["sse", "ws", "poll"],
        "description": "The bytes of a message are the same on every transport.",
    },
    "upload_id": {"description": "1 to 64 of A-Z a-z 0-9 _ -; chosen by the client, or drawn."},
    "task_id": {"description": "1 to 64 of A-Z a-z 0-9 _ -."},
}


def build_asyncapi(*, version: str) -> JsonObject:
    """Return the AsyncAPI document of all feeds."""
    types = [*_FRAMING, *_DURABLE, *_STATES]
    _, schemas = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    for schema in schemas.values():
        _as_sent(schema)
    for durable in _DURABLE:
        _give_id(schemas[durable.__name__])
    for carried, feed in _only_feeds():
        schemas[carried.__name__]["properties"]["feed"] = {"type": "string", "const": feed}
    unions = {f"{name.title()}Message": _union(carried) for name, (_, _, carried) in _FEEDS.items()}
    return {
        "asyncapi": "3.0.0",
        "info": _info(version),
        "defaultContentType": "application/json",
        "channels": {name: _channel(*feed) for name, feed in _FEEDS.items()},
        "operations": {f"read_{name}": _operation(name, feed[2]) for name, feed in _FEEDS.items()},
        "components": {
            "messages": {one.__name__: _message(one) for one in types},
            "schemas": schemas | unions,
        },
    }


def _info(version: str) -> JsonObject:
    return {
        "title": "FastTrack feeds",
        "version": version,
        "license": {"name": "MIT"},
        "description": (
            "One feed, three transports: Server-Sent Events, WebSocket, long poll. Resume anywhere with "
            "`Last-Event-ID` or `?last_event_id=`. Several feeds: `/sse?feed=eventos&feed=dashboard`."
        ),
    }


def _as_sent(schema: JsonObject) -> None:
    """Describe what is sent, not what a constructor takes: members with a default are always there."""
    schema["description"] = schema["description"].partition("\n")[0]
    always = [name for name, member in schema["properties"].items() if "default" in member]
    schema["required"] = [*schema.get("required", ()), *always]
    for name in always:
        del schema["properties"][name]["default"]


def _union(carried: Sequence[type]) -> JsonObject:
    """Return what a connection to a feed may bring: told apart by `type`."""
    return {
        "discriminator": "type",
        "oneOf": [_reference("schemas", one) for one in (*_FRAMING, *carried)],
    }


def _give_id(schema: JsonObject) -> None:
    """Describe the id that the store gives to each message it keeps."""
    schema["properties"]["id"] = _ID
    schema["required"] = [*schema.get("required", ()), "id"]


def _only_feeds() -> Iterator[tuple[type, str]]:
    """Yield each type that one feed alone carries, with its name: types of one `type` differ by it."""
    for carried in (*_DURABLE, *_STATES):
        feeds = [feed for feed, _, types in _FEEDS.values() if carried in types]
        if len(feeds) == 1 and "{" not in feeds[0]:
            yield carried, feeds[0]


def _channel(feed: str, about: str, carried: Sequence[type]) -> JsonObject:
    names = ["transport", *(name for name in ("upload_id", "task_id") if name in feed)]
    return {
        "address": "/{transport}/" + feed,
        "description": about,
        "parameters": {name: _PARAMETERS[name] for name in names},
        "messages": {one.__name__: _reference("messages", one) for one in (*_FRAMING, *carried)},
    }


def _operation(channel: str, carried: Sequence[type]) -> JsonObject:
    place = f"#/channels/{channel}"
    names = [one.__name__ for one in (*_FRAMING, *carried)]
    return {
        "action": "send",
        "channel": {"$ref": place},
        "messages": [{"$ref": f"{place}/messages/{name}"} for name in names],
    }


def _message(one: type) -> JsonObject:
    about = (one.__doc__ or "").partition("\n")[0]
    return {"name": one.__name__, "summary": about, "payload": _reference("schemas", one)}


def _reference(kind: str, one: type) -> JsonObject:
    return {"$ref": f"#/components/{kind}/{one.__name__}"}
