"""The composition root: settings in, a wired application out. No state at module level."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from litestar import Litestar
from litestar.middleware import DefineMiddleware
from litestar.types import ASGIApp

from api.feeds import routes as feeds
from api.http import assets
from api.http.app_services import keep_metrics, keep_refusal_log, keep_services
from api.http.large_answers import LargeAnswers
from api.http.metrics import Metrics, SharedCounts
from api.http.problems import problem_response
from api.http.refusal_log import RefusalLog
from api.http.request_log import RequestLog
from api.lifetime import running_services
from api.logs import log_failed_services, log_failed_start
from api.own_paths import UNIX
from api.routes import (
    calendar_file,
    calendars,
    document,
    event_batches,
    events,
    health,
    live,
    notifications,
    pages,
    presence,
    problems,
    session,
    tasks,
    tickets,
    uploads,
    uploads_preview,
    uploads_rejected,
    uploads_repairs,
    uploads_staged,
    uploads_tus,
    users,
    webhooks,
)
from api.routes.at_once import AnswersAtOnce
from api.routes.uploads_tus_answers import TusAnswers
from api.security.arrival import Arrival
from api.security.authentication import Authentication
from api.security.cors import Cors
from api.security.guards import Guard
from api.security.middleware import SecurityMiddleware
from api.security.origins import AllowedHosts, OriginPolicy
from api.security.proxies import TrustedProxies, parse_networks
from api.services.links import reached_under
from api.settings import Settings

if TYPE_CHECKING:
    from api.tracing.traces import Traces

ROUTES = (
    feeds,
    events,
    event_batches,
    calendar_file,
    uploads,
    uploads_preview,
    uploads_repairs,
    uploads_staged,
    uploads_rejected,
    uploads_tus,
    live,
    presence,
    tasks,
    pages,
    session,
    tickets,
    calendars,
    notifications,
    users,
    webhooks,
    health,
    problems,
    document,
)


def create_app(settings: Settings, shared: SharedCounts | None = None) -> Litestar:
    """Return the application for one process, which may count together with others.

    Its lifespan opens and closes everything durable.
    """
    metrics = Metrics(shared)
    traces = _traces(settings)
    app = Litestar(
        route_handlers=[handler for module in ROUTES for handler in module.HANDLERS],
        lifespan=[partial(_serving, settings, metrics, traces)],
        middleware=[
            DefineMiddleware(Authentication, guard=_guard(settings), is_open=settings.is_open),
            AnswersAtOnce,
        ],
        exception_handlers={Exception: problem_response},
        request_max_body_size=settings.max_body_bytes,
        openapi_config=None,
        logging_config=None,
    )
    keep_metrics(app, metrics)
    keep_refusal_log(app, RefusalLog(metrics, time.monotonic))
    # Litestar's middleware runs inside its router and never sees a 404: this goes around it.
    answered = LargeAnswers(TusAnswers(_gate(settings, app.asgi_handler)))
    logged = RequestLog(app, traces.requests(answered) if traces else answered, metrics)
    app.asgi_handler = _arrival(settings, logged)
    return app


def _traces(settings: Settings) -> "Traces | None":
    if settings.traces is None:
        return None
    # Its packages are an extra, and are loaded only where they are needed.
    from api.tracing.traces import Traces  # noqa: PLC0415

    return Traces(settings.traces)


def _guard(settings: Settings) -> Guard:
    return Guard(calls_per_minute=settings.calls_per_minute, uploads_per_minute=settings.uploads_per_minute)


def _arrival(settings: Settings, inner: ASGIApp) -> Arrival:
    return Arrival(
        inner,
        proxies=TrustedProxies(
            parse_networks(settings.trusted_proxies), trusts_unix=UNIX in settings.trusted_proxies
        ),
        root_path=settings.root_path,
        is_open_locally=settings.is_open_locally,
    )


def _gate(settings: Settings, inner: ASGIApp) -> SecurityMiddleware:
    return SecurityMiddleware(
        inner,
        hosts=AllowedHosts(settings.allowed_hosts, listening_on=settings.host),
        origins=OriginPolicy(settings.allowed_origins, ambient=settings.is_open),
        cors=Cors(settings.allowed_origins),
    )


@asynccontextmanager
async def _serving(
    settings: Settings, metrics: Metrics, traces: "Traces | None", app: Litestar
) -> AsyncIterator[None]:
    log_failure = log_failed_start
    try:
        async with AsyncExitStack() as opened:
            if traces is not None:
                opened.push_async_callback(traces.aclose)
            # Beside the rest of the start, which does not wait for it long.
            page = asyncio.get_running_loop().run_in_executor(None, assets.built)
            # Before the services: jobs that start with the server send addresses, too.
            reached_under(settings.root_path, own=settings.root_path)
            services = await opened.enter_async_context(running_services(settings, metrics, traces))
            keep_services(app, services)
            await page
            log_failure = log_failed_services
            yield
    except Exception as error:
        log_failure(error)
        raise
