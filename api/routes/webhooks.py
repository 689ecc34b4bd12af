"""Webhooks over HTTP, for administrators. See docs/webhooks.md."""

from collections.abc import Collection
from typing import Any

from litestar import Request, Response, delete, get, patch, post
from litestar.params import FromPath
from msgspec import UNSET, Struct, UnsetType

from api.http.app_services import services_of
from api.http.openapi import Answer, Body, describe
from api.http.problems import HttpProblem, invalid_fields, refusal
from api.routes.answers import NO_STORE
from api.routes.json_body import PATCH_TYPES, PROBLEMS, read_json, read_optional_json
from api.routes.webhooks_body import (
    CHANGE_SCHEMA,
    NEW_SECRET_SCHEMA,
    NEW_WEBHOOK_SCHEMA,
    read_change,
    read_new,
    read_new_secret,
)
from api.services.identity import Identity
from api.services.links import link
from api.services.services import Services
from api.services.webhooks.service import NewSecret
from domain.problems import Problem, excerpt
from domain.webhooks import MAX_WEBHOOKS, Attempt, Webhook
from streams.messages import timestamp

TAG = "webhooks"
MOST_BODY_BYTES = 16_384


class AttemptView(Struct, frozen=True):
    """One delivery: `status` of the answer, null where there was none; `error` says why it failed.

    `why` says the same by code, rule and parameters; null of attempts of an earlier version.
    """

    message_id: str
    at: str
    took_ms: int
    status: int | None
    error: str | None
    why: Problem | None = None


class WebhookView(Struct, frozen=True):
    """A webhook as administrators see it.

    `created_by_disabled`: who created it may no longer sign in; it delivers nevertheless.
    `secret` is there once, when it is set; `old_secrets_until` that time secrets before it sign, too;
    `attempts`, the newest first, where one webhook is asked for.
    """

    id: str
    url: str
    feeds: list[str]
    format: str
    enabled: bool
    disabled_because: str | None
    created_at: str
    created_by: str
    created_by_disabled: bool
    failures: int
    failing_since: str | None
    next_attempt_at: str | None
    old_secrets_until: str | None
    secret: str | UnsetType = UNSET
    attempts: list[AttemptView] | UnsetType = UNSET


class WebhookList(Struct, frozen=True):
    """Every webhook, oldest first."""

    items: list[WebhookView]


@get(
    "/api/v1/webhooks",
    opt=describe("Every webhook", TAG, {200: Answer("Without secrets", WebhookList)}, role="admin"),
)
async def list_webhooks(request: Request[Any, Any, Any]) -> Response[WebhookList]:
    """Return all webhooks, without their secrets."""
    services = services_of(request.app)
    disabled = await _disabled_people(services)
    told = [_view(one, disabled) for one in await services.webhooks.all()]
    return Response(WebhookList(told), headers=NO_STORE)


@post(
    "/api/v1/webhooks",
    status_code=201,
    request_max_body_size=MOST_BODY_BYTES,
    opt=describe(
        "Create a webhook: deliver messages to a receiver from now on",
        TAG,
        {
            201: Answer(
                "The webhook; its secret is shown only once",
                WebhookView,
                headers={"Location": "Where the webhook is."},
            )
        },
        problems=[*PROBLEMS, "conflict"],
        body=Body({"application/json": NEW_WEBHOOK_SCHEMA}),
        role="admin",
    ),
)
async def add_webhook(request: Request[Identity, Any, Any]) -> Response[WebhookView]:
    """Store a webhook and return it with its secret."""
    services = services_of(request.app)
    wanted = await read_json(request, read_new)
    await _check_url(services, wanted.url)
    made = await services.webhooks.add(wanted, actor=request.user.name)
    if made is None:
        raise refusal("conflict.webhooks", limit=MAX_WEBHOOKS)
    headers = {**NO_STORE, "Location": link(f"/api/v1/webhooks/{made.id}")}
    return Response(
        _view(made, await _disabled_people(services), secret=made.secret), status_code=201, headers=headers
    )


@get(
    "/api/v1/webhooks/{webhook_id:str}",
    opt=describe(
        "A webhook and its last attempts",
        TAG,
        {200: Answer("With up to 50 attempts", WebhookView)},
        problems=["not-found"],
        role="admin",
    ),
)
async def get_webhook(webhook_id: FromPath[str], request: Request[Any, Any, Any]) -> Response[WebhookView]:
    """Return one webhook."""
    services = services_of(request.app)
    found = await services.webhooks.get(webhook_id)
    if found is None:
        raise _unknown(webhook_id)
    webhook, attempts = found
    disabled = await _disabled_people(services)
    told = _view(webhook, disabled, attempts=[_attempt_view(one) for one in attempts])
    return Response(told, headers=NO_STORE)


