"""Extracts the bytes of `file` from a multipart/form-data body as they arrive: RFC 7578, sans I/O."""

import re
import unicodedata
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Literal
from urllib.parse import unquote_to_bytes

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from api.routes.uploads_options import UPLOAD_OPTION_NAMES

FIELD_LIMIT_BYTES = 64 * 1024
"""Of one field; a mapping of hundreds of columns takes less."""

PARTS_LIMIT = 32
PREAMBLE_LIMIT_BYTES = 8 * 1024
"""With the first boundary: programs that send mail tell readers of old ones there what they see."""

HEADERS_LIMIT = 8
HEADER_LIMIT_BYTES = 4 * 1024
"""Of one header of a part."""

FILENAME_LIMIT = 255
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_EXTENDED = re.compile(
    r";\s*filename\*\s*=\s*(utf-8|iso-8859-1)'[\w-]*'((?:[\w!#$&+.^`|~-]|%[0-9a-f]{2})+)\s*(?:;|$)",
    re.IGNORECASE | re.ASCII,
)
"""Source: RFC 8187 §3.2."""

_PLAIN_ENCODINGS = {"", "7bit", "8bit", "binary"}

FormFault = Literal["not_multipart", "malformed_multipart", "no_file", "two_files", "field_too_long"]


class FormError(Exception):
    """The body is not the expected form; the message explains what to do."""

    def __init__(self, code: FormFault, message: str) -> None:
        super().__init__(message)
        self.code = code


