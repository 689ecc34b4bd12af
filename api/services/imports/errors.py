"""Why what was asked of an import is refused."""

from collections.abc import Sequence
from typing import Any, Literal

from domain.problems import Problem, problem

RefusalCode = Literal[
    "bad_option",
    "not_found",
    "upload_id_in_use",
    "in_progress",
    "wrong_offset",
    "too_large",
    "wrong_state",
    "broken_off",
]


class ImportRefusedError(Exception):
    """A call that is invalid for this import; it changed nothing.

    Attributes:
        offset: bytes had, where the caller should have known them.
        errors: every broken rule, where options were wrong.
    """

    def __init__(
        self,
        code: RefusalCode,
        message: str,
        *,
        offset: int | None = None,
        errors: Sequence[Problem] = (),
    ) -> None:
        super().__init__(message)
        self.code: RefusalCode = code
        self.offset = offset
        self.errors = tuple(errors)


def refused_by(sentence: str, *, offset: int | None = None, **params: Any) -> ImportRefusedError:
    """Return the refusal that a sentence of problems tells; its code is that of the refusal."""
    why = problem(sentence, **params)
    code: Any = why.code
    return ImportRefusedError(code, why.message, offset=offset, errors=[why])
