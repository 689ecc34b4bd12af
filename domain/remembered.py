"""Import options remembered by column names."""

from collections.abc import Sequence
from hashlib import sha256

import msgspec
from msgspec import Struct

from domain.imports import DateFormat, ImportOptions
from domain.problems import excerpt
from domain.rows.columns import is_own_column, place_of
from domain.rows.names import column_key

MAX_SHAPES = 1_000
"""Shapes that a store keeps: those that were imported last."""

_MAX_BYTES = 64 * 1024
_SEPARATOR = "\x1f"


class Remembered(Struct, frozen=True):
    """Options that an import of such a file completed with; None: the option was not given."""

    mapping: dict[str, str | None] | None = None
    defaults: dict[str, str] | None = None
    date_format: DateFormat | None = None
    values: dict[str, dict[str, str]] | None = None


def header_shape(names: Sequence[str]) -> str | None:
    """Return the digest (hex) of a header: its names in order, ignoring case, accents and spaces.

    Case, accents, blanks and punctuation of names make no difference, nor do nameless columns at
    the end, or those that a rejected file adds there. None where no column has a name, or only that of its
    place, as in a file without a header: two such files have nothing in common.
    """
    if all(not name.strip() or place_of(name) is not None for name in names):
        return None
    keys = [column_key(excerpt(name)) for name in names]
    while keys and (not keys[-1] or is_own_column(keys[-1])):
        keys.pop()
    return sha256(_SEPARATOR.join(keys).encode("utf-8", "replace")).hexdigest() if keys else None


def worth_remembering(options: ImportOptions) -> Remembered | None:
    """Return the options of an import that are remembered for its header; None if there are none.

    Options of more than 64 KiB are not kept.
    """
    order = None if options.date_format == "auto" else options.date_format
    found = Remembered(options.mapping or None, options.defaults or None, order, options.values or None)
    if found == Remembered() or len(msgspec.json.encode(found)) > _MAX_BYTES:
        return None
    return found
