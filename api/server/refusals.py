"""Answers to requests that are refused before they reach the application. No I/O."""

import re

import httptools
import msgspec
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from api.http.problems import MEDIA_TYPE, HttpProblem, describe_problem, reference_under
from api.redaction import redact
from api.server.request_head import TARGET_RULE, Headers, Refused, parse_target

HTTP_VERSION_ERROR = "Invalid HTTP version"
_CODING_ERROR = "Invalid `Transfer-Encoding` header value"
_URL_ERROR = (
    "A URL has only ASCII; other characters must be percent-encoded as UTF-8: Bras%C3%ADlia for Brasília"
    " (curl: -G --data-urlencode city=Brasília)."
)
_NO_TARGET = re.compile(rb"(?:\A|\n)[A-Z]+ +(?!/|(?i:https?)://)[!-~]")
"""The beginning of a request line whose target is neither a path nor an http URL."""
_LONGEST_SHOWN = 500
_PREFACE_ERRORS = ("Pause on PRI/Upgrade", "Expected HTTP/2 Connection Preface")


def problem_of(error: httptools.HttpParserError, read: bytes = b"") -> HttpProblem:
    """Return the answer to a parser error; `read` is what was read last, where it is about a head."""
    if isinstance(error.__context__, Refused):
        return error.__context__.problem
    # The preface of HTTP/2 names its version as any other request line does (RFC 9113 §3.4).
    if str(error) in (HTTP_VERSION_ERROR, *_PREFACE_ERRORS):
        return HttpProblem("http-version", "This server speaks HTTP/1.1 and HTTP/1.0.")
    if str(error) == _CODING_ERROR:
        return HttpProblem("not-implemented", "chunked is the only Transfer-Encoding that is supported.")
    if isinstance(error, httptools.HttpParserInvalidURLError):
        return HttpProblem("bad-request", TARGET_RULE if _NO_TARGET.search(read) else _URL_ERROR)
    return HttpProblem("bad-request", "The request is not valid HTTP.")


def problem_body(problem: HttpProblem, instance: str) -> bytes:
    """Return the problem document."""
    return msgspec.json.encode(describe_problem(problem, instance))


def instance_of(target: bytes, prefix: str) -> str:
    """Return the path in a request target as its client reaches it, without secrets; empty without a path."""
    try:
        path = parse_target(target).path
    except Refused:
        return ""
    return redact(reference_under(prefix, path[:_LONGEST_SHOWN]))


def last_answer(problem: HttpProblem, body: bytes, headers: Headers, request_id: str) -> bytes:
    """Return the bytes of an answer that ends its connection. `headers` are those of every answer."""
    more = {name.lower(): value for name, value in (problem.headers or {}).items()}
    lines = [
        *headers,
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        (b"x-request-id", request_id.encode()),
        *[(name.encode(), str(value).encode()) for name, value in more.items()],
        (b"connection", b"close"),
    ]
    head = b"".join([b"%b: %b\r\n" % line for line in lines])
    return b"%b%b\r\n%b" % (STATUS_LINE[problem.status_code], head, body)
