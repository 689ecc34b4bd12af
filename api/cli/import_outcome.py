"""The outcome of an import that the terminal started."""

from typing import Any

from msgspec import Struct, field

from api.cli.server_client import EXIT_FAILED
from api.cli.standard_streams import EXIT_STOPPED
from api.client.feed_client import Message
from api.client.transports import Refused

EXIT_USAGE = 2
EXIT_SOME_REJECTED = 3
ROW_ERRORS_KEPT = 1_000

_OF_OPTIONS = frozenset({"invalid_option", "late_option"})


class ImportOutcome(Struct):
    """Filled while the import goes on.

    Attributes:
        finished: the last message of the feed; None where the server refused, or could not be reached.
        row_errors: `line` and `errors` of the first 1,000 rejected rows.
        stopped: what Ctrl+C left, line by line: what goes on, and how to watch, cancel and undo it.
        ambiguous: the first problem of a date with two readings.
        rejected_file: where the rejected rows were written.
        has_unused_columns: the file has columns that are no field.
    """

    upload_id: str
    finished: Message | None = None
    refused: Refused | None = None
    unreachable: str | None = None
    stopped: list[str] = field(default_factory=list)
    row_errors: list[dict[str, Any]] = field(default_factory=list)
    ambiguous: dict[str, Any] | None = None
    rejected_file: str | None = None
    has_unused_columns: bool = False

    def take(self, message: Message) -> None:
        """Handle a message of the import's feed."""
        if message["type"] == "finished":
            self.finished = message
        if message["type"] == "log" and message.get("code") == "ignored_columns":
            self.has_unused_columns = True
        if message["type"] != "row_error":
            return
        if len(self.row_errors) < ROW_ERRORS_KEPT:
            self.row_errors.append({"line": message["line"], "errors": message["errors"]})
        if self.ambiguous is None:
            self.ambiguous = first_ambiguous(message["errors"])

    @property
    def status(self) -> str:
        """The import's last state, or why there was none."""
        if self.finished:
            return str(self.finished["status"])
        if self.stopped:
            return "stopped"
        return "unreachable" if self.unreachable else "refused"

    @property
    def has_rows_in(self) -> bool:
        """Rows of the file are in the store."""
        return bool(self.finished and self.finished.get("rows_stay"))

    @property
    def codes(self) -> set[str]:
        """Codes of what is wrong with the file as a whole, or with the options."""
        if self.finished:
            return {self.finished["error"]["code"]} if self.finished["error"] else set()
        return {str(error.get("code")) for error in self.refused.errors} if self.refused else set()

    @property
    def exit_code(self) -> int:
        """0 all in, 2 wrong options, 3 some rejected, 4 failed, 130 stopped by Ctrl+C."""
        if self.stopped:
            return EXIT_STOPPED
        if self.codes and self.codes <= _OF_OPTIONS:
            return EXIT_USAGE
        if self.finished is None or self.finished["status"] != "completed":
            return EXIT_FAILED
        return EXIT_SOME_REJECTED if self.finished["rejected"] else 0


def first_ambiguous(errors: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the first problem of a date that can be read both ways."""
    return next((error for error in errors if error["code"] == "ambiguous_date"), None)
