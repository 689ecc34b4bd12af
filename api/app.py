"""The composition root: settings in, a wired application out. No state at module level."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.types import ASGIApp

from api.edge import Edge
from api.feeds import routes as feeds
from api.lifetime import SERVICES, running_services
from api.logs import log_failed_start
from api.metrics import Metrics
from api.problems import problem_response
from api.routes import (
    document,
    event_batches,
    events,
    health,
    live,
    pages,
    presence,
    problems,
    session,
    tasks,
    tickets,
    uploads,
    uploads_preview,
    uploads_rejected,
    uploads_tus,
    users,
)
from api.security.access import Guard
from api.security.authentication import Authentication
from api.security.gate import Gate
from api.security.origins import AllowedHosts, OriginPolicy
from api.security.proxies import TrustedProxies, parse_networks
from api.settings import Settings

ROUTES = (
    feeds,
    events,
    event_batches,
    uploads,
    uploads_preview,
    uploads_rejected,
    uploads_tus,
    live,
    presence,
    tasks,
    pages,
    session,
    tickets,
    users,
    health,
    problems,
    document,
)


def create_app(settings: Settings) -> Litestar:
    """Return the application for one process. Its lifespan opens and closes everything durable."""
    values = {
        "settings": settings,
        "metrics": Metrics(),
        "timezone": ZoneInfo(settings.timezone),
        "max_batch_events": settings.max_batch_events,
    }
    app = Litestar(
        route_handlers=[handler for module in ROUTES for handler in module.HANDLERS],
        lifespan=[partial(_serving, settings)],
        dependencies={name: _of_state(name) for name in (*values, *SERVICES)},
        middleware=[Authentication],
        guards=[_guard(settings)],
        cors_config=_cors(settings),
        exception_handlers={Exception: problem_response},
        request_max_body_size=settings.max_body_bytes,
        state=State(values),
        openapi_config=None,
        logging_config=None,
    )
    # Litestar's middleware runs behind its router and never sees a 404; this goes around all.
    app.asgi_handler = Edge(app, _gate(settings, app.asgi_handler), app.state.metrics)
    return app


def _guard(settings: Settings) -> Guard:
    return Guard(calls_per_minute=settings.calls_per_minute, uploads_per_minute=settings.uploads_per_minute)


def _gate(settings: Settings, inner: ASGIApp) -> Gate:
    return Gate(
        inner,
        proxies=TrustedProxies(parse_networks(settings.trusted_proxies)),
        hosts=AllowedHosts(settings.allowed_hosts, listening_on=settings.host),
        origins=OriginPolicy(settings.allowed_origins, ambient=settings.is_open),
    )


def _cors(settings: Settings) -> CORSConfig | None:
    """Return what lets pages of the allowed origins read answers. None: no page of another origin does.

    Credentials are allowed: the origins are exact, and the session cookie is SameSite=Strict, so
    only pages of the same site can send it at all.
    """
    if not settings.allowed_origins:
        return None
    return CORSConfig(
        allow_origins=list(settings.allowed_origins),
        allow_credentials=True,
        expose_headers=["ETag", "Link", "Location", "Retry-After", "Upload-Offset", "X-Request-ID"],
    )


@asynccontextmanager
async def _serving(settings: Settings, app: Litestar) -> AsyncIterator[None]:
    async with AsyncExitStack() as opened:
        try:
            services = await opened.enter_async_context(running_services(settings, app.state.metrics))
        except Exception as error:
            log_failed_start(error)
            raise
        app.state.update(services)
        yield


def _of_state(name: str) -> Provide:
    """Return a dependency that hands out what is in the application's state."""

    def read(state: State) -> Any:
        return getattr(state, name)

    return Provide(read, sync_to_thread=False)
