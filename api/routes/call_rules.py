"""Refuses what a call of the API is sent and does not take: URL parameters, a body, conditions.

What a call takes is what its route declares. What was sent and has no effect would be taken for obeyed: a
filter in the body of a deletion of everything, a limit of a list that has none.
"""

from collections.abc import Callable
from typing import Any

from litestar.handlers import BaseRouteHandler, HTTPRouteHandler

from api.http.openapi import OPT_KEY, Operation
from api.http.problems import HttpProblem
from api.routes.preconditions import CONDITIONS, check_untagged
from api.routes.url_parameters import UrlParameters
from api.security.origins import SAFE_METHODS, header

API = "/api/v1/"

Check = Callable[[dict[str, Any]], None]


class CallRules:
    """What one call of the API does not take.

    Attributes:
        takes_parameters: its handler reads URL parameters, strictly.
        takes_conditions: what it is about has an ETag, and its handler evaluates If-Match and If-None-Match.
        takes_body: a body is read, or has no meaning: nobody narrows by it what the call does.
    """

    __slots__ = ("_takes_body", "_takes_conditions", "_takes_parameters")

    def __init__(self, operation: Operation, *, is_safe: bool) -> None:
        names = {(one.place, one.name) for one in operation.parameters}
        self._takes_parameters = any(place == "query" for place, _ in names)
        self._takes_conditions = ("header", "If-None-Match") in names
        # The body of a GET has no meaning (RFC 9110 §9.3.1); where a change can be narrowed, it may be meant.
        reads_body = operation.body is not None or operation.is_upload
        self._takes_body = reads_body or is_safe or not self._takes_parameters

    def check(self, scope: dict[str, Any]) -> None:
        """Let a call through.

        Raises:
            HttpProblem: 400 for a parameter or a body, 412 for a condition that does not hold.
        """
        if not self._takes_parameters and scope["query_string"]:
            UrlParameters(scope["query_string"], frozenset()).finish()
        if not self._takes_body and _has_body(scope):
            detail = "This call reads no body: what it takes belongs in the URL, after a ?. Nothing was done."
            raise HttpProblem("bad-request", detail)
        if not self._takes_conditions:
            for name, _ in scope["headers"]:
                if name in CONDITIONS:
                    check_untagged(scope)
                    return


def check_of(handler: BaseRouteHandler) -> Check | None:
    """Return the check of a handler; None for one that is no call of the API, or is not described."""
    operation = handler.opt.get(OPT_KEY)
    is_call = any(path.startswith(API) for path in handler.paths)
    if not (is_call and isinstance(operation, Operation) and isinstance(handler, HTTPRouteHandler)):
        return None
    return CallRules(operation, is_safe=handler.http_methods <= SAFE_METHODS).check


def _has_body(scope: dict[str, Any]) -> bool:
    """Return whether a request has a body that may say something. One of unknown length counts.

    Two bytes are `{}`, which some clients send with every call. Source: RFC 9112 §6.3.
    """
    says_nothing = int(header(scope, b"content-length") or 0) in (0, 2)
    return header(scope, b"transfer-encoding") is not None or not says_nothing
