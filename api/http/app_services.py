"""Stores the services in the application, for handlers, feeds and middleware."""

from litestar import Litestar

from api.http.metrics import Metrics
from api.http.refusal_log import RefusalLog
from api.services.identity import Identity
from api.services.services import Services
from streams.hub import FeedHub

_KEY = "services"


def keep_services(app: Litestar, services: Services) -> None:
    """Make services available to the requests of an application."""
    app.state[_KEY] = services
    app.state.hub = services.hub


def services_of(app: Litestar) -> Services:
    """Return the services of an application that has started.

    Handlers ask for them here: to have the framework inject them takes 10 µs of each request.
    """
    services: Services = app.state[_KEY]
    return services


def keep_metrics(app: Litestar, metrics: Metrics) -> None:
    """Store the metrics, which are there before the services are."""
    app.state.metrics = metrics


def metrics_of(app: Litestar) -> Metrics:
    """Return the metrics of this process."""
    metrics: Metrics = app.state.metrics
    return metrics


def keep_refusal_log(app: Litestar, log: RefusalLog) -> None:
    """Store the refusal log, in which the server reports answers without the application."""
    app.state.refusal_log = log


def refusal_log_of(app: Litestar) -> RefusalLog:
    """Return the refusal log, in which the server reports answers without the application."""
    log: RefusalLog = app.state.refusal_log
    return log


def hub_of(app: Litestar) -> FeedHub[Identity]:
    """Return the feeds of an application; one that only serves feeds needs no other service."""
    hub: FeedHub[Identity] = app.state.hub
    return hub
