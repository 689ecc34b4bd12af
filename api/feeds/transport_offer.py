"""A server's offer of its transport, as an entry of the ASGI scope's `extensions`.

Our own server makes one (`api.server`). Another server makes none, and `api.feeds.asgi_outlet` serves.
Source: ASGI specification, "Extensions".
"""

from typing import Any, cast

from litestar.types import Scope

from api.transport_extension import EXTENSION


def offer_in(scope: Scope) -> Any:
    """Return the offer of a scope's transport, None under a server that makes none."""
    return (cast("dict[str, Any]", scope).get("extensions") or {}).get(EXTENSION)
