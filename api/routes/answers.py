"""JSON answers, encoded once."""

import msgspec
from litestar import Response


def json_answer(
    content: object, *, status: int = 200, headers: dict[str, str] | None = None
) -> Response[bytes]:
    """Return a JSON answer."""
    body = msgspec.json.encode(content)
    return Response(body, status_code=status, media_type="application/json", headers=headers or {})
