"""The problem documents of all errors. Source: RFC 9457, Problem Details for HTTP APIs."""

import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from msgspec import Struct

from api.http.not_found import not_found_page, wants_page
from api.http.refusal_sentences import REFUSALS
from api.services.links import link
from domain.ports.errors import QuotaError, StorageFullError, StorageUnavailableError, WorkElsewhereError
from domain.problems import MAX_TOLD, VALUE_LIMIT, Problem, ProblemParam

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 2

_STRAY_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")

logger = logging.getLogger("fasttrack.api")


class Kind(Struct, frozen=True):
    """A kind of refusal: what `/problems/{slug}` explains."""

    status: int
    title: str
    explanation: str


KINDS: dict[str, Kind] = {
    "bad-request": Kind(400, "Bad request", "The request is malformed."),
    "invalid-json": Kind(400, "Invalid JSON", "The body is not one JSON value, or repeats a member."),
    "invalid-query": Kind(400, "Invalid query", "A URL parameter is invalid; see `errors`."),
    "unauthorized": Kind(401, "Sign-in needed", "Send a personal token, or sign in for a session."),
    "forbidden": Kind(
        403, "Not allowed", "Your role does not allow this; `detail` names the role that does."
    ),
    "not-found": Kind(404, "Not found", "Nothing is stored under this address."),
    "method-not-allowed": Kind(405, "Method not allowed", "The header Allow lists the allowed methods."),
    "request-timeout": Kind(408, "Request timed out", "The body did not arrive in time."),
    "conflict": Kind(409, "Conflict", "The current state does not allow this; fetch it and decide again."),
    "gone": Kind(410, "Gone", "The upload ended early and accepts no more bytes: start a new one."),
    "precondition-failed": Kind(
        412, "Changed meanwhile", "The headers If-Match or If-None-Match exclude the current ETag."
    ),
    "tus-version": Kind(
        412, "Another version of tus", "The header Tus-Version lists the versions that the server speaks."
    ),
    "too-large": Kind(413, "Too large", "The body is larger than the server accepts."),
    "uri-too-long": Kind(414, "URI too long", "The request line is longer than the server accepts."),
    "unsupported-media-type": Kind(
        415, "Unsupported media type", "The media type of the body is not supported."
    ),
    "misdirected": Kind(421, "Unknown host", "The Host of the request is not a name of this server."),
    "validation": Kind(422, "Validation failed", "Fields are invalid: `errors` lists every one."),
    "upgrade-required": Kind(426, "Upgrade required", "Open a WebSocket here (version 13, by GET)."),
    "too-many-requests": Kind(429, "Too many requests", "Wait for the number of seconds in Retry-After."),
    "fields-too-large": Kind(
        431, "Header too large", "The headers of the request are longer than the server accepts."
    ),
    "internal": Kind(
        500, "Internal error", "The server failed; its log has the reason under the request id."
    ),
    "not-implemented": Kind(501, "Not implemented", "The server does not implement this part of HTTP."),
    "unavailable": Kind(503, "Not available now", "Try again after the number of seconds in Retry-After."),
    "http-version": Kind(505, "HTTP version not supported", "Use HTTP/1.1."),
    "storage-full": Kind(
        507,
        "No room left",
        "The server's disk or your quota is full. Send this again when there is space; an upload resumes"
        " from the bytes that are stored.",
    ),
}
_SLUG_BY_STATUS = {kind.status: slug for slug, kind in reversed(KINDS.items())}


class ProblemDetails(Struct, frozen=True, omit_defaults=True):
    """The body of every refusal. `errors` is given where fields are at fault.

    `rule` and `params`, where they are given, say what `detail` says: a client words it by them.
    """

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: Sequence[Problem] | None = None
    rule: str | None = None
    params: Mapping[str, ProblemParam] | None = None


class HttpProblem(HTTPException):
    """A refusal of a known kind."""

    def __init__(
        self,
        slug: str,
        detail: str,
        *,
        errors: Sequence[Problem] | None = None,
        headers: Mapping[str, str] | None = None,
        rule: str | None = None,
        params: Mapping[str, ProblemParam] | None = None,
    ) -> None:
        super().__init__(detail=detail, status_code=KINDS[slug].status, headers=dict(headers or {}))
        self.slug = slug
        self.errors = errors
        self.rule = rule
        self.params = params


def refusal(
    sentence: str, *, headers: Mapping[str, str] | None = None, **params: ProblemParam
) -> HttpProblem:
    """Return the refusal that a sentence of `REFUSALS` tells: a kind, a dot and a rule."""
    slug, _, rule = sentence.partition(".")
    detail = REFUSALS[sentence].format(**params)
    return HttpProblem(slug, detail, headers=headers, rule=rule, params=params or None)


def invalid_query(errors: Sequence[Problem]) -> HttpProblem:
    """Return the refusal of wrong URL parameters."""
    return HttpProblem("invalid-query", _summary(errors, len(errors)), errors=errors)


