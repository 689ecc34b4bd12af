"""A record of a file without a header: names and values."""

from collections.abc import Sequence
from typing import Any, Protocol

from msgspec import Struct

from domain.problems import Problem


class FoundRecord(Struct, gc=False):
    """One record.

    Attributes:
        line: on which it begins; `end`: bytes of the file up to and with it.
        members: name -> value as JSON has it; empty where the record as a whole is refused.
        problems: what is wrong with it before any rule of a field is asked.
        resume: the state of a scanner that goes on after it.
        notes: codes of what was left out of it, and before it since the last record.
        left_out: the code of why it is no row at all; "" where it is one.
        refused: the fields, or parts of them, that one of the problems is about, whichever it names.
    """

    line: int
    end: int
    members: dict[str, Any]
    problems: Sequence[Problem]
    resume: "ScannerState"
    notes: Sequence[str] = ()
    left_out: str = ""
    refused: Sequence[str] = ()


class ScannerState(Struct, frozen=True):
    """The position of a scanner: byte, line, and mode."""

    offset: int = 0
    line: int = 1
    encoding: str | None = None
    mode: str = "start"
    notes: dict[str, str] = {}


class Scanner(Protocol):
    """Finds the records of a file as its bytes arrive.

    Attributes:
        fault: why nothing more can be read; `ends_early` where only the rest is missing.
        fed: bytes that were given, from the file's beginning.
        notes: codes of what was left out since the last record.
    """

    fault: Problem | None
    ends_early: bool
    notes: list[str]

    @property
    def fed(self) -> int:
        """The number of bytes fed since the beginning of the file."""
        ...

    @property
    def is_hungry(self) -> bool:
        """Whether the scanner needs more bytes, or has ended."""
        ...

    @property
    def dialect(self) -> dict[str, Any]:
        """The detected kind and encoding of the file."""
        ...

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""
        ...

    def close(self) -> None:
        """Note that the file has ended."""
        ...

    def find(self, most: int) -> list[FoundRecord]:
        """Return the next records; none when they need more bytes."""
        ...