@patch(
    "/api/v1/webhooks/{webhook_id:str}",
    request_max_body_size=MOST_BODY_BYTES,
    opt=describe(
        "Change a webhook, enable or disable it",
        TAG,
        {
            200: Answer(
                "The webhook after the change; a delivery that waits for its next attempt is tried at once",
                WebhookView,
            )
        },
        problems=[*PROBLEMS, "not-found"],
        body=Body(dict.fromkeys(PATCH_TYPES, CHANGE_SCHEMA)),
        role="admin",
    ),
)
async def change_webhook(
    request: Request[Identity, Any, Any], webhook_id: FromPath[str]
) -> Response[WebhookView]:
    """Change url, feeds or enabled, whichever are given."""
    services = services_of(request.app)
    change = await read_json(request, read_change, PATCH_TYPES)
    if change.url is not None:
        await _check_url(services, change.url)
    after = await services.webhooks.change(webhook_id, change, actor=request.user.name)
    if after is None:
        raise _unknown(webhook_id)
    return Response(_view(after, await _disabled_people(services)), headers=NO_STORE)


@post(
    "/api/v1/webhooks/{webhook_id:str}/secret",
    status_code=200,
    request_max_body_size=MOST_BODY_BYTES,
    opt=describe(
        "Replace a webhook's secret",
        TAG,
        {200: Answer("The webhook; its new secret is shown only once", WebhookView)},
        problems=[*PROBLEMS, "not-found"],
        body=Body({"application/json": NEW_SECRET_SCHEMA}, required=False),
        role="admin",
    ),
)
async def change_webhook_secret(
    request: Request[Identity, Any, Any], webhook_id: FromPath[str]
) -> Response[WebhookView]:
    """Replace the secret; for some hours the old one signs deliveries too."""
    services = services_of(request.app)
    wanted = await read_optional_json(request, read_new_secret) or NewSecret()
    after = await services.webhooks.change_secret(webhook_id, wanted, actor=request.user.name)
    if after is None:
        raise _unknown(webhook_id)
    told = _view(after, await _disabled_people(services), secret=after.secret)
    return Response(told, headers=NO_STORE)


@delete(
    "/api/v1/webhooks/{webhook_id:str}",
    status_code=204,
    opt=describe(
        "Remove a webhook",
        TAG,
        {204: Answer("Removed with its log; a delivery that is running may still arrive")},
        problems=["not-found"],
        role="admin",
    ),
)
async def remove_webhook(request: Request[Identity, Any, Any], webhook_id: FromPath[str]) -> Response[None]:
    """Delete a webhook."""
    services = services_of(request.app)
    if not await services.webhooks.remove(webhook_id, actor=request.user.name):
        raise _unknown(webhook_id)
    return Response(None, status_code=204, headers=NO_STORE)


@post(
    "/api/v1/webhooks/{webhook_id:str}/test",
    status_code=200,
    opt=describe(
        "Deliver a test message now",
        TAG,
        {200: Answer("The result; it is also in the log of attempts", AttemptView)},
        problems=["not-found"],
        role="admin",
    ),
)
async def test_webhook(webhook_id: FromPath[str], request: Request[Any, Any, Any]) -> Response[AttemptView]:
    """Send a message of type `webhook.test`, also to a webhook that is disabled."""
    services = services_of(request.app)
    attempt = await services.webhooks.test(webhook_id)
    if attempt is None:
        raise _unknown(webhook_id)
    return Response(_attempt_view(attempt), headers=NO_STORE)


async def _check_url(services: Services, url: str) -> None:
    if (problem := await services.webhooks.problem_of_url(url)) is not None:
        raise invalid_fields([problem])


def _unknown(webhook_id: str) -> HttpProblem:
    return refusal("not-found.webhook", id=excerpt(webhook_id))


async def _disabled_people(services: Services) -> Collection[str]:
    return {user.name for user in await services.people.users() if user.disabled}


def _view(
    webhook: Webhook,
    disabled_people: Collection[str],
    *,
    secret: str | UnsetType = UNSET,
    attempts: list[AttemptView] | UnsetType = UNSET,
) -> WebhookView:
    since, is_failing = webhook.failing_since_ms, webhook.enabled and webhook.failures > 0
    return WebhookView(
        id=webhook.id,
        url=webhook.url,
        feeds=list(webhook.feeds),
        format=webhook.format,
        enabled=webhook.enabled,
        disabled_because=webhook.disabled_because,
        created_at=timestamp(webhook.created_ms),
        created_by=webhook.created_by,
        created_by_disabled=webhook.created_by in disabled_people,
        failures=webhook.failures,
        failing_since=None if since is None else timestamp(since),
        next_attempt_at=timestamp(webhook.next_ms) if is_failing else None,
        old_secrets_until=max((timestamp(old.ends_ms) for old in webhook.old_secrets), default=None),
        secret=secret,
        attempts=attempts,
    )


def _attempt_view(attempt: Attempt) -> AttemptView:
    return AttemptView(
        attempt.message_id,
        timestamp(attempt.at_ms),
        attempt.took_ms,
        attempt.status,
        attempt.error,
        attempt.why,
    )


HANDLERS = (
    *(list_webhooks, add_webhook, get_webhook, change_webhook),
    *(change_webhook_secret, remove_webhook, test_webhook),
)
