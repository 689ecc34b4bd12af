"""Detects the encoding of a file, or that it is not text.

Decoding is reversible: bytes that are no text become lone surrogates, so that the length in bytes
of any stretch of text is known, and a row can be told which of its cells was hurt.
"""

import codecs
import re
from encodings import normalize_encoding
from encodings.aliases import aliases
from typing import Literal, get_args

from domain.csv.doubt import doubt_about
from domain.problems import Problem, problem

Encoding = Literal[
    "utf-8",
    "windows-1252",
    "windows-1250",
    "windows-1251",
    "windows-1253",
    "windows-1254",
    "koi8-r",
    "iso-8859-1",
    "iso-8859-15",
    "mac-roman",
    "cp850",
    "utf-16-le",
    "utf-16-be",
]
ENCODINGS: tuple[Encoding, ...] = get_args(Encoding)

SNIFF_BYTES = 64
"""What is looked at for signatures, byte order marks and the NULs of UTF-16."""

JUDGED_BYTES = 64 * 1024
"""From the first byte that is not UTF-8 on, so much is weighed before the encoding is decided."""

FIRST_LOOK_BYTES = 1024 * 1024 + JUDGED_BYTES
"""Of what is there at first, so much is looked at for doubts about the encoding before a row goes out."""

_PLAIN_BYTES = 18
"""So many without a NUL are not the beginning of UTF-16, whose NULs are not all counted yet."""

_CONTEXT_BYTES = 16

_BETWEEN = re.compile(r"[\s_.:-]+")
"""What stands between the parts of an encoding's name, or not: `iso-8859-1`, `ISO 8859_1`, `iso88591`."""

