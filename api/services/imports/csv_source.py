"""The rows of a staged CSV, piece by piece."""

from datetime import tzinfo

from api.services.imports.portions import Checkpoint, FileFacts, Portion
from domain.csv_cells import Row
from domain.csv_rows import RowReader
from domain.imports import ImportOptions


class CsvSource:
    """Reads rows out of consecutive pieces of a file, from a checkpoint on."""

    def __init__(self, options: ImportOptions, checkpoint: Checkpoint, timezone: tzinfo) -> None:
        """Go on where a checkpoint says."""
        self._reader = (
            RowReader.load(checkpoint.state, options, timezone)
            if checkpoint.state
            else RowReader(options, timezone)
        )
        self._facts_told = self._reader.columns is not None

    @property
    def offset(self) -> int:
        """Where the next piece starts."""
        return self._reader.fed

    def take(self, piece: bytes, *, last: bool) -> Portion:
        """Return the rows that end in this piece; `last` ends the file."""
        reader = self._reader
        reader.feed(piece)
        if last:
            reader.close()
        rows: list[Row] = []
        while not reader.is_hungry:
            rows += reader.rows()
        return Portion(
            rows,
            offset=reader.offset,
            state=reader.dump(),
            ended=last,
            facts=self._new_facts(),
            fault=reader.fault,
            warnings=tuple(reader.warnings),
        )

    def _new_facts(self) -> FileFacts | None:
        dialect, columns = self._reader.dialect, self._reader.columns
        if self._facts_told or dialect is None or columns is None:
            return None
        self._facts_told = True
        return FileFacts(dialect, columns)
