"""Answers to requests that are refused before they reach the application. No I/O."""

import httptools
import msgspec
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from api.http.problems import MEDIA_TYPE, HttpProblem, describe_problem
from api.server.request_head import Headers, Refused

HTTP_VERSION_ERROR = "Invalid HTTP version"
_CODING_ERROR = "Invalid `Transfer-Encoding` header value"
_URL_ERROR = (
    "A URL has only ASCII; other characters must be percent-encoded as UTF-8: Bras%C3%ADlia for Brasília"
    " (curl: -G --data-urlencode city=Brasília)."
)
_PREFACE_ERRORS = ("Pause on PRI/Upgrade", "Expected HTTP/2 Connection Preface")


def problem_of(error: httptools.HttpParserError) -> HttpProblem:
    """Return the answer to a parser error."""
    if isinstance(error.__context__, Refused):
        return error.__context__.problem
    # The preface of HTTP/2 names its version as any other request line does (RFC 9113 §3.4).
    if str(error) in (HTTP_VERSION_ERROR, *_PREFACE_ERRORS):
        return HttpProblem("http-version", "This server speaks HTTP/1.1 and HTTP/1.0.")
    if str(error) == _CODING_ERROR:
        return HttpProblem("not-implemented", "chunked is the only Transfer-Encoding that is supported.")
    if isinstance(error, httptools.HttpParserInvalidURLError):
        return HttpProblem("bad-request", _URL_ERROR)
    return HttpProblem("bad-request", "The request is not valid HTTP.")


def problem_body(problem: HttpProblem) -> bytes:
    """Return the problem document."""
    return msgspec.json.encode(describe_problem(problem, ""))


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