# Names that browsers and people use, and Python does not know; and some that are read as another.
_OTHER_NAMES: dict[str, Encoding] = {
    "mac": "mac-roman",
    "u16": "utf-16-le",
    "utf8sig": "utf-8",
    "utf16": "utf-16-le",
    "win1250": "windows-1250",
    "win1251": "windows-1251",
    "win1252": "windows-1252",
    "win1253": "windows-1253",
    "win1254": "windows-1254",
}
_MARKS: tuple[tuple[bytes, Encoding], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SIGNATURES = (
    (b"PK\x03\x04", "excel_or_zip", "save_xlsx_or_csv"),
    (
        b"\xd0\xcf\x11\xe0",
        "old_excel_or_password",
        "save_without_password",
    ),
    (b"\x1f\x8b", "gzip", "unpack"),
    (b"%PDF", "pdf", "export_csv"),
    (b"\x89PNG", "png", "send_csv"),
    (b"\xff\xd8\xff", "jpeg", "send_csv"),
    (b"GIF8", "gif", "send_csv"),
    (b"7z\xbc\xaf", "7zip", "unpack"),
    (b"Rar!", "rar", "unpack"),
    (b"BZh", "bzip2", "unpack"),
    (b"\x28\xb5\x2f\xfd", "zstandard", "unpack"),
    (b"{\\rtf", "rich_text", "export_csv"),
)
BINARY = problem("not_text.binary_csv")
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_STRAY = re.compile("[\udc80-\udcff]")
_ABOVE_ASCII = re.compile("[\x80-\ud7ff\ue000-\U0010ffff]")


def _plain(name: str) -> str:
    """Return a name of an encoding as names are compared. Browsers write some with an `x-` in front."""
    return _BETWEEN.sub("", name.lower()).removeprefix("x")


def _names_of(encoding: Encoding) -> list[str]:
    """Return the names that Python knows an encoding by."""
    own = normalize_encoding(encoding)
    module = aliases.get(own, own)
    return [encoding, module, *(alias for alias, of in aliases.items() if of == module)]


_BY_NAME = {_plain(name): encoding for encoding in ENCODINGS for name in _names_of(encoding)} | _OTHER_NAMES


def known_encoding(name: str) -> Encoding | None:
    """Return the encoding with this name, or None if it is not supported."""
    return _BY_NAME.get(_plain(name))


def not_text(head: bytes) -> Problem | None:
    """Return the problem of first bytes that are not text, or None. UTF-16 is text."""
    for signature, kind, advice in _SIGNATURES:
        if head.startswith(signature):
            return problem("not_text.csv", kind=kind, advice=advice)
    # A NUL after the first line is a fault of that row alone.
    return BINARY if b"\0" in _first_line(head) and utf16_of(head) is None else None


def shows_itself(head: bytes) -> bool:
    """Return whether more bytes would not change what the first ones are taken for: some, or one plain line.

    Where the first nine units of two bytes have no NUL, fewer than three in four of the 32 can have one.
    """
    if len(head) >= SNIFF_BYTES:
        return True
    ended = head.replace(b"\r", b"\n").lstrip(b"\n").find(b"\n") > 0
    return ended and len(head) >= _PLAIN_BYTES and b"\0" not in head


def _first_line(head: bytes) -> bytes:
    return head.replace(b"\r", b"\n").lstrip(b"\n").partition(b"\n")[0]


def utf16_of(head: bytes) -> Encoding | None:
    """Return which UTF-16 the first bytes are, by byte order mark or by the NULs of plain letters."""
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return None
    marked = _marked(head)
    if marked:
        return marked if marked != "utf-8" else None
    high, low = head[0::2], head[1::2]
    if low and low.count(0) * 4 >= len(low) * 3 and high.count(0) == 0:
        return "utf-16-le"
    if low and high.count(0) * 4 >= len(high) * 3 and low.count(0) == 0:
        return "utf-16-be"
    return None


def sniffed_encoding(head: bytes, given: Encoding | None = None) -> Encoding | None:
    """Return the encoding that the first bytes prove, or else the given one.

    A byte order mark overrules the uploader. The NULs of UTF-16 only decide its byte order.
    """
    if given and not given.startswith("utf-16"):
        return _marked(head) or given
    return _marked(head) or utf16_of(head) or given


def _marked(head: bytes) -> Encoding | None:
    return next((encoding for mark, encoding in _MARKS if head.startswith(mark)), None)


def first_doubt(content: bytes, *, is_whole: bool, named: str | None) -> Problem | None:
    """Return the doubt about the encoding that a reader of these first bytes will come to, if it will.

    `is_whole`: they are the whole file. `named`: the encoding that the uploader names, if any.
    """
    found = _NOT_ASCII.search(content)
    if found is None:
        return None
    decoder = Decoder(sniffed_encoding(content[:SNIFF_BYTES], known_encoding(named or "")))
    if decoder.encoding is None:
        decoder.decode(content[: found.start() + JUDGED_BYTES], final=is_whole)
    return decoder.doubt


class Decoder:
    """Decodes the bytes of a file as they arrive, and decides the encoding as late as possible.

    Undecided means that all so far was ASCII. The first sequence beyond it decides: UTF-8 where
    it is well formed there; else the next 64 KiB are weighed, and the file is UTF-8 with stray
    bytes where at least one in five of what is not ASCII is well formed, and Windows-1252 where
    not. Fixed stretches of the file decide, never how it was cut on the way.
    """

    def __init__(self, encoding: Encoding | None = None) -> None:
        """Start at a place between two characters; None when all before was ASCII.

        `doubt` is set when the file reads better by an encoding that has to be named.
        """
        self.doubt: Problem | None = None
        self._held = b""
        self._before = b""
        self.encoding: Encoding | None = None
        self._codec: codecs.IncrementalDecoder | None = None
        if encoding:
            self._decide(encoding)

    def decode(self, chunk: bytes, *, final: bool) -> str:
        """Return the text whose encoding is decided."""
        if self._codec is None:
            return self._decode_undecided(chunk, final)
        if not final or not self.is_wide:
            return self._codec.decode(chunk, final)
        text = self._codec.decode(chunk)
        # The codec holds up to three bytes: half of a pair, which is a character here, and an odd byte, which
        # is half a character: a lone surrogate stands for it.
        held = self._codec.getstate()[0]
        half = held[: len(held) // 2 * 2].decode(self.encoding or "", self._errors)
        return text + half + "\udc80" * (len(held) % 2)

    def size(self, text: str) -> int:
        """Return the number of file bytes of a piece of decoded text."""
        if text.isascii():
            return len(text) * 2 if self.is_wide else len(text)
        return len(self.bytes_of(text))

    def bytes_of(self, text: str) -> bytes:
        """Return the file bytes of a piece of decoded text."""
        return text.encode(self.encoding or "utf-8", self._errors)

    @property
    def proved(self) -> Encoding | None:
        """What a decoder that goes on behind some of the text may take for granted.

        None where the encoding is in doubt: all before that is ASCII, and it has to be doubted again.
        """
        return None if self.doubt else self.encoding

    @property
    def is_wide(self) -> bool:
        """Whether a character takes two bytes or more."""
        return self.encoding in ("utf-16-le", "utf-16-be")

    @property
    def _errors(self) -> str:
        return "surrogatepass" if self.is_wide else "surrogateescape"

    def _decide(self, encoding: Encoding) -> None:
        self.encoding = encoding
        self._codec = codecs.getincrementaldecoder(encoding)(self._errors)

    def _decode_undecided(self, chunk: bytes, final: bool) -> str:
        held = self._held + chunk
        found = _NOT_ASCII.search(held)
        if found is None:
            self._held = b""
            self._before = (self._before + held)[-_CONTEXT_BYTES:]
            return held.decode("ascii")
        window = held[found.start() : found.start() + JUDGED_BYTES]
        encoding = _judged(window, final)
        if encoding is None:
            self._held = held[found.start() :]
            self._before = (self._before + held[: found.start()])[-_CONTEXT_BYTES:]
            return held[: found.start()].decode("ascii")
        self._held = b""
        self._decide(encoding)
        if encoding == "windows-1252":
            # With what stands before it, for the first odd letter may be the second of a word.
            seen = (self._before + held[: found.start()])[-_CONTEXT_BYTES:] + window
            self.doubt = doubt_about(seen)
        return self.decode(held, final=final)


def _judged(window: bytes, final: bool) -> Encoding | None:
    """Return the encoding by what begins with a byte beyond ASCII; None when more must be seen."""
    try:
        window[:4].decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start == 0:
            return _weighed(window, final, cut=len(window) < 4 and error.reason.startswith("unexpected end"))
    return "utf-8"


def _weighed(window: bytes, final: bool, *, cut: bool) -> Encoding | None:
    if not final and (cut or len(window) < JUDGED_BYTES):
        return None
    text = window.decode("utf-8", "surrogateescape")
    strays, characters = len(_STRAY.findall(text)), len(_ABOVE_ASCII.findall(text))
    return "utf-8" if characters * 4 >= strays else "windows-1252"
