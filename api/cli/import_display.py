"""The display of `fasttrack import`: bytes, rows, rate, time left, rejected rows, summary."""

import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Protocol, Self

import msgspec
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from api.cli.import_outcome import ImportOutcome
from api.cli.import_proposal import Proposal
from api.cli.piped_console import PipedConsole
from api.client.feed_client import Message
from api.client.transports import Refused

LOG_STYLES = {"warning": "yellow", "error": "red"}


class Report(Protocol):
    """Shows an import while it goes on, and how it ended."""

    def __enter__(self) -> Self:
        """Begin."""
        ...

    def __exit__(self, *raised: object) -> None:
        """End what moves on the screen."""
        ...

    def sent(self, position: int) -> None:
        """Note how many bytes were sent."""
        ...

    def status(self, text: str) -> None:
        """Show a message about the connection."""
        ...

    def show(self, message: Message) -> None:
        """Handle a message of the import's feed."""
        ...

    def ended(
        self, outcome: ImportOutcome, proposals: Sequence[Proposal], *, rejected_url: str, options: list[str]
    ) -> None:
        """Show how it ended. `options` go with every command that is proposed."""
        ...


class ImportDisplay:
    """Two bars, with the lines that matter scrolling above them."""

    def __init__(self, name: str, total_bytes: int) -> None:
        self._console = PipedConsole(highlight=False)
        self._is_quiet = False
        self._errors = PipedConsole(stderr=True, highlight=False)
        self._bars = Progress(
            TextColumn("{task.description:10}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[note]}"),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._bytes = self._bars.add_task("sent", total=total_bytes, note=name)
        self._rows = self._bars.add_task("imported", total=100, note="")

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._bars.stop()

    def sent(self, position: int) -> None:
        """Show how many bytes were sent."""
        self._bars.update(self._bytes, completed=position)

    def status(self, text: str) -> None:
        """Show a message about the connection."""
        self._print(text, "dim")

    def show(self, message: Message) -> None:
        """Show a message of the import's feed."""
        kind = message["type"]
        if kind == "log":
            self._print(message["message"], LOG_STYLES.get(message["level"], ""))
        elif kind in ("progress", "row_error"):
            self._advance(message)
            if kind == "row_error":
                self._rejected(message)

    def ended(
        self, outcome: ImportOutcome, proposals: Sequence[Proposal], *, rejected_url: str, options: list[str]
    ) -> None:
        """Show how it ended, and what to run where options would help."""
        self._bars.stop()
        if outcome.finished:
            self._summary(outcome.finished)
            if outcome.rejected_file:
                self._print(f"rejected rows are in {outcome.rejected_file}", "")
            elif outcome.finished["rejected"]:
                self._print(f"download the rejected rows to correct and import them: {rejected_url}", "")
        elif outcome.unreachable or outcome.refused:
            self._print(outcome.unreachable or _refusal(outcome.refused), "red", self._errors)
        for line in outcome.stopped:
            self._print(line, "", self._errors)
        self._propose(outcome, proposals, options)

    def _propose(self, outcome: ImportOutcome, proposals: Sequence[Proposal], options: list[str]) -> None:
        if any(proposal.undo for proposal in proposals):
            self._print("to import it with columns that were left out, undo this import first; run:", "bold")
        elif proposals:
            self._print(f"to import {'the rejected rows' if outcome.has_rows_in else 'it'}, run:", "bold")
        for proposal in proposals:
            fill = f"with a value for {', '.join(proposal.to_fill)}" if proposal.to_fill else ""
            if about := "; ".join(filter(None, (proposal.about, fill))):
                self._print(f"# {about}:", "dim")
            if proposal.undo:
                self._print(f"  {proposal.undo}", "")
            self._print(f"  {proposal.command(*options)}", "")

    def _summary(self, finished: Message) -> None:
        if finished["error"]:
            self._print(finished["error"]["message"], "red")
        rows, seconds = finished["rows"] or 0, finished["seconds"] or 0
        rate = f", {rows / seconds:,.0f} rows/s" if rows and seconds else ""
        merged = ", ".join(
            f"{finished[name]:,} {name}" for name in ("updated", "unchanged", "skipped") if finished.get(name)
        )
        self._print(
            f"{finished['status']}: {finished['accepted']:,} in, {finished['rejected']:,} rejected"
            f" of {rows:,} rows in {seconds:.1f} s{rate}{f' ({merged})' if merged else ''}",
            "bold",
        )

    def _advance(self, message: Message) -> None:
        note = f"{message['accepted']:,} in, {message['rejected']:,} rejected"
        self._bars.update(self._rows, completed=message["progresso"], note=note)

    def _rejected(self, message: Message) -> None:
        for error in message["errors"]:
            hint = f" (try {error['suggestion']})" if error["suggestion"] else ""
            self._print(f"line {message['line']}: {error['field']}: {error['message']}{hint}", "red")

    def _print(self, text: str, style: str, console: Console | None = None) -> None:
        # Text, not markup: a cell may hold brackets, and no control sequence may reach the terminal.
        plain = "".join(char if char.isprintable() else "�" for char in text)
        # That it cannot be shown must not end an import.
        try:
            (console or self._console).print(Text(plain, style=style), soft_wrap=True)
        except OSError as error:
            self._cannot_show(error)

    def _cannot_show(self, error: OSError) -> None:
        """Say once that there is no output; not where a reader has closed the pipe, as `head` does."""
        self._console.quiet = True
        if not (self._is_quiet or isinstance(error, BrokenPipeError)):
            with suppress(OSError):
                sys.stderr.write(f"standard output: {error.strerror}; the import continues\n")
        self._is_quiet = True


class JsonReport:
    """One JSON object on standard output at the end; words about the connection go to standard error."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        return None

    def sent(self, position: int) -> None:
        """Show nothing."""

    def show(self, message: Message) -> None:
        """Show nothing: the outcome has it."""

    def status(self, text: str) -> None:
        """Show a message about the connection."""
        sys.stderr.write(text + "\n")

    def ended(
        self, outcome: ImportOutcome, proposals: Sequence[Proposal], *, rejected_url: str, options: list[str]
    ) -> None:
        """Write the object."""
        finished = outcome.finished or {}
        rejected = finished.get("rejected", 0)
        result = {
            "status": outcome.status,
            "exit_code": outcome.exit_code,
            "upload_id": outcome.upload_id,
            "file": self._name,
            **{name: finished.get(name, 0) for name in COUNTS},
            "seconds": finished.get("seconds"),
            "rows_stay": finished.get("rows_stay", False),
            "error": _error(outcome),
            "row_errors": outcome.row_errors,
            "row_errors_left_out": max(0, rejected - len(outcome.row_errors)),
            "rejected_url": rejected_url if rejected else None,
            "rejected_file": outcome.rejected_file,
            "proposals": [
                {
                    "command": proposal.command(*options),
                    "options": proposal.params,
                    "about": proposal.about,
                    "to_fill": proposal.to_fill,
                    "undo": proposal.undo or None,
                }
                for proposal in proposals
            ],
        }
        sys.stdout.buffer.write(msgspec.json.encode(result) + b"\n")
        sys.stdout.buffer.flush()


COUNTS = ("rows", "accepted", "created", "updated", "unchanged", "skipped", "rejected")


def _refusal(refused: Refused | None) -> str:
    status = f" ({refused.status})" if refused and refused.status >= 400 else ""  # an HTTP status
    return f"refused{status}: {refused}"


def _error(outcome: ImportOutcome) -> dict[str, Any] | None:
    """Return why it failed: `code`, `message`, and of refused options each one."""
    if outcome.finished:
        error: dict[str, Any] | None = outcome.finished["error"]
        return error
    if outcome.stopped:
        return {"code": "stopped", "message": "\n".join(outcome.stopped)}
    if outcome.unreachable:
        return {"code": "unreachable", "message": outcome.unreachable}
    errors = list(outcome.refused.errors) if outcome.refused else []
    code = errors[0].get("code") if errors else "refused"
    status = outcome.refused.status if outcome.refused else 0
    return {"code": code, "message": str(outcome.refused), "status": status, "errors": errors}
