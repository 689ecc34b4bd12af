"""Every refusal of the API in one form. Source: RFC 9457, Problem Details for HTTP APIs."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from msgspec import Struct

from domain.ports import StorageFullError, StorageUnavailableError
from domain.problems import VALUE_LIMIT, Problem

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 2

logger = logging.getLogger("fasttrack.api")


class Kind(Struct, frozen=True):
    """A kind of refusal: what `/problems/{slug}` explains."""

    status: int
    title: str
    explanation: str


KINDS: dict[str, Kind] = {
    "bad-request": Kind(400, "Bad request", "The request cannot be understood as it is."),
    "invalid-json": Kind(400, "Invalid JSON", "The body is not one JSON value, or repeats a member."),
    "invalid-query": Kind(400, "Invalid query", "A parameter of the URL breaks its rule; see `errors`."),
    "unauthorized": Kind(401, "Sign-in needed", "Send a personal token, or sign in for a session."),
    "forbidden": Kind(403, "Not allowed", "Your role does not include this; `detail` says which does."),
    "not-found": Kind(404, "Not found", "Nothing is stored under this address."),
    "method-not-allowed": Kind(405, "Method not allowed", "The header Allow lists the methods that are."),
    "not-acceptable": Kind(406, "Not acceptable", "None of the accepted media types can be given."),
    "request-timeout": Kind(408, "Request timed out", "The body did not arrive in time."),
    "conflict": Kind(409, "Conflict", "The present state does not allow this; fetch it and decide again."),
    "gone": Kind(410, "Gone", "It ended before its end, and nothing can be added to it: begin anew."),
    "precondition-failed": Kind(412, "Changed meanwhile", "No ETag in If-Match is the present one."),
    "too-large": Kind(413, "Too large", "The body is larger than the server takes."),
    "unsupported-media-type": Kind(415, "Unsupported media type", "The body is not of a type that is read."),
    "misdirected": Kind(421, "Unknown host", "The Host of the request is not one of this server's."),
    "validation": Kind(422, "Validation failed", "Fields break their rules: `errors` lists every one."),
    "precondition-required": Kind(428, "Precondition required", "Send the header that `detail` names."),
    "too-many-requests": Kind(429, "Too many requests", "Wait for the seconds that Retry-After tells."),
    "internal": Kind(500, "Internal error", "The fault is ours; the log has it under the request's id."),
    "unavailable": Kind(503, "Not available now", "Try again after the seconds that Retry-After tells."),
    "storage-full": Kind(507, "No room left", "The server's disk is full; nothing of this was stored."),
}
_SLUG_BY_STATUS = {kind.status: slug for slug, kind in reversed(KINDS.items())}


class ProblemDetails(Struct, frozen=True, omit_defaults=True):
    """The body of every refusal. `errors` is given where fields are at fault."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: Sequence[Problem] | None = None


class HttpProblem(HTTPException):
    """A refusal of a known kind."""

    def __init__(
        self,
        slug: str,
        detail: str,
        *,
        errors: Sequence[Problem] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail=detail, status_code=KINDS[slug].status, headers=dict(headers or {}))
        self.slug = slug
        self.errors = errors


def invalid_query(errors: Sequence[Problem]) -> HttpProblem:
    """Return the refusal of wrong URL parameters."""
    return HttpProblem("invalid-query", _summary(errors), errors=errors)


def invalid_fields(errors: Sequence[Problem]) -> HttpProblem:
    """Return the refusal of fields that break their rules."""
    return HttpProblem("validation", _summary(errors), errors=errors)


def problem_response(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer any exception. Registered once, for the whole application."""
    problem = _as_problem(error)
    if problem.status_code == 500:
        logger.error("unhandled %s", type(error).__name__, exc_info=error)
    return Response(
        msgspec.json.encode(describe_problem(problem, request.scope["path"])),
        status_code=problem.status_code,
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", **(problem.headers or {})},
    )


def describe_problem(problem: HttpProblem, instance: str) -> ProblemDetails:
    """Return the body that tells a refusal."""
    kind = KINDS[problem.slug]
    return ProblemDetails(
        type=f"/problems/{problem.slug}",
        title=kind.title,
        status=kind.status,
        detail=problem.detail,
        instance=instance,
        errors=problem.errors,
    )


def _as_problem(error: Exception) -> HttpProblem:
    match error:
        case HttpProblem():
            return error
        case StorageFullError():
            return HttpProblem("storage-full", KINDS["storage-full"].explanation)
        case StorageUnavailableError():
            wait = {"Retry-After": str(RETRY_SECONDS)}
            return HttpProblem("unavailable", "The store does not answer now.", headers=wait)
        case ValidationException():
            return invalid_query(_framework_errors(error.extra))
        case HTTPException():
            return _from_framework(error)
    return HttpProblem("internal", KINDS["internal"].explanation)


def _from_framework(error: HTTPException) -> HttpProblem:
    """Keep the status; take our own words, because the framework's may quote its insides."""
    slug = _SLUG_BY_STATUS.get(error.status_code)
    if slug is None:
        slug = "bad-request" if 400 <= error.status_code < 500 else "internal"
    own_words = slug in {"unauthorized", "forbidden", "unavailable", "too-many-requests", "conflict"}
    detail = error.detail if own_words and error.detail else KINDS[slug].explanation
    return HttpProblem(slug, detail, headers=error.headers)


def _framework_errors(extra: Any) -> list[Problem]:
    items = extra if isinstance(extra, list) else []
    return [
        Problem(str(item.get("key", "")), "invalid_type", str(item.get("message", ""))[:VALUE_LIMIT])
        for item in items
        if isinstance(item, dict)
    ]


def _summary(errors: Sequence[Problem]) -> str:
    if len(errors) == 1:
        return errors[0].message
    return f"{len(errors)} errors; the first: {errors[0].message}" if errors else "The request is not valid."
