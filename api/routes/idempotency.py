"""The header `Idempotency-Key` of calls that store events: a request that is sent again is carried out once.

Source: draft-ietf-httpapi-idempotency-key-header.
"""

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from operator import attrgetter
from typing import Any, Literal

import msgspec

from api.http.openapi import Query
from api.http.problems import HttpProblem, invalid_fields
from api.security.origins import header, header_list
from api.services.events import Keyed
from domain.events import EVENT_MEMBERS, EventFields
from domain.problems import Problem

NAME = "Idempotency-Key"
IDEMPOTENCY_KEY = Query(
    NAME,
    "A name for the request, new for each. A repeat with the same key and the same events, within 24 hours at"
    " least, stores nothing and answers 200 with what the first one stored; with other events, or on another"
    " call that stores events, the key is refused with 422.",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    place="header",
)

_KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)
_members = attrgetter(*EVENT_MEMBERS)


def idempotency_key(scope: Mapping[str, Any]) -> str | None:
    """Return the key of a request, None for one without.

    Raises:
        HttpProblem: 422: it is no key, or there are several.
    """
    if header(scope, b"idempotency-key") is None:
        return None
    key = header_list(scope, b"idempotency-key") or ""
    if not _KEY.fullmatch(key):
        raise _refused(f"{NAME} must be given once, with 1 to 255 visible ASCII characters")
    return key


def keyed(key: str, call: Literal["event", "batch"], batch: Sequence[EventFields]) -> Keyed:
    """Return a key with a digest of the call and its events.

    Of the events as they were read: the same ones may be written as JSON anew, in another order of members.
    """
    return Keyed(key, sha256(msgspec.json.encode([call, *map(_members, batch)])).digest())


def other_request() -> HttpProblem:
    """Return the refusal of a key that came before with another request."""
    return _refused(
        f"this {NAME} came before with another request: a repeat has the same events on the same call,"
        " and any other request a new key; nothing was stored"
    )


def _refused(message: str) -> HttpProblem:
    return invalid_fields([Problem(NAME, "invalid_option", message)])
