"""Calls a handler that gives its answer ready, without the framework's way to it and back.

That way makes arguments from the request by a model of the handler's signature, and a response of what
the handler returns. A handler that takes the request and parts of the path, and returns an ASGI
application, needs neither: decision 0169 has what that takes.
"""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from litestar import Request
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send

from api.routes.answers import ReadyAnswer
from api.routes.call_rules import Check, check_of

Handler = Callable[..., Awaitable[ASGIApp]]

_READY = (ReadyAnswer, ASGIApp)


class AnswersAtOnce:
    """The innermost middleware: who calls is known, and may. Exceptions are answered by those around it.

    What a call does not take is refused here, before its handler is called.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._handlers: dict[int, tuple[Check | None, tuple[Handler, tuple[str, ...]] | None]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve."""
        plain = cast("dict[str, Any]", scope)
        route_handler: BaseRouteHandler = plain["route_handler"]
        key = id(route_handler)
        if key not in self._handlers:
            self._handlers[key] = (check_of(route_handler), ready_handler(route_handler))
        check, found = self._handlers[key]
        if check is not None:
            check(plain)
        if found is None:
            await self.app(scope, receive, send)
            return
        handler, names = found
        request: Request[Any, Any, Any] = Request(scope, receive, send)
        path = plain["path_params"]
        answer = await handler(request=request, **{name: path[name] for name in names})
        await answer(scope, receive, send)


def ready_handler(handler: BaseRouteHandler) -> tuple[Handler, tuple[str, ...]] | None:
    """Return the function of a handler that gives its answer ready, and which parts of the path it takes.

    None for one that takes or returns anything else, or has the framework do something before or after.
    """
    if not isinstance(handler, HTTPRouteHandler) or handler.has_sync_callable:
        return None
    signature = handler.parsed_fn_signature
    names = tuple(name for name in signature.parameters if name != "request")
    is_plain = (
        signature.return_type.annotation in _READY
        and "request" in signature.parameters
        and all(f"{{{name}:str}}" in path for name in names for path in handler.paths)
        and not (handler.guards or handler.cache or handler.resolve_dependencies())
        and not (handler.resolve_before_request() or handler.resolve_after_response())
    )
    return (handler.fn, names) if is_plain else None
