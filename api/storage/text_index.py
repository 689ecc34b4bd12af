"""An index of titles and descriptions by trigrams: what those of both databases have in common.

Each database has a module that is one, `sqlite.text_index` and `postgres.text_index`; its interface is
`unit_of_work.TextIndex`.
"""

import sqlalchemy as sa
from msgspec import Struct

FEW = 2000
"""Up to so many matches are read, and their ids kept; more are looked up again for each page."""


class Text(Struct, frozen=True):
    """A text that an index looks up: how many events have it, and the condition for them."""

    rows: int
    holds: sa.ColumnElement[bool]


def is_looked_up(sought: str) -> bool:
    """Return whether an index of trigrams can find the text. FTS5 stops reading at a NUL."""
    return len(sought) >= 3 and "\0" not in sought
