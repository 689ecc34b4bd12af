"""Positions in the log as clients hold them: ``epoch.seq``, and ``epoch.seq.sSEEN`` from polls."""

import re

from msgspec import Struct

MAX_LENGTH = 40
_FORM = re.compile(r"([A-Za-z0-9_-]{1,16})\.(0|[1-9][0-9]{0,17})(?:\.s([A-Za-z0-9_-]*))?", re.ASCII)


class Cursor(Struct, frozen=True):
    """All messages of the store `epoch` up to `seq` are known to the client.

    Attributes:
        seen: which state values it knows, as digests; only a poll, which has no connection to
            remember that, puts it in.
    """

    epoch: str
    seq: int
    seen: str = ""

    def __str__(self) -> str:
        return f"{self.epoch}.{self.seq}.s{self.seen}" if self.seen else f"{self.epoch}.{self.seq}"


def parse_cursor(text: str) -> Cursor | None:
    """Return the cursor in a Last-Event-ID value, or None if it is not one.

    Total: any text is answered, nothing raises. Source: WHATWG HTML §9.2.4.
    """
    match = _FORM.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if match is None:
        return None
    epoch, seq, seen = match.groups()
    return Cursor(epoch, int(seq), seen or "")
