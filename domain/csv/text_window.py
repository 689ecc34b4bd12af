"""The part of a file's text that is being read: decoded as bytes arrive, dropped once passed."""

from collections.abc import Callable

from domain.csv.dialect import (
    SNIFF_BYTES,
    Decoder,
    Encoding,
    known_encoding,
    shows_itself,
    sniffed_encoding,
)
from domain.csv.record_scanner import line_ends


class TextWindow:
    """Holds text that was fed and not yet passed.

    Attributes:
        text: decoded; read from `position` on.
        offset: bytes of the file up to `position`; `line`: its physical line, from 1.
        closed: nothing more will come.
        decoder: knows the encoding, and what speaks against it.
    """

    def __init__(
        self,
        *,
        given: str | None = None,
        encoding: Encoding | None = None,
        offset: int = 0,
        line: int = 1,
        fallback: Encoding | None = None,
        look: Callable[[bytes], None] | None = None,
    ) -> None:
        """Start at the beginning, or where another window was; `given` names an encoding.

        `fallback` is the encoding of text without a byte order mark; None: it is detected. `look` is given
        the first bytes.
        """
        self.text = ""
        self.position = 0
        self.offset = self.fed = offset
        self.line = line
        self.closed = False
        self._given = known_encoding(given or "")
        self._fallback = fallback
        self._look = look
        self._head: bytes | None = b"" if offset == 0 else None
        self.decoder = Decoder(encoding)
        self._coming: list[str] = []
        self._coming_size = 0
        self._wanted = 1

    @property
    def encoding(self) -> Encoding:
        """The encoding of the file, as far as it is known."""
        return self.decoder.encoding or "utf-8"

    @property
    def is_hungry(self) -> bool:
        """Whether more bytes are needed."""
        rest = len(self.text) - self.position + self._coming_size
        return rest == 0 if self.closed else rest < self._wanted or self._head is not None

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self.fed += len(chunk)
        if self._head is not None:
            chunk = self._opened(chunk)
        if self._head is None:
            self._take(chunk)

    def close(self) -> None:
        """Note that the file has ended."""
        self.closed = True
        if self._head is not None:
            self._take(self._opened(b""))
        else:
            self._take(b"")

    @property
    def is_open(self) -> bool:
        """Whether the first bytes have shown the encoding."""
        return self._head is None

    def gather(self) -> int:
        """Join new text with the rest; return how many characters were dropped before it."""
        if not self._coming:
            return 0
        dropped = self.position
        self.text = self.text[dropped:] + "".join(self._coming)
        self.position = self._coming_size = 0
        self._coming = []
        return dropped

    @property
    def is_utf8(self) -> bool:
        """Whether the file is UTF-8, or ASCII so far."""
        return self.encoding == "utf-8"

    def bytes_up_to(self, end: int) -> bytes:
        """Return the bytes of the file from `position` up to an index of the text."""
        return self.decoder.bytes_of(self.text[self.position : end])

    def want_more(self, unseen: int | None = None) -> None:
        """Wait for half as much again, so that a long record is not tried at each new byte.

        `unseen` is the part of the rest that was not looked at yet; None: all of it.
        """
        rest = len(self.text) - self.position
        self._wanted = rest + (rest if unseen is None else unseen) // 2 + 1

    def pass_to(self, end: int) -> None:
        """Move to an index of the text; not between a CR and the LF that may still come."""
        is_torn = not self.closed and end == len(self.text) and self.text[end - 1 : end] == "\r"
        end -= is_torn and end > self.position
        self.move_to(end, *self.after(end))
        self._wanted = 1 + is_torn

    def move_to(self, end: int, offset: int, line: int) -> None:
        """Move to an index of the text, whose byte and line are known."""
        self.position, self.offset, self.line = end, offset, line
        self._wanted = 1

    def after(self, end: int) -> tuple[int, int]:
        """Return the byte and the line of an index of the text."""
        passed = self.text[self.position : end]
        lines = line_ends(passed) if "\r" in passed else passed.count("\n")
        return min(self.fed, self.offset + self.decoder.size(passed)), self.line + lines

    def _opened(self, chunk: bytes) -> bytes:
        """Hold the first bytes back until they show the encoding."""
        assert self._head is not None
        self._head += chunk
        if not (self.closed or shows_itself(self._head)):
            return b""
        head, self._head = self._head, None
        if self._look is not None:
            self._look(head[:SNIFF_BYTES])
        self.decoder = Decoder(sniffed_encoding(head[:SNIFF_BYTES], self._given) or self._fallback)
        return head

    def _take(self, chunk: bytes) -> None:
        text = self.decoder.decode(chunk, final=self.closed)
        if text:
            self._coming.append(text)
            self._coming_size += len(text)
        if len(self._coming) > 1024:
            self._coming = ["".join(self._coming)]
