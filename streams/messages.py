"""Every message of the feed, as a value, and its one encoding.

Drafts have no id: `seq` is drawn by the store in the transaction that keeps the message, and
`with_id` then puts it behind the type. Members are encoded in the order of declaration.
Source: docs/feed-protocol.md, "The messages".
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType, json

Resume = Literal["fresh", "recovered", "reset"]
ResetReason = Literal["epoch", "ahead", "expired", "malformed"]
ByeReason = Literal["finished", "drain", "expired", "slow", "limit", "unavailable"]
LogLevel = Literal["debug", "info", "warning", "error"]
EndStatus = Literal["completed", "failed", "cancelled"]
ChangeReason = Literal["import", "batch", "replace", "delete", "undo"]
Severity = Literal["info", "warning", "error"]

Draft = tuple[str, bytes, bool]
"""Feed, body without id, and whether it is the last message of its feed."""

_encoder = json.Encoder()


class Hello(Struct, frozen=True, tag="hello"):
    """Opens every connection. `cursor` resumes at the place where the replay is about to start."""

    at: str
    transport: Literal["sse", "ws", "poll"]
    feeds: Sequence[str]
    resume: Resume
    cursor: str
    heartbeat_s: float
    user: str
    role: str
    reason: ResetReason | UnsetType = UNSET


class Heartbeat(Struct, frozen=True, tag="heartbeat"):
    """Breaks a silence, so that a page can tell a quiet feed from a dead connection."""

    at: str


class Bye(Struct, frozen=True, tag="bye"):
    """Ends every connection and says why."""

    reason: ByeReason
    retry_ms: int


class UploadProgress(Struct, frozen=True, tag="progress"):
    """A row of an import went in. `progresso` is 0 to 100; `total_bytes` None while unknown."""

    feed: str
    at: str
    upload_id: str
    progresso: int
    line: int
    record: int
    title: str
    accepted: int
    rejected: int
    bytes: int
    total_bytes: int | None


class RowError(Struct, frozen=True, tag="row_error"):
    """A row of an import did not go in; `errors` has every reason (values with the members of a problem)."""

    feed: str
    at: str
    upload_id: str
    progresso: int
    line: int
    record: int
    accepted: int
    rejected: int
    bytes: int
    total_bytes: int | None
    errors: Sequence[Any]


class Log(Struct, frozen=True, tag="log"):
    """A sentence about an import or a task."""

    feed: str
    at: str
    level: LogLevel
    message: str


class EndError(Struct, frozen=True):
    """Why something failed."""

    code: str
    message: str


class Finished(Struct, frozen=True, tag="finished"):
    """The last message of an `upload/*` or `tarefas/*` feed."""

    feed: str
    at: str
    status: EndStatus
    accepted: int
    rejected: int
    rows: int
    seconds: float
    error: EndError | None
    links: Mapping[str, str]


class EventCreated(Struct, frozen=True, tag="event.created"):
    """An event is new; `event` is the whole of it."""

    feed: str
    at: str
    event: Any


class EventUpdated(Struct, frozen=True, tag="event.updated"):
    """An event changed; `changed` names the members."""

    feed: str
    at: str
    event: Any
    changed: Sequence[str]


class EventDeleted(Struct, frozen=True, tag="event.deleted"):
    """An event is gone."""

    feed: str
    at: str
    event_id: int


class EventsChanged(Struct, frozen=True, tag="events.changed"):
    """Many events changed at once: one message a committed batch."""

    feed: str
    at: str
    reason: ChangeReason
    count: int
    upload_id: str | None = None
    first_id: int | None = None
    last_id: int | None = None


class TaskProgress(Struct, frozen=True, tag="progress"):
    """A task came to a step. `progresso` is 0 to 100."""

    feed: str
    at: str
    task_id: str
    progresso: int
    step: str | None


class Notification(Struct, frozen=True, tag="notification"):
    """Tells administrators. `link` is a path of this server, or None."""

    feed: str
    at: str
    severity: Severity
    kind: str
    title: str
    message: str
    actor: str
    link: str | None = None


class DashboardState(Struct, frozen=True, tag="state"):
    """The live counts."""

    feed: str
    at: str
    events: int
    upcoming: int
    cities: int
    participants: int
    capacity: int
    online: int
    uploads_active: int
    by_city: Sequence[Any]
    by_month: Sequence[Any]
    by_venue_type: Sequence[Any]


class PersonOnline(Struct, frozen=True):
    """One person, however many tabs."""

    name: str
    role: str
    connections: int
    since: str


class PresenceState(Struct, frozen=True, tag="state"):
    """Who is online. `online` counts people, `connections` their streams."""

    feed: str
    at: str
    online: int
    connections: int
    users: Sequence[PersonOnline]


Durable = (
    UploadProgress
    | RowError
    | Log
    | Finished
    | EventCreated
    | EventUpdated
    | EventDeleted
    | EventsChanged
    | TaskProgress
    | Notification
)
State = DashboardState | PresenceState
Passing = Hello | Heartbeat | Bye | State


def draft(message: Durable) -> Draft:
    """Return a durable message as the store takes it: (feed, body without id, final)."""
    return message.feed, _encoder.encode(message), isinstance(message, Finished)


def encode(message: Passing) -> bytes:
    """Return the body of a message that has no id."""
    return _encoder.encode(message)


def with_id(body: bytes, epoch: str, seq: int) -> bytes:
    """Return a draft's body with `"id":"epoch.seq"` right behind its type.

    A body starts with ``{"type":"…"``; no type has a quote in it.
    """
    behind_type = body.index(b'"', 9) + 1
    return b'%b,"id":"%b.%d"%b' % (body[:behind_type], epoch.encode(), seq, body[behind_type:])


def timestamp(at_ms: int) -> str:
    """Return milliseconds since 1970 as RFC 3339 in UTC, such as ``2026-11-24T12:00:00.123Z``."""
    return f"{_second(at_ms // 1000)}.{at_ms % 1000:03d}Z"


@lru_cache(4)
def _second(at_s: int) -> str:
    return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%dT%H:%M:%S}"
