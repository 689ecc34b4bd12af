"""The interface of the readers of all kinds of file."""

from abc import ABC, abstractmethod
from typing import Any, Protocol

from domain.rows.columns import Columns
from domain.rows.row_batch import RowBatch
from domain.rows.row_parser import Row
from domain.rows.warnings import Warnings

BATCH_ROWS = 1000


class _ReaderState(Protocol):
    @property
    def columns(self) -> Columns | None: ...


class Reader(ABC):
    """A reader of rows; each kind of file has its own `read_batch` and its own state."""

    _state: _ReaderState
    _warnings: Warnings

    @property
    def columns(self) -> list[dict[str, Any]] | None:
        """Each column's `name` and `field` (None: not used, with its first `values`).

        None before the header was read; where members take its place, before any is known.
        """
        columns = self._state.columns
        return self._warnings.first_rows.described(columns) if columns else None

    @property
    def stand_ins(self) -> frozenset[int]:
        """The columns that are not a field's own, and are read where that one is empty."""
        return frozenset()

    @property
    def warnings(self) -> list[dict[str, Any]]:
        """The warnings so far: `code`, `message`, `count`."""
        return self._warnings.described(self._state.columns)

    def rows(self, *, max_rows: int = BATCH_ROWS) -> list[Row]:
        """Return the next rows as objects; otherwise as `read_batch`."""
        return self.read_batch(max_rows=max_rows).rows()

    @abstractmethod
    def read_batch(self, *, max_rows: int = BATCH_ROWS) -> RowBatch:
        """Return up to so many rows; none when they need more bytes."""
