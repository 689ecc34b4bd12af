"""Searches the header and the first records of a file for a proof of the order of day and month."""

import re

from msgspec.structs import replace

from domain.dates import DateOrder, order_shown_by
from domain.dates.order import PROOF_BYTES, PROOF_RECORDS, Order
from domain.rows.columns import Columns
from domain.text import folded

_DAY, _MONTH, _YEAR = r"(?:d{1,2}|dia|day)", r"(?:m{1,2}|mes|month)", r"(?:[ay]{2}|[ay]{4}|ano|year)"
_SPELLED = re.compile(
    rf"(?<![^\W_])(?:(?P<dmy>{_DAY}[/. -]{_MONTH})|(?P<mdy>{_MONTH}[/. -]{_DAY}))[/. -]{_YEAR}(?![^\W_])"
)


def with_order_of_header(order: DateOrder, columns: Columns, line: int) -> DateOrder:
    """Return an order with that of a header that spells out one: `Data (DD/MM/AAAA)`.

    People fill templates of other countries: what the dates prove counts before it.
    """
    at = columns.index.get("event_date")
    if at is None or order.settled:
        return order
    spelled = {"dmy" if found["dmy"] else "mdy" for found in _SPELLED.finditer(folded(columns.names[at]))}
    one: Order = "dmy" if "dmy" in spelled else "mdy"
    return replace(order, hint=one, hint_line=line) if len(spelled) == 1 else order


class OrderSearch:
    """Looks at the dates of records until their order is settled.

    Rows may be read as soon as `is_held` is False: the order is settled, or none of the dates that
    were looked at needs it.

    Attributes:
        order: what is known by now.
        is_held: some date was seen whose day depends on the order.
    """

    def __init__(self, order: DateOrder, *, records: int = 0) -> None:
        """Go on after so many records."""
        self.order = order
        self.is_held = False
        self._records = records

    def look(self, text: str, *, line: int, offset: int) -> None:
        """Look at the next record: the text of its date, its line, and the byte at which it starts."""
        if self.order.settled:
            return
        if self._records >= PROOF_RECORDS or offset >= PROOF_BYTES:
            self.end()
            return
        self._records += 1
        shown = order_shown_by(text)
        if shown == "either":
            self.is_held = True
        elif shown is not None:
            self._settle(self.order.proved(shown, line))

    def end(self) -> None:
        """End the search: without a proof by now, there is none."""
        if not self.order.settled:
            self._settle(self.order.unproved())

    def _settle(self, order: DateOrder) -> None:
        self.order = order
        self.is_held = False
