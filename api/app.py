"""The composition root: settings in, a wired application out. No state at module level."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide

from api.edge import Edge
from api.metrics import Metrics
from api.problems import problem_response
from api.routes import document, health, problems
from api.settings import Settings


def create_app(settings: Settings) -> Litestar:
    """Return the application for one process. Its lifespan opens and closes everything durable."""
    metrics = Metrics()
    app = Litestar(
        route_handlers=[
            *health.HANDLERS,
            *problems.HANDLERS,
            *document.HANDLERS,
        ],
        lifespan=[_running],
        dependencies={"metrics": _of_state("metrics")},
        exception_handlers={Exception: problem_response},
        request_max_body_size=settings.max_body_bytes,
        state=State({"settings": settings, "metrics": metrics}),
        openapi_config=None,
        logging_config=None,
    )
    # Litestar's middleware runs behind its router and never sees a 404; this goes around all.
    app.asgi_handler = Edge(app, app.asgi_handler, metrics)
    return app


@asynccontextmanager
async def _running(_app: Litestar) -> AsyncIterator[None]:
    """Keep everything open and at work while the server serves; close in the opposite order."""
    async with anyio.create_task_group() as tasks:
        yield
        tasks.cancel_scope.cancel()


def _of_state(name: str) -> Provide:
    """Return a dependency that hands out what the lifespan put into the state."""

    def read(state: State) -> Any:
        return getattr(state, name)

    provider: Callable[[State], Any] = read
    return Provide(provider, sync_to_thread=False)
