"""What `fasttrack import` shows: bytes, rows, rate, time left, rejected rows, and the sum of it."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from api.cli.feed_client import Message

LOG_STYLES = {"warning": "yellow", "error": "red"}


class ImportDisplay:
    """Two bars, with the lines that matter scrolling above them."""

    def __init__(self, name: str, total_bytes: int) -> None:
        self._console = Console(highlight=False)
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

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def sent(self, position: int) -> None:
        """Show how many bytes have left."""
        self._bars.update(self._bytes, completed=position)

    def status(self, text: str) -> None:
        """Show a word about the connection."""
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

    def summary(self, finished: Message) -> None:
        """Show how it ended."""
        self._bars.stop()
        if finished["error"]:
            self._print(finished["error"]["message"], "red")
        rows, seconds = finished["rows"] or 0, finished["seconds"] or 0
        rate = f", {rows / seconds:,.0f} rows/s" if seconds else ""
        self._print(
            f"{finished['status']}: {finished['accepted']:,} in, {finished['rejected']:,} rejected"
            f" of {rows:,} rows in {seconds:.1f} s{rate}",
            "bold",
        )
        if finished["rejected"]:
            self._print(f"rejected rows, to correct and import: {finished['links'].get('rejected', '')}", "")

    def _advance(self, message: Message) -> None:
        note = f"{message['accepted']:,} in, {message['rejected']:,} rejected"
        self._bars.update(self._rows, completed=message["progresso"], note=note)

    def _rejected(self, message: Message) -> None:
        for error in message["errors"]:
            hint = f" (try {error['suggestion']})" if error["suggestion"] else ""
            self._print(f"line {message['line']}: {error['field']}: {error['message']}{hint}", "red")

    def _print(self, text: str, style: str) -> None:
        # Text, not markup: a cell may hold brackets, and no control sequence may reach the terminal.
        plain = "".join(char if char.isprintable() else "�" for char in text)
        self._console.print(Text(plain, style=style), soft_wrap=True)
