"""Why an import's caller is told no."""

from collections.abc import Sequence
from typing import Literal

from domain.problems import Problem

RefusalCode = Literal[
    "bad_option",
    "not_found",
    "upload_id_in_use",
    "in_progress",
    "wrong_offset",
    "too_large",
    "wrong_state",
    "broken_off",
    "cancelled",
    "not_tabular",
]


class ImportRefusedError(Exception):
    """A call that makes no sense for this import; nothing was changed by it.

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
        self.code = code
        self.offset = offset
        self.errors = tuple(errors)
