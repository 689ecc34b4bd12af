"""A form that is on its way for as long as a test wants."""

from collections.abc import AsyncIterator

import anyio

from api.routes.uploads_body import HOLD_BYTES

FORM = {"Content-Type": "multipart/form-data; boundary=b"}
HEAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
TAIL = b"\r\n--b--\r\n"
BLANK_LINES = (b" " * 64_000 + b"\n") * (HOLD_BYTES // 64_000 + 1)
"""Of a small file no row is read before its form has ended: these make one large."""


class SlowBody:
    """A form whose file stays incomplete until it is told to go on."""

    def __init__(self, first: bytes, rest: bytes) -> None:
        self._first = first
        self._rest = rest
        self.go_on = anyio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield HEAD + self._first
        await self.go_on.wait()
        yield self._rest + TAIL
