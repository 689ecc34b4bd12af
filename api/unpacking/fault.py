"""How the process ends when the file cannot be read: one line with the reason, or an exit code."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NoReturn

import msgspec

from domain.problems import Problem, ProblemParam, problem

OUT_OF_MEMORY = 12
"""The exit code where the memory was not enough; that of any other exception is 1, and is a fault of ours."""

LATE_FAULT = 13
"""The exit code where the fault was found after the first line: the last line has it."""

_has_begun = False
"""Whether a line was written."""


def write_line(line: object) -> None:
    """Write a value as a line of JSON."""
    global _has_begun  # noqa: PLW0603 - of a process that reads one file.
    _has_begun = True
    sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")


def fail(problem: Problem) -> NoReturn:
    """Report why nothing can be read, and end."""
    is_late = _has_begun
    if is_late:
        sys.stdout.buffer.write(b"\n")  # What is before it may be a piece of a file.
    write_line({"fault": problem})
    sys.stdout.buffer.flush()
    sys.exit(LATE_FAULT if is_late else 0)


def fail_with(
    sentence: str,
    *,
    value: str | None = None,
    params: Mapping[str, ProblemParam] | None = None,
    **named: ProblemParam,
) -> NoReturn:
    """Report a fault of the file as a whole by a sentence of problems, and end."""
    fail(problem(sentence, value=value, params=params or named))


@contextmanager
def ending_with(end: Callable[[], NoReturn]) -> Iterator[None]:
    """End by a fault where reading the file raises anything, for damaged bytes fail in many ways.

    Also in a panic of a library, which is no `Exception`. Only what the file was read by belongs here:
    what raises elsewhere is a fault of ours.
    """
    try:
        yield
    except (MemoryError, SystemExit, GeneratorExit, KeyboardInterrupt):
        raise
    except BaseException:  # noqa: BLE001 - as above.
        end()
