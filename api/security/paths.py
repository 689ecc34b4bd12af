"""Gives the path of a request one form, the routed one, before anything looks at it.

The router folds slashes by itself, behind all checks: `DELETE /eventos/`, which has lost its id, would
be `DELETE /eventos`, and `//sse/eventos` no feed for the check of `Origin`.
"""

from typing import Any

from api.http.problems import as_reference
from api.http.request_log import PATH_FAULT
from api.redaction import redact
from api.security.origins import SAFE_METHODS
from api.services.links import link

_NEEDS_NO_ID = SAFE_METHODS | {"POST"}
"""What they do at a list, in place of one of its things, neither replaces nor deletes anything."""

LONGEST_PATH = 1000
"""In characters. The router keeps the paths that it has found: they must not be as long as a caller likes."""

_FEEDS = ("/sse", "/ws", "/poll")


def fold_front(scope: dict[str, Any]) -> None:
    """Make several slashes in front of a scope's path one, in place.

    Proxies make them (`proxy_pass http://up/;` in `location /app`), before the prefix and behind it.
    """
    if scope["path"].startswith("//"):
        scope["path"] = "/" + scope["path"].lstrip("/")


def settle_path(scope: dict[str, Any]) -> None:
    """Take a slash off the end of a scope's path, in place, or note why there is nothing at it.

    People write one at the end. An empty segment inside stands for a name that was left out.
    """
    fold_front(scope)  # What stood behind a prefix.
    path: str = scope["path"]
    if len(path) > LONGEST_PATH:
        scope["state"][PATH_FAULT] = f"No path has more than {LONGEST_PATH} characters."
    elif "//" in path:
        scope["state"][PATH_FAULT] = "A path with an empty segment (//) is no address; nothing was changed."
    elif path.endswith("/") and path != "/":
        path = scope["path"] = path[:-1]
        if scope.get("method", "GET") not in _NEEDS_NO_ID:
            scope["state"][PATH_FAULT] = (
                "A path that ends in a slash may have lost its id; nothing was changed. "
                f"Without the slash it is {redact(as_reference(link(path).encode()))}."
            )


def is_feed(path: str) -> bool:
    """Return whether a path is one of the transports'."""
    return path in _FEEDS or path.startswith(tuple(f"{prefix}/" for prefix in _FEEDS))
