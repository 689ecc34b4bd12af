"""The rest of a file from an offset, for resuming an upload."""

import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self


class FileWindow:
    """A binary file that seems to begin at `offset`, and reports how far it was read.

    It has no `fileno`, on purpose: httpx would take the size of the whole file from it.
    """

    def __init__(self, path: Path, offset: int, on_read: Callable[[int], None]) -> None:
        self._file = path.open("rb")
        self._offset = offset
        self._on_read = on_read
        self.seek(0)

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes and report the position in the whole file."""
        content = self._file.read(size)
        self._on_read(self._file.tell())
        return content

    def tell(self) -> int:
        """Return the position in the window."""
        return self._file.tell() - self._offset

    def seek(self, position: int, whence: int = os.SEEK_SET) -> int:
        """Move within the window; return the position in it."""
        shift = self._offset if whence == os.SEEK_SET else 0
        self._file.seek(position + shift, whence)
        return self.tell()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