def invalid_fields(
    errors: Sequence[Problem], *, count: int | None = None, is_least: bool = False
) -> HttpProblem:
    """Return the refusal of fields that break their rules, of which it lists `MAX_TOLD`.

    Args:
        errors: all of them; with a `count`, those that are to be listed.
        count: how many there are.
        is_least: there may be more: not everything was looked at.
    """
    total, listed = (len(errors), errors[:MAX_TOLD]) if count is None else (count, errors)
    # Who stops at the bound leaves the rest uncounted.
    is_least = is_least or (count is None and total == MAX_TOLD)
    return HttpProblem("validation", _summary(listed, total, is_least=is_least), errors=listed)


def problem_response(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer any exception. Registered once, for the whole application."""
    problem = problem_of(error)
    # A framework's error for a body that broke off is no fault of ours, and its client is gone.
    if problem.status_code == 500 and not request.scope["state"].get("is_abandoned"):
        logger.error("unhandled %s", type(error).__name__, exc_info=error)
    _forget_frames(error)
    if problem.status_code == 404 and wants_page(request.headers.get("Accept", ""), request.scope["path"]):
        return Response(not_found_page(link("")), status_code=404, media_type="text/html")
    return Response(
        msgspec.json.encode(describe_problem(problem, instance_of(request.scope))),
        status_code=problem.status_code,
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", **(problem.headers or {})},
    )


def _forget_frames(error: BaseException | None) -> None:
    """Let go of the frames that an exception passed through, and of the request's body in them.

    Frames that hold the exception would be a cycle, which only a collection frees.
    """
    seen: set[int] = set()
    # One may be its own cause.
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        error.__traceback__ = None
        error = error.__cause__ or error.__context__


def instance_of(scope: Mapping[str, Any]) -> str:
    """Return the path of a request as it was sent, as a URI reference. Source: RFC 9457 §3.1.5."""
    raw = scope.get("raw_path") or scope["path"].encode()
    return reference_under(link(""), raw.partition(b"?")[0])


def reference_under(prefix: str, path: bytes) -> str:
    """Return the path of a request as its client reaches it; a proxy may have taken the prefix off."""
    reference = as_reference(path)
    return reference if prefix and reference.startswith(f"{prefix}/") else prefix + reference


def as_reference(path: bytes) -> str:
    """Return a path with everything escaped that no URI has; what is escaped stays. Source: RFC 3986 §3.3."""
    return quote(_STRAY_PERCENT.sub(b"%25", path), safe="/%:@!$&'()*+,;=")


def describe_problem(problem: HttpProblem, instance: str) -> ProblemDetails:
    """Return the problem document."""
    kind = KINDS[problem.slug]
    return ProblemDetails(
        type=f"/problems/{problem.slug}",
        title=kind.title,
        status=kind.status,
        detail=problem.detail,
        instance=instance,
        errors=problem.errors,
        rule=problem.rule,
        params=problem.params,
    )


def problem_of(error: Exception) -> HttpProblem:
    """Return the problem of any exception."""
    match error:
        case HttpProblem():
            return error
        case StorageFullError():
            return _storage_full(error)
        case StorageUnavailableError():
            wait = {"Retry-After": str(RETRY_SECONDS)}
            is_elsewhere = isinstance(error, WorkElsewhereError)
            return refusal("unavailable.elsewhere" if is_elsewhere else "unavailable.store", headers=wait)
        case ValidationException():
            return invalid_query(_framework_errors(error.extra))
        case HTTPException():
            return _from_framework(error)
    return HttpProblem("internal", KINDS["internal"].explanation)


def _storage_full(error: StorageFullError) -> HttpProblem:
    if isinstance(error, QuotaError):
        return refusal("storage-full.quota", limit_bytes=error.limit_bytes)
    return HttpProblem("storage-full", KINDS["storage-full"].explanation)


def _from_framework(error: HTTPException) -> HttpProblem:
    """Keep the status; take our own words, because the framework's may quote its insides."""
    slug = _SLUG_BY_STATUS.get(error.status_code)
    if slug is None:
        slug = "bad-request" if 400 <= error.status_code < 500 else "internal"
    own_words = slug in {"unauthorized", "forbidden", "unavailable", "too-many-requests", "conflict"}
    detail = error.detail if own_words and error.detail else KINDS[slug].explanation
    if slug == "not-found":
        detail = f"{detail} The API is described at {link('/schema')}."
    return HttpProblem(slug, detail, headers=error.headers)


def _framework_errors(extra: Any) -> list[Problem]:
    items = extra if isinstance(extra, list) else []
    return [
        Problem(str(item.get("key", "")), "invalid_type", str(item.get("message", ""))[:VALUE_LIMIT])
        for item in items
        if isinstance(item, dict)
    ]


def _summary(errors: Sequence[Problem], total: int, *, is_least: bool = False) -> str:
    if not errors:
        return "The request is not valid."
    if total == 1:
        return errors[0].message
    count = f"At least {total} errors" if is_least else f"{total} errors"
    listed = "" if total == len(errors) else f", of which {len(errors)} are listed"
    return f"{count}{listed}; the first: {errors[0].message}"
