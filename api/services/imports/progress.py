"""Chooses the messages of an import's feed: line by line at first, then thinned, always in file order.

Source: docs/feed-protocol.md, "Line by line".
"""

from collections.abc import Callable, Iterator
from time import monotonic

from api.services.imports.row_source import EVERY_ROW_UP_TO, Checkpoint, ReadRow, Rows, Story
from domain.imports import MergeCounts, Upload
from domain.merge import Merged
from domain.messages import RowError, UploadProgress
from streams.messages import Draft, draft, timestamp

ROW_ERRORS_UP_TO = 1_000
DUPLICATE_FILE = "duplicate_file"
"""Code of the warning that the same bytes were imported before."""

REPORTED_BY_BODY = frozenset({DUPLICATE_FILE})
"""Warnings about the upload, not its rows; published as soon as they are known."""

MERGE_WARNINGS = {
    "repeated_key": "rows have the key of an earlier row of the file; the later row is used",
    "several_events": "rows have a key that several stored events have; the oldest event was used",
    "another_event": "rows have the id of an event with another title, date and city, and replaced it",
    "time_lost": "events kept their day and lost their time of day, because the file has dates alone",
    "unknown_id": (
        "rows have an id that no stored event has, or none that can be read; they were matched by the rest "
        "of the key, which is title, date and city unless the option key says otherwise"
    ),
    "default_not_used": (
        "rows are stored already as events that have something else than a default: without a column for its "
        "field, the events kept what they had"
    ),
}
"""Warnings that the store gives while rows go in, by code."""

THIN_SECONDS = 0.05


class ProgressReporter:
    """Turns rows into messages, and keeps the counts that they carry.

    Attributes:
        accepted, rejected: rows up to the last one reported or counted.
        counts: what became of the accepted ones.
    """

    def __init__(
        self,
        upload_id: str,
        story: Story,
        *,
        accepted: int,
        rejected: int,
        counts: MergeCounts,
        monotonic: Callable[[], float],
    ) -> None:
        """Go on after these counts."""
        self.feed = f"upload/{upload_id}"
        self.accepted = accepted
        self.rejected = rejected
        self.counts = counts
        self._upload_id = upload_id
        self._percent = story.percent
        self._told_record = story.told_record
        self._row_errors = story.row_errors
        self._last = story.last
        self._monotonic = monotonic
        self._progress_at = float("-inf")

    @property
    def story(self) -> Story:
        """What was published so far, for the checkpoint."""
        return Story(self._percent, self._told_record, self._row_errors, self._last)

    def rows(
        self, rows: Rows, merged: Merged, *, ended: bool, total_bytes: int | None, at_ms: int
    ) -> list[Draft]:
        """Count rows and return the messages of those that are reported.

        `merged` has what became of the accepted ones. When the file `ended` with them, the last one
        is left to `end`, which reports it as 100 %.
        """
        at, accepted, rejected, counts = timestamp(at_ms), self.accepted, self.rejected, self.counts
        reported = rows.notable[:-1] if ended else rows.notable
        # A thinned progress reports the newest good row.
        newest = next((one.row.record for one in reversed(rows.notable) if one.row.title is not None), 0)
        drafts = []
        for one in reported:
            self.accepted, self.rejected = accepted + one.accepted, rejected + one.rejected
            if self._is_reported(one.row, newest):
                self.counts = counts + merged.counts(one.accepted)
                drafts.append(self._message(one.row, self._share(one.row.end, total_bytes), total_bytes, at))
        self.accepted, self.rejected = accepted + rows.events.count, rejected + len(rows.rejected)
        self.counts = counts + merged.counts()
        if rows.notable:
            self._last = rows.notable[-1].row
        return drafts

    def end(self, *, total_bytes: int, at_ms: int) -> Iterator[Draft]:
        """Yield the message of the file's last row, unless it was reported."""
        return self._rest(lambda _: 100, total_bytes, at_ms)

    def stop(self, *, total_bytes: int | None, at_ms: int) -> Iterator[Draft]:
        """Yield the message of the last row that was read, unless it was reported; further ones are not."""
        return self._rest(lambda last: self._share(last.end, total_bytes), total_bytes, at_ms)

    def _rest(
        self, percent: Callable[[ReadRow], int], total_bytes: int | None, at_ms: int
    ) -> Iterator[Draft]:
        last = self._last
        if last is not None and last.record > self._told_record:
            yield self._message(last, percent(last), total_bytes, timestamp(at_ms))

    def _is_reported(self, row: ReadRow, newest: int) -> bool:
        if row.record <= EVERY_ROW_UP_TO:
            return True
        if row.title is None:
            return self._row_errors < ROW_ERRORS_UP_TO
        return row.record == newest and self._monotonic() - self._progress_at >= THIN_SECONDS

    def _share(self, end: int, total_bytes: int | None) -> int:
        """Return the percentage at a row: it never falls, and only the end is 100."""
        reached = min(99, 100 * end // total_bytes) if total_bytes else 0
        return max(self._percent, reached)

    def _message(self, row: ReadRow, percent: int, total_bytes: int | None, at: str) -> Draft:
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
            *self.counts.all(),
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
            *self.counts.all(),
        )


def last_row(upload: Upload, *, at_ms: int) -> list[Draft]:
    """Return the message of the last row that an import stored or rejected, unless its feed has it.

    For an import that ends before its file does: until then, a message may have been thinned out.
    """
    story = Checkpoint.load(upload.checkpoint).story
    reporter = ProgressReporter(
        upload.id,
        story,
        accepted=upload.accepted,
        rejected=upload.rejected,
        counts=upload.counts,
        monotonic=monotonic,
    )
    return [*reporter.stop(total_bytes=upload.total_bytes, at_ms=at_ms)]
