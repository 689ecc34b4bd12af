"""A file that is compressed while it is written."""

import zlib
from collections.abc import Sequence

from api.services.exports.formats import EventFile
from domain.events import Event

LEVEL = 1
"""It makes a calendar a tenth of its size; level 6 makes it a twelfth, for twice the CPU."""
_GZIP = 31
"""The window of zlib that makes its output gzip's."""


class GzippedFile:
    """Another file, by gzip (RFC 1952). A part may give nothing yet."""

    def __init__(self, file: EventFile) -> None:
        """Compress a file that has not begun."""
        self._file = file
        self._compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, _GZIP)

    def opening(self) -> bytes:
        """Return what comes before the first event."""
        return self._compressor.compress(self._file.opening())

    def part(self, events: Sequence[Event]) -> bytes:
        """Return some events."""
        return self._compressor.compress(self._file.part(events))

    def closing(self) -> bytes:
        """Return what comes after the last event."""
        return self._compressor.compress(self._file.closing()) + self._compressor.flush()
