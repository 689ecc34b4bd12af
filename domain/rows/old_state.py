"""Reads the state of a reader as any version has dumped it: an import outlives an upgrade."""

from typing import Any

import msgspec

from domain.dates import DateOrder
from domain.imports import ImportOptions
from domain.rows.columns import is_own_column


def decode_state(dumped: bytes, options: ImportOptions) -> dict[str, Any]:
    """Return the members of a dumped state, in the shape of today's.

    0.1 read dates only as its options said, had no columns without a name at the end of a row, and kept the
    names of the columns that it did not use.
    """
    state: dict[str, Any] = msgspec.msgpack.decode(dumped)
    columns = state["columns"]
    if columns is not None and "order" not in state:
        state["order"] = msgspec.to_builtins(DateOrder.asked(options.date_format))
        state["columns"] = _with_places(columns)
    return state


def _with_places(columns: dict[str, Any]) -> dict[str, Any]:
    names, used = columns["names"], set(columns["index"].values())
    named = [at for at, name in enumerate(names) if name.strip()]
    ignored = [at for at in named if at not in used and not is_own_column(names[at])]
    width = max([*named, *used], default=-1) + 1
    return {**columns, "names": names[:width], "least": width, "most": len(names), "ignored": ignored}
