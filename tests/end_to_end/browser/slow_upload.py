"""A file that somebody else sends, as slowly as a test wants."""

import queue
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import httpx

from tests.end_to_end.slow_body import BLANK_LINES

# Of a small file no row is read before its form has ended: blank lines make this one large.
HEAD = (
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="slow.csv"\r\n\r\ntitle,event_date,city\n'
    + BLANK_LINES
)
TAIL = b"\r\n--b--\r\n"
BAD_EVERY = 8
END_SECONDS = 60


class SlowUpload:
    """Rows leave when they are asked for; every eighth is bad. Its thread ends with the `with` block."""

    def __init__(self, url: str, upload_id: str) -> None:
        """Prepare an upload to the server, or to the proxy before it, that is found at `url`."""
        self.id = upload_id
        self.rows = 0
        self.answer: httpx.Response | None = None
        self._url = f"{url}/api/v1/uploads?upload_id={upload_id}"
        self._pieces: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._post)

    def __enter__(self) -> Self:
        self._pieces.put(HEAD)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pieces.put(None)
        self._thread.join(END_SECONDS)

    def send(self, rows: int) -> None:
        """Let so many more rows leave."""
        first, self.rows = self.rows + 1, self.rows + rows
        self._pieces.put(b"".join(row(number) for number in range(first, self.rows + 1)))

    def finish(self) -> None:
        """End the file, and wait for the server's answer."""
        self._pieces.put(TAIL)
        self._pieces.put(None)
        self._thread.join(END_SECONDS)
        assert self.answer is not None
        assert self.answer.status_code in {201, 202}, self.answer.text

    def _post(self) -> None:
        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        self.answer = httpx.post(self._url, content=self._content(), headers=headers, timeout=END_SECONDS)

    def _content(self) -> Iterator[bytes]:
        while (piece := self._pieces.get()) is not None:
            yield piece


def row(number: int) -> bytes:
    """Return one row of the file."""
    date = "soon" if number % BAD_EVERY == 0 else "2027-03-01"
    return f"Event {number},{date},Recife\n".encode()
