"""How the process ends when the file cannot be read: one line with the reason, or an exit code."""

import sys
from collections.abc import Mapping
from typing import NoReturn

import msgspec

from domain.problems import Problem, ProblemParam, problem

OUT_OF_MEMORY = 12
"""The exit code where the memory was not enough; that of any other exception is 1, and is a fault of ours."""


def write_line(line: object) -> None:
    """Write a value as a line of JSON."""
    sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")


def fail(problem: Problem) -> NoReturn:
    """Report why nothing can be read, and end."""
    write_line({"fault": problem})
    sys.stdout.buffer.flush()
    sys.exit(0)


def fail_with(
    sentence: str,
    *,
    value: str | None = None,
    params: Mapping[str, ProblemParam] | None = None,
    **named: ProblemParam,
) -> NoReturn:
    """Report a fault of the file as a whole by a sentence of problems, and end."""
    fail(problem(sentence, value=value, params=params or named))
