"""Which messages an import's feed gets: line by line at first, then thinned, always in file order.

Source: docs/feed-protocol.md, "Line by line".
"""

from collections.abc import Callable, Iterator

from api.services.imports.portions import EVERY_ROW_UP_TO, ReadRow, Rows, Story
from streams.messages import Draft, Log, LogLevel, RowError, UploadProgress, draft, timestamp

ROW_ERRORS_UP_TO = 1_000
DUPLICATE_FILE = "duplicate_file"
"""Code of the warning that the same bytes were imported before."""

LATE_OPTION = "late_option"
"""Code of the warning that an option came behind the file."""

TOLD_BY_BODY = frozenset({DUPLICATE_FILE, LATE_OPTION})
"""Warnings that the upload gives, not its rows; told on the feed as soon as they are known."""

THIN_SECONDS = 0.05


class Narrator:
    """Turns rows into messages. Holds the counts that they tell.

    Attributes:
        accepted, rejected: rows up to the last one told or counted.
    """

    def __init__(
        self, upload_id: str, story: Story, *, accepted: int, rejected: int, monotonic: Callable[[], float]
    ) -> None:
        """Go on with a story after these counts."""
        self.feed = f"upload/{upload_id}"
        self.accepted = accepted
        self.rejected = rejected
        self._upload_id = upload_id
        self._percent = story.percent
        self._told_record = story.told_record
        self._row_errors = story.row_errors
        self._last = story.last
        self._monotonic = monotonic
        self._progress_at = float("-inf")

    @property
    def story(self) -> Story:
        """How much is told, for the checkpoint."""
        return Story(self._percent, self._told_record, self._row_errors, self._last)

    def rows(self, rows: Rows, *, ended: bool, total_bytes: int | None, at_ms: int) -> list[Draft]:
        """Count rows and return those of their messages that are to be told.

        When the file `ended` with them, the last one is left to `end`, which tells it as 100 %.
        """
        at, accepted, rejected = timestamp(at_ms), self.accepted, self.rejected
        told = rows.notable[:-1] if ended else rows.notable
        # The newest good row is the one that a thinned progress is about.
        newest = next((one.row.record for one in reversed(rows.notable) if one.row.title is not None), 0)
        drafts = []
        for one in told:
            self.accepted, self.rejected = accepted + one.accepted, rejected + one.rejected
            if self._is_told(one.row, newest):
                drafts.append(self._tell(one.row, self._share(one.row.end, total_bytes), total_bytes, at))
        self.accepted, self.rejected = accepted + rows.events.count, rejected + len(rows.rejected)
        if rows.notable:
            self._last = rows.notable[-1].row
        return drafts

    def end(self, *, total_bytes: int, at_ms: int) -> Iterator[Draft]:
        """Yield the message of the file's last row, unless it was told."""
        last = self._last
        if last is not None and last.record > self._told_record:
            yield self._tell(last, 100, total_bytes, timestamp(at_ms))

    def log(self, level: LogLevel, message: str, *, at_ms: int) -> Draft:
        """Return a log line of this import."""
        return log_line(self.feed, level, message, at_ms=at_ms)

    def _is_told(self, row: ReadRow, newest: int) -> bool:
        if row.record <= EVERY_ROW_UP_TO:
            return True
        if row.title is None:
            return self._row_errors < ROW_ERRORS_UP_TO
        return row.record == newest and self._monotonic() - self._progress_at >= THIN_SECONDS

    def _share(self, end: int, total_bytes: int | None) -> int:
        """Return the percentage told with a row: it never falls, and 100 is the end's."""
        reached = min(99, 100 * end // total_bytes) if total_bytes else 0
        return max(self._percent, reached)

    def _tell(self, row: ReadRow, percent: int, total_bytes: int | None, at: str) -> Draft:
        self._percent = percent
        self._told_record = row.record
        if row.title is None:
            self._row_errors += 1
            return draft(self._row_error(row, total_bytes, at))
        self._progress_at = self._monotonic()
        return draft(self._progress(row, row.title, total_bytes, at))

    def _progress(self, row: ReadRow, title: str, total_bytes: int | None, at: str) -> UploadProgress:
        return UploadProgress(
            self.feed,
            at,
            self._upload_id,
            self._percent,
            row.line,
            row.record,
            title,
            self.accepted,
            self.rejected,
            row.end,
            total_bytes,
        )

    def _row_error(self, row: ReadRow, total_bytes: int | None, at: str) -> RowError:
        return RowError(
            self.feed,
            at,
            self._upload_id,
            self._percent,
            row.line,
            row.record,
            self.accepted,
            self.rejected,
            row.end,
            total_bytes,
            row.errors,
        )


def log_line(feed: str, level: LogLevel, message: str, *, at_ms: int) -> Draft:
    """Return a log line for an import's feed."""
    return draft(Log(feed, timestamp(at_ms), level, message))
