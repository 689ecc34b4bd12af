"""A parser of event streams, without I/O. Source: WHATWG HTML §9.2.6."""

from collections.abc import Iterator

from msgspec import Struct


class ServerSentEvent(Struct, frozen=True):
    """One dispatched event."""

    data: str
    last_event_id: str


class EventStreamParser:
    """Parses bytes into events, whatever the chunk boundaries."""

    def __init__(self) -> None:
        self.retry_ms: int | None = None
        self.last_event_id = ""
        self._rest = b""
        self._data: list[str] = []

    def feed(self, chunk: bytes) -> Iterator[ServerSentEvent]:
        """Yield the events that this chunk completes."""
        text = self._rest + chunk
        # A CR at the very end may be the first half of a CRLF: it waits for the next chunk.
        tail = b"\r" if text.endswith(b"\r") else b""
        lines = text.removesuffix(tail).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._rest = lines.pop() + tail
        for line in lines:
            if line:
                self._field(line.decode("utf-8", "replace"))
            elif self._data:
                event = ServerSentEvent("\n".join(self._data), self.last_event_id)
                self._data.clear()
                yield event

    def _field(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "id" and "\0" not in value:
            self.last_event_id = value
        elif name == "retry" and value.isascii() and value.isdigit():
            self.retry_ms = int(value)
