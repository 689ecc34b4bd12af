"""Calls the handler of an HTTP request as Litestar's router does, without what layers around it have done.

The router looks at the Host and the form of the path, which the server and `api.security.paths` have seen
to, and puts together for each request what happens if it fails. Decision 0179 has what that takes.
"""

from typing import Any, cast

from litestar import Litestar, Request
from litestar.enums import ScopeType
from litestar.exceptions import LitestarException
from litestar.handlers import BaseRouteHandler
from litestar.types import ASGIApp, ExceptionHandlersMap, Message, Receive, Scope, Send
from litestar.utils.scope.state import ScopeState


class Routing:
    """An ASGI application in the place of Litestar's own, for paths that have one form by now.

    Where there is no such path or method, and for WebSockets, Litestar answers as ever.
    """

    def __init__(self, app: Litestar) -> None:
        self._framework: ASGIApp = app.asgi_handler
        self._find = app.asgi_router.handle_routing
        self._error_handlers: dict[int, ExceptionHandlersMap] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve. Raises what a handler raises once its answer has begun."""
        if scope["type"] != ScopeType.HTTP:
            await self._framework(scope, receive, send)
            return
        plain = cast("dict[str, Any]", scope)
        try:
            found = self._find(path=plain["path"], method=plain["method"])
        except LitestarException:
            await self._framework(scope, receive, send)
            return
        handler: BaseRouteHandler
        app, handler, plain["path"], plain["path_params"], plain["path_template"] = found
        plain["route_handler"] = handler
        known = self._error_handlers.get(id(handler))
        if known is None:
            known = self._error_handlers[id(handler)] = handler.resolve_exception_handlers()
        # Litestar's own layer inside its middleware looks for them there.
        ScopeState.from_scope(scope).exception_handlers = known
        has_begun = False

        async def noting(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await app(scope, receive, noting)
        except Exception as error:
            if has_begun:
                raise
            await _answer(error, known, scope, receive, send)


async def _answer(
    error: Exception, known: ExceptionHandlersMap, scope: Scope, receive: Receive, send: Send
) -> None:
    """Answer an error of a layer around the handler, by what is known of its kind, or of the nearest one."""
    respond = next(known[kind] for kind in type(error).__mro__ if kind in known)
    request: Request[Any, Any, Any] = Request(scope, receive, send)
    response = respond(request, error).to_asgi_response(app=None, request=request)
    await response(scope, receive, send)
