"""Tells whether the encoding that the uploader named is why a file has no header."""

from collections.abc import Iterator
from datetime import tzinfo

from msgspec.structs import replace

from domain.csv.dialect import SNIFF_BYTES, Decoder, known_encoding, sniffed_encoding
from domain.csv.head import Head, read_head
from domain.imports import ImportOptions
from domain.problems import Problem, problem
from domain.rows.header import Header, HeaderFault

_ALL = 1000
"""Stands for the columns that a text without rows lacks."""


def wrong_encoding(
    content: bytes, read: Head | Problem, options: ImportOptions, timezone: tzinfo
) -> Problem | None:
    """Return the problem of a named encoding by which fewer columns are found than by another one.

    `content` is the beginning of the file, and `read` what the named encoding makes of it.
    """
    named, others = known_encoding(options.encoding or ""), replace(options, encoding=None)
    if named is None:
        return None
    lacking = _lacking(read)
    for name in _likely(content):
        encoding = known_encoding(name)
        if encoding is None or encoding == named:
            continue
        text = content.decode(encoding, "replace")
        found = read_head(text, closed=True, options=others, timezone=timezone)
        if found is not None and _lacking(found) < lacking:
            return problem("unclear_encoding.named", "encoding", value=named, suggestion=name, better=name)
    return None


def _likely(content: bytes) -> Iterator[str]:
    """Yield the encoding that would be assumed, and those that are proposed where it gives no words."""
    decoder = Decoder(sniffed_encoding(content[:SNIFF_BYTES]))
    decoder.decode(content, final=True)
    if decoder.doubt is not None and decoder.doubt.suggestions:
        yield from decoder.doubt.suggestions
    yield decoder.encoding or "utf-8"


def _lacking(read: Head | Problem) -> int:
    """Return how many required columns a head lacks."""
    header = read.header if isinstance(read, Head) else None
    if isinstance(header, Header):
        return 0
    fields = (header.problem.params or {}).get("fields") if isinstance(header, HeaderFault) else None
    return len(fields) if isinstance(fields, tuple) else _ALL
