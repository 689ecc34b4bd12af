"""ETags and conditional requests. Source: RFC 9110 §8.8.3, §13.1."""

import re
from collections.abc import Callable

from domain.events import Event

_TAG = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')


def etag_of(event: Event) -> str:
    """Return the strong tag of one version of an event."""
    return f'"{event.id}-{event.version}"'


def if_match(header: str | None) -> Callable[[Event], bool]:
    """Return whether an event may be changed under an If-Match header. Strong comparison."""
    if header is None or header.strip() == "*":
        return lambda _: True
    tags = {tag for weak, tag in _TAG.findall(header) if not weak}
    return lambda event: etag_of(event) in tags


def is_known(header: str | None, event: Event) -> bool:
    """Return whether an If-None-Match header names this version. Weak comparison."""
    if header is None:
        return False
    return header.strip() == "*" or etag_of(event) in {tag for _, tag in _TAG.findall(header)}
