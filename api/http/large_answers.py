"""Limits the memory of large answers to clients that do not read them.

An answer is one piece of memory until its client has taken it. A person whose clients leave more than
a bound of such pieces lying gets 429, and a client that takes nothing for long is let go.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any, cast

import anyio
import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from api.http.problems import MEDIA_TYPE, HttpProblem, describe_problem, instance_of

LARGE_BYTES = 256 * 1024
"""A smaller answer fits into what the sockets hold."""

UNREAD_BYTES = 64 * 1024 * 1024
"""Of large answers to one person that are on their way; one is always let go out."""

PIECE_BYTES = 64 * 1024
PIECE_SECONDS = 60
"""How long a client may take for one piece."""

RETRY_SECONDS = 1


class LargeAnswers:
    """Sends large answers piece by piece, and bounds how many bytes of them wait for one person."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner
        self._unread: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != ScopeType.HTTP or scope["state"].get("is_head"):
            await self._inner(scope, receive, send)
            return
        answer = _Answer(self, scope, send)
        try:
            await self._inner(scope, receive, answer.send)
        finally:
            answer.release()

    def reserve(self, person: str, length: int) -> bool:
        """Return whether so many bytes may wait for a person, who then has them until `release`."""
        if self._unread[person] and self._unread[person] + length > UNREAD_BYTES:
            return False
        self._unread[person] += length
        return True

    def release(self, person: str, length: int) -> None:
        """Give back what was reserved."""
        self._unread[person] -= length
        if not self._unread[person]:
            del self._unread[person]


class _Answer:
    """One answer on its way out."""

    def __init__(self, answers: LargeAnswers, scope: Scope, send: Send) -> None:
        self._answers = answers
        self._scope = scope
        self._send = send
        self._person = ""
        self._reserved = 0
        self._is_refused = False

    async def send(self, message: Message) -> None:
        """Pass a message on, in pieces where it is large."""
        if self._is_refused:
            return
        if message["type"] == "http.response.start":
            length = _content_length(message["headers"])
            if length > LARGE_BYTES and not self._reserve(length):
                await self._refuse()
                return
        if message["type"] == "http.response.body" and self._reserved:
            await self._send_pieces(cast("dict[str, Any]", message))
        else:
            await self._send(message)

    def release(self) -> None:
        """Give back what this answer held."""
        if self._reserved:
            self._answers.release(self._person, self._reserved)
            self._reserved = 0

    def _reserve(self, length: int) -> bool:
        self._person = _person(self._scope)
        if not self._answers.reserve(self._person, length):
            return False
        self._reserved = length
        return True

    async def _send_pieces(self, message: dict[str, Any]) -> None:
        rest = memoryview(message["body"])
        more = message.get("more_body", False)
        while len(rest) > PIECE_BYTES:
            await self._send_piece(bytes(rest[:PIECE_BYTES]), more_body=True)
            rest = rest[PIECE_BYTES:]
        await self._send_piece(bytes(rest), more_body=more)

    async def _send_piece(self, piece: bytes, *, more_body: bool) -> None:
        with anyio.fail_after(PIECE_SECONDS):
            await self._send({"type": "http.response.body", "body": piece, "more_body": more_body})

    async def _refuse(self) -> None:
        self._is_refused = True
        problem = HttpProblem(
            "too-many-requests", "Read the large answers that you have requested before you request more."
        )
        body = msgspec.json.encode(describe_problem(problem, instance_of(self._scope)))
        headers = [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", b"%d" % len(body)),
            (b"retry-after", b"%d" % RETRY_SECONDS),
            (b"cache-control", b"no-store"),
        ]
        await self._send({"type": "http.response.start", "status": 429, "headers": headers})
        await self._send({"type": "http.response.body", "body": body, "more_body": False})


def _content_length(headers: Iterable[tuple[bytes, bytes]]) -> int:
    return next((int(value) for name, value in headers if name == b"content-length"), 0)


def _person(scope: Scope) -> str:
    """Return whom to count for: the user, else the address that asks."""
    user = scope.get("user")
    client = scope.get("client")
    return f"user {user.name}" if user else f"address {client[0] if client else ''}"
