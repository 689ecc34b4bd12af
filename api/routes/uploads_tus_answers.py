"""Names the version of tus in every answer under its addresses, whoever gives it."""

from collections.abc import Awaitable
from typing import Any, cast

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from api.routes.uploads_tus import PATH
from api.routes.uploads_tus_headers import VERSION

_SPOKEN = (b"tus-resumable", VERSION.encode())


class TusAnswers:
    """An ASGI application around all that refuses requests: clients of tus heed no answer without a version.

    The router, the guards and the checks of origins know nothing of tus, and need not.
    """

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve. No coroutine of its own: every request comes through here."""
        if scope["type"] == ScopeType.HTTP and scope["path"].startswith(PATH) and _is_tus(scope["path"]):
            send = _naming_the_version(send)
        return self._inner(scope, receive, send)


def _is_tus(path: str) -> bool:
    """Return whether a path is an address of tus: an import may be named `tus-1`."""
    return path == PATH or path.startswith(f"{PATH}/")


def _naming_the_version(send: Send) -> Send:
    async def naming(message: Message) -> None:
        if message["type"] == "http.response.start":
            head = cast("dict[str, Any]", message)
            head["headers"] = [*head.get("headers", ()), _SPOKEN]
        await send(message)

    return naming
