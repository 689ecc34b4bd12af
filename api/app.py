"""The composition root: settings in, a wired application out. No state at module level."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import anyio
from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.types import ASGIApp

from api.edge import Edge
from api.metrics import Metrics
from api.problems import problem_response
from api.routes import document, health, problems, session, tickets, users
from api.security.access import Guard, SignInLimit
from api.security.authentication import Authentication
from api.security.gate import Gate
from api.security.limits import MinuteMeter
from api.security.origins import AllowedHosts, OriginPolicy
from api.security.proxies import TrustedProxies, parse_networks
from api.services.people import People
from api.settings import Settings
from api.storage.store import open_store


def create_app(settings: Settings) -> Litestar:
    """Return the application for one process. Its lifespan opens and closes everything durable."""
    metrics, meter = Metrics(), MinuteMeter()
    guard = Guard(
        meter, calls_per_minute=settings.calls_per_minute, uploads_per_minute=settings.uploads_per_minute
    )
    sign_in_limit = SignInLimit(meter, failures_per_minute=settings.failed_signins_per_minute)
    app = Litestar(
        route_handlers=[
            *health.HANDLERS,
            *problems.HANDLERS,
            *document.HANDLERS,
            *session.HANDLERS,
            *tickets.HANDLERS,
            *users.HANDLERS,
        ],
        lifespan=[_running],
        dependencies={name: _of_state(name) for name in ("metrics", "people", "sign_in_limit")},
        middleware=[Authentication],
        guards=[guard],
        cors_config=_cors(settings),
        exception_handlers={Exception: problem_response},
        request_max_body_size=settings.max_body_bytes,
        state=State({"settings": settings, "metrics": metrics, "sign_in_limit": sign_in_limit}),
        openapi_config=None,
        logging_config=None,
    )
    # Litestar's middleware runs behind its router and never sees a 404; this goes around all.
    app.asgi_handler = Edge(app, _gate(settings, app.asgi_handler), metrics)
    return app


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
async def _running(app: Litestar) -> AsyncIterator[None]:
    """Keep everything open and at work while the server serves; close in the opposite order."""
    settings: Settings = app.state.settings
    async with AsyncExitStack() as opened, anyio.create_task_group() as tasks:
        store = await open_store(
            settings.database_url or "",
            committed=lambda _: None,
            data_dir=settings.data_dir,
            timezone=settings.timezone,
        )
        opened.push_async_callback(store.aclose)
        app.state.people = People(store, clock=clock_ms, session_seconds=settings.session_hours * 3600)
        if not settings.is_open:
            await _let_the_first_in(app.state.people)
        yield
        tasks.cancel_scope.cancel()


async def _let_the_first_in(people: People) -> None:
    """Make `admin` on a store without users, and print the token: never into the log, which is kept."""
    if (token := await people.add_first()) is not None:
        print(f"First start: user admin, token {token}", flush=True)  # noqa: T201


def clock_ms() -> int:
    """Return milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000


def _of_state(name: str) -> Provide:
    """Return a dependency that hands out what the lifespan put into the state."""

    def read(state: State) -> Any:
        return getattr(state, name)

    provider: Callable[[State], Any] = read
    return Provide(provider, sync_to_thread=False)
