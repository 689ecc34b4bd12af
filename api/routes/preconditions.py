"""ETags and conditional requests. Source: RFC 9110 §8.8.3, §13.1."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from api.http.problems import HttpProblem
from api.security.origins import SAFE_METHODS, header_list
from domain.events import Event

_TAG = re.compile(r'([Ww]/)?("[\x21\x23-\x7e\x80-\xff]*")')


def etag_of(event: Event) -> str:
    """Return the strong tag of one version of an event.

    With its time, since ids and versions are given again once a backup is restored: the tag of what the
    store has lost would match another event (RFC 9110 §8.8.1). Of members alone, so that whoever has an
    event of a list has its tag.
    """
    return f'"{event.id}-{event.version}-{event.updated_at}"'


CONDITIONS = frozenset({b"if-match", b"if-none-match"})
"""Those that are about tags. Nothing here has a Last-Modified, so others are ignored (RFC 9110 §13.1.4)."""


def check_untagged(scope: Mapping[str, Any]) -> None:
    """Refuse a call whose condition is false: what it is about exists, and has no ETag.

    Raises:
        HttpProblem: 412: If-Match names tags, or If-None-Match is * on a change; 400 for what is no list.
    """
    allowed = _tags(scope, "If-Match")
    excluded = None if scope["method"] in SAFE_METHODS else _tags(scope, "If-None-Match")
    if allowed is not None and allowed.strip() != "*":
        raise HttpProblem("precondition-failed", "This has no ETag, so that If-Match can name none of its.")
    if excluded is not None and excluded.strip() == "*":
        raise HttpProblem("precondition-failed", "If-None-Match is *, and this exists.")


def may_be_changed(scope: Mapping[str, Any]) -> Callable[[Event], bool]:
    """Return whether a request may change an event, by its If-Match and If-None-Match.

    Raises:
        HttpProblem: 400 for what is no list of tags: it would match nothing, however often it is sent.
    """
    allowed, excluded = _tags(scope, "If-Match"), _tags(scope, "If-None-Match")
    return lambda event: (
        (allowed is None or _is_matched(allowed, etag_of(event)))
        and (excluded is None or not _is_matched(excluded, etag_of(event), weakly=True))
    )


def _tags(scope: Mapping[str, Any], name: str) -> str | None:
    tags = header_list(scope, name.lower().encode())
    if tags is not None and tags.strip() != "*" and _TAG.sub("", tags).strip(" \t,"):
        rule = 'must be * or tags in double quotes, as ETag has them, such as "7-1-2026-06-24T12:00:00.000Z"'
        raise HttpProblem("bad-request", f"{name} {rule}.")
    return tags


def is_known(scope: Mapping[str, Any], etag: str) -> bool:
    """Return whether a request's If-None-Match names this version, weakly compared: its answer is 304.

    Raises:
        HttpProblem: 412: If-Match does not name it, which comes first (RFC 9110 §13.2.2); 400 for no list.
    """
    is_known = False
    for name, _ in scope["headers"]:
        if name == b"if-match" and not _is_matched(_tags(scope, "If-Match") or "", etag):
            raise HttpProblem("precondition-failed", "If-Match names another version than this one.")
        if name == b"if-none-match":
            known = header_list(scope, name) or ""
            is_known = _is_matched(known, etag.removeprefix("W/"), weakly=True)
    return is_known


def _is_matched(tags: str, etag: str, *, weakly: bool = False) -> bool:
    """Return whether a list of tags has this one. Strongly compared, a weak tag never matches."""
    return tags.strip() == "*" or any(
        tag == etag and (weakly or not weak) for weak, tag in _TAG.findall(tags)
    )
