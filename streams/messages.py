"""The messages that every feed has, and the one encoding of all messages.

Those of the product are in `domain.messages`; here they are only known by what the feed needs.

Drafts have no id: the store draws `seq` in the transaction that keeps the message, and
`with_id` then puts it after the type. Members are encoded in the order of declaration.
Source: docs/feed-protocol.md, "The messages".
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal, Protocol

from msgspec import UNSET, Struct, UnsetType, json

Resume = Literal["fresh", "recovered", "reset"]
ResetReason = Literal["epoch", "ahead", "expired", "malformed"]
ByeReason = Literal["finished", "drain", "expired", "renew", "slow", "limit", "unavailable"]

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
    """Sent after a silence, so that a client can tell a quiet feed from a dead connection."""

    at: str


class Bye(Struct, frozen=True, tag="bye"):
    """The last message of every connection, with the reason."""

    reason: ByeReason
    retry_ms: int


class Durable(Protocol):
    """A message that is stored and has an id: a msgspec Struct with a tag."""

    @property
    def feed(self) -> str:
        """The feed that it is published to."""
        ...

    @property
    def ends_feed(self) -> bool:
        """Whether it is the last message of its feed."""
        ...


class State(Protocol):
    """The value of a state feed, a msgspec Struct with a tag."""

    @property
    def feed(self) -> str:
        """The feed whose value it is."""
        ...

    @property
    def at(self) -> str:
        """The time of the value; a change of only this is not published."""
        ...


Passing = Hello | Heartbeat | Bye | State


def draft(message: Durable) -> Draft:
    """Return a durable message as the store takes it: (feed, body without id, final)."""
    return message.feed, _encoder.encode(message), message.ends_feed


def encode(message: Passing) -> bytes:
    """Return the body of a message that has no id."""
    return _encoder.encode(message)


def with_id(body: bytes, epoch: str, seq: int) -> bytes:
    """Return a draft's body with `"id":"epoch.seq"` right after its type.

    A body starts with ``{"type":"…"``; no type has a quote in it.
    """
    front, back = around_seq(body, epoch)
    return b"%b%d%b" % (front, seq, back)


def around_seq(body: bytes, epoch: str) -> tuple[bytes, bytes]:
    """Return what stands before and behind the seq in a draft's body with its id."""
    after_type = body.index(b'"', 9) + 1
    return b'%b,"id":"%b.' % (body[:after_type], epoch.encode()), b'"' + body[after_type:]


def timestamp(at_ms: int) -> str:
    """Return milliseconds since 1970 as RFC 3339 in UTC, such as ``2026-11-24T12:00:00.123Z``."""
    return f"{_second(at_ms // 1000)}.{at_ms % 1000:03d}Z"


@lru_cache(4)
def _second(at_s: int) -> str:
    return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%dT%H:%M:%S}"