class FileForm:
    """Parses a form's body in pieces of any size and returns the file's bytes of each piece.

    Attributes:
        fields: text fields so far, before and after the file, as name and value.
        fields_before_file: how many of them came before the file.
        filename: of the file, cleaned; None until its part has begun.
        file_ended: the boundary after the file was seen: the file is whole.
        ended: the closing boundary was seen: no further field can come.
        file_start: bytes of the body ahead of the file's first one; None before that came.
    """

    def __init__(self, content_type: str | None) -> None:
        """Prepare for a body of this `Content-Type`.

        Raises:
            FormError: it is no multipart/form-data, or names no usable boundary.
        """
        self.fields: list[tuple[str, str]] = []
        self.fields_before_file = 0
        self.filename: str | None = None
        self.file_ended = False
        self.ended = False
        self.file_start: int | None = None
        self._received = 0
        self._preamble: bytearray | None = bytearray()
        self._closing_bytes = 0
        self._parts = 0
        self._header = (bytearray(), bytearray())
        self._headers: dict[str, str] = {}
        self._name = ""
        self._value = bytearray()
        self._out: list[bytes] = []
        self._parser = self._open(content_type)

    def receive(self, chunk: bytes) -> bytes:
        """Return the file's bytes in this piece of the body.

        Raises:
            FormError: the body breaks the form's rules; nothing more can be read.
        """
        if self._preamble is not None:
            chunk = self._after_preamble(self._preamble, chunk)
        try:
            self._parser.write(chunk)
        except FormParserError:
            raise FormError(
                "malformed_multipart",
                "the form is malformed: after a line with the boundary, a part must have up to"
                f" {HEADERS_LIMIT} header lines of up to {HEADER_LIMIT_BYTES} bytes, and then an empty line",
            ) from None
        self._received += len(chunk)
        content = self._out[0] if len(self._out) == 1 else b"".join(self._out)
        self._out.clear()
        return content

    def file_bytes(self, content_length: int) -> int | None:
        """Return the size of the file in a body of this length, if the file is its last part."""
        if self.file_start is None:
            return None
        return max(0, content_length - self.file_start - self._closing_bytes)

    def finish(self) -> None:
        """Check, at the end of the body, that there was a file.

        Raises:
            FormError: there was none.
        """
        if self._preamble:
            raise self._without_boundary()
        if self.filename is None:
            raise FormError("no_file", "the form has no part named 'file'; send the CSV as that part")

    def _after_preamble(self, preamble: bytearray, chunk: bytes) -> bytes:
        """Return what the parser reads of a body whose first boundary had not come before this piece.

        The parser knows neither a preamble nor blanks after the first boundary. Source: RFC 2046 §5.1.1.
        """
        preamble += chunk
        found = self._first_line.search(preamble)
        # By where the line ends, so that it does not matter in which pieces the body comes.
        if (found.end() if found else len(preamble)) > PREAMBLE_LIMIT_BYTES:
            raise self._without_boundary()
        if found is None:
            return b""
        self._preamble = None
        begun = self._dashes + (b"--" if found[1] == b"--" else b"\r\n")
        # Blanks were left out: bytes are counted as they came.
        self._received = found.end() - len(begun)
        return begun + bytes(preamble[found.end() :])

    def _without_boundary(self) -> FormError:
        shown = self._dashes.decode("latin-1")
        kib = PREAMBLE_LIMIT_BYTES // 1024
        return FormError(
            "malformed_multipart",
            f"the form has no line {shown}, ended by CR LF, in its first {kib} KiB: its Content-Type says so",
        )

    def _open(self, content_type: str | None) -> MultipartParser:
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data":
            got = kind.decode("latin-1") or "nothing"
            raise FormError("not_multipart", f"Content-Type must be multipart/form-data, not {got}")
        boundary = options.get(b"boundary", b"")
        if not 1 <= len(boundary) <= 70:  # RFC 2046 §5.1.1
            raise FormError("malformed_multipart", "Content-Type must name a boundary of 1 to 70 characters")
        self._dashes = b"--" + boundary
        self._first_line = re.compile(rb"(?:\A[\r\n]*|\r\n)" + re.escape(self._dashes) + rb"(--|[ \t]*\r\n)")
        self._closing_bytes = len(boundary) + len(b"\r\n--" + b"--\r\n")
        return MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
                "on_header_end": self._end_header,
                "on_headers_finished": self._begin_content,
                "on_part_data": self._take,
                "on_part_end": self._end_part,
                "on_end": self._end,
            },
            max_header_count=HEADERS_LIMIT,
            max_header_size=HEADER_LIMIT_BYTES,
        )

    def _begin_part(self) -> None:
        self._parts += 1
        if self._parts > PARTS_LIMIT:
            raise FormError("malformed_multipart", f"the form has more than {PARTS_LIMIT} parts")
        self._headers = {}

    def _end_header(self) -> None:
        name, value = (bytes(part).decode("latin-1") for part in self._header)
        self._headers[name.lower()] = value
        self._header = (bytearray(), bytearray())

    def _begin_content(self) -> None:
        kind, options = parse_options_header(self._headers.get("content-disposition"))
        if kind != b"form-data" or b"name" not in options:
            raise FormError(
                "malformed_multipart", "a part of the form has no Content-Disposition: form-data with a name"
            )
        encoding = self._headers.get("content-transfer-encoding", "").strip().lower()
        if encoding not in _PLAIN_ENCODINGS:  # RFC 7578 §4.7: deprecated, and not decoded here.
            raise FormError("malformed_multipart", f"Content-Transfer-Encoding {encoding} is not supported")
        self._name = options[b"name"].decode("utf-8", "replace")
        filename = _filename_in(self._headers["content-disposition"], options)
        if self._name == "file":
            self._begin_file(filename or b"")
        elif filename is not None and self._name not in UPLOAD_OPTION_NAMES:
            # Not of an option: FormData names each Blob `blob`, also one that gives JSON its type.
            raise FormError("no_file", f"the file came as the part {self._name!r}; it must be named 'file'")
        else:
            self._value = bytearray()

    def _begin_file(self, raw_filename: bytes) -> None:
        if self.filename is not None:
            raise FormError("two_files", "the form has two parts named 'file'; send one file at a time")
        self.filename = clean_filename(raw_filename)
        self.fields_before_file = len(self.fields)

    def _take(self, data: bytes, start: int, end: int) -> None:
        if self._name == "file":
            if self.file_start is None:
                self.file_start = self._received + start
            self._out.append(data[start:end])
        else:
            self._take_field(data, start, end)

    def _take_field(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        if len(self._value) > FIELD_LIMIT_BYTES:
            raise FormError("field_too_long", f"the form's field {self._name!r} is over 64 KiB")

    def _end_part(self) -> None:
        if self._name == "file":
            self.file_ended = True
        else:
            self.fields.append((self._name, self._value.decode("utf-8", "replace")))

    def _end(self) -> None:
        self.ended = True


def _filename_in(disposition: str, options: dict[bytes, bytes]) -> bytes | None:
    """Return the file name of a part as bytes of UTF-8, None if it has none.

    RFC 7578 §4.2 forbids `filename*`, but some programs send nothing else; one that can be read stands above
    `filename` (RFC 6266 §4.3). Browsers write `"` as %22 and leave a `%` as it is (WHATWG HTML §4.10.21.8).
    """
    if (extended := _EXTENDED.search(_QUOTED.sub('""', disposition))) is not None:
        with suppress(UnicodeDecodeError):
            return unquote_to_bytes(extended[2]).decode(extended[1]).encode()
    plain = options.get(b"filename")
    return None if plain is None else plain.replace(b"%22", b'"')


def clean_filename(raw: bytes) -> str:
    """Return a client's file name as harmless text: no folders, no controls, at most 255 code points.

    Browsers send UTF-8 (WHATWG HTML §4.10.21.8); whatever is not is shown as U+FFFD.
    """
    text = unicodedata.normalize("NFC", raw.decode("utf-8", "replace"))
    name = PurePosixPath(text.replace("\\", "/")).name
    shown = "".join(char for char in name if unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"})
    return shown.strip()[:FILENAME_LIMIT]
