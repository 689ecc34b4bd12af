"""Refuses compressed bodies, whose size is unknown before decompression."""

from typing import Any

from litestar import Request

from api.http.problems import HttpProblem


def refuse_encoded(request: Request[Any, Any, Any]) -> None:
    """Refuse a body that has a Content-Encoding. Source: RFC 9110 §15.5.16."""
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        raise HttpProblem(
            "unsupported-media-type",
            f"Content-Encoding {encoding[:40]!r} is not supported",
            headers={"Accept-Encoding": "identity"},
        )
