"""The product's messages: everything on a feed except hello, heartbeat and bye.

Members are encoded in the order of declaration; the store adds `id` right after the type of those
it keeps. Source: docs/feed-protocol.md, "The messages".
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from msgspec import UNSET, Struct, UnsetType

from domain.events import Event
from domain.problems import Problem
from domain.venues import VenueType

LogLevel = Literal["debug", "info", "warning", "error"]
EndStatus = Literal["completed", "failed", "cancelled"]
ChangeReason = Literal["import", "batch", "replace", "delete", "undo"]
Severity = Literal["info", "warning", "error"]

_Plain = str | int | float | bool | None
Param = _Plain | Sequence[_Plain | Mapping[str, _Plain]] | Mapping[str, _Plain | Sequence[_Plain]]
"""A value in a sentence, such as a count, how a file was read, or its columns."""


class Stored(Struct, frozen=True):
    """A message that the store keeps."""

    ends_feed: ClassVar[bool] = False
    """Whether it is the last message of its feed."""


class UploadProgress(Stored, frozen=True, tag="progress"):
    """A row of an import was stored. `progresso` is 0 to 100; `total_bytes` is None while unknown."""

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
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0


class RowError(Stored, frozen=True, tag="row_error"):
    """A row of an import was rejected; `errors` has all reasons."""

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
    errors: Sequence[Problem]
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0


class Log(Stored, frozen=True, tag="log"):
    """A sentence about an import or a task; with `code` and `params` a client can translate it."""

    feed: str
    at: str
    level: LogLevel
    message: str
    code: str | UnsetType = UNSET
    params: Mapping[str, Param] | UnsetType = UNSET


class EndError(Struct, frozen=True):
    """Why something failed."""

    code: str
    message: str
    params: Mapping[str, Param] | UnsetType = UNSET
    rule: str | UnsetType = UNSET


def end_error(problem: Problem, **counts: Param) -> EndError:
    """Return a problem as the end of a feed tells it; what it speaks of is in `params`, its value, too."""
    value: dict[str, Param] = {} if problem.value is None else {"value": problem.value}
    own: Mapping[str, Param] = problem.params or {}
    params = {**counts, **value, **own}
    return EndError(problem.code, problem.message, params or UNSET, problem.rule)


class Finished(Stored, frozen=True, tag="finished"):
    """The last message of an `upload/*` or `tarefas/*` feed.

    That of an import also has what became of its accepted rows, and whether they stay in the store.
    """

    ends_feed: ClassVar[bool] = True

    feed: str
    at: str
    status: EndStatus
    accepted: int
    rejected: int
    rows: int
    seconds: float
    error: EndError | None
    links: Mapping[str, str]
    created: int | UnsetType = UNSET
    updated: int | UnsetType = UNSET
    unchanged: int | UnsetType = UNSET
    skipped: int | UnsetType = UNSET
    rows_stay: bool | UnsetType = UNSET


class EventCreated(Stored, frozen=True, tag="event.created"):
    """An event is new; `event` is the whole of it."""

    feed: str
    at: str
    event: Event


class EventUpdated(Stored, frozen=True, tag="event.updated"):
    """An event changed; `changed` names the members."""

    feed: str
    at: str
    event: Event
    changed: Sequence[str]


class EventDeleted(Stored, frozen=True, tag="event.deleted"):
    """An event was deleted."""

    feed: str
    at: str
    event_id: int


class EventsChanged(Stored, frozen=True, tag="events.changed"):
    """Many events changed at once: one message per committed batch."""

    feed: str
    at: str
    reason: ChangeReason
    count: int
    upload_id: str | None = None
    first_id: int | None = None
    last_id: int | None = None


class TaskProgress(Stored, frozen=True, tag="progress"):
    """A task came to a step. `progresso` is 0 to 100; `step_code` lets a client word `step` itself."""

    feed: str
    at: str
    task_id: str
    progresso: int
    step: str | None
    step_code: str | None = None


class Notification(Stored, frozen=True, tag="notification"):
    """A notification to administrators. `link` is a path of this server, or None."""

    feed: str
    at: str
    severity: Severity
    kind: str
    title: str
    message: str
    actor: str
    link: str | None = None
    params: Mapping[str, Param] | UnsetType = UNSET


class CityCount(Struct, frozen=True):
    """Events of one city, as it is most often written."""

    city: str
    events: int


class MonthCount(Struct, frozen=True):
    """Events of one month, ``YYYY-MM`` of the wall clock."""

    month: str
    events: int


class VenueTypeCount(Struct, frozen=True):
    """Events at one type of venue; None for events without one."""

    venue_type: VenueType | None
    events: int


class DashboardState(Struct, frozen=True, tag="state"):
    """The live counts.

    Attributes:
        by_month: the latest twelve months that have events.
        coming: this month and the eleven after it, also those without events.
        beyond: events after the months that are coming.
    """

    feed: str
    at: str
    events: int
    upcoming: int
    cities: int
    participants: int
    capacity: int
    online: int
    uploads_active: int
    by_city: Sequence[CityCount]
    by_month: Sequence[MonthCount]
    by_venue_type: Sequence[VenueTypeCount]
    coming: Sequence[MonthCount]
    beyond: int


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
