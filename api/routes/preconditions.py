"""ETags and conditional requests. Source: RFC 9110 §8.8.3, §13.1."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from api.http.problems import HttpProblem
from api.security.origins import header_list
from domain.events import Event

_TAG = re.compile(r'([Ww]/)?("[\x21\x23-\x7e\x80-\xff]*")')


def etag_of(event: Event) -> str:
    """Return the strong tag of one version of an event."""
    return f'"{event.id}-{event.version}"'


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
        rule = 'must be * or tags in double quotes, as ETag has them, such as "7-1"'
        raise HttpProblem("bad-request", f"{name} {rule}.")
    return tags


def is_known(scope: Mapping[str, Any], etag: str) -> bool:
    """Return whether a request's If-None-Match names this version, weakly compared: its answer is 304."""
    known = header_list(scope, b"if-none-match")
    return known is not None and _is_matched(known, etag.removeprefix("W/"), weakly=True)


def _is_matched(tags: str, etag: str, *, weakly: bool = False) -> bool:
    """Return whether a list of tags has this one. Strongly compared, a weak tag never matches."""
    return tags.strip() == "*" or any(
        tag == etag and (weakly or not weak) for weak, tag in _TAG.findall(tags)
    )
