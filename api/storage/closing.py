"""What a transaction writes last: the changes of its counts, and its messages."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from api.storage.event_packing import Deltas
from streams.messages import Draft, around_seq, with_id
from streams.stored import StoredMessage


class Sent(NamedTuple):
    """Where messages are that were sent.

    Attributes:
        behind: they come after this seq.
        backend: the process of the database that has them: its pid, and when it was started.
    """

    behind: int
    backend: tuple[int, datetime]


@dataclass
class Closing:
    """Counts and drafts of one transaction.

    Attributes:
        deltas: what is added to the counts.
        drafts: messages without their ids.
        at_ms: when the messages are stored.
        trace: in which they are stored.
        seq: of the first message, once it is drawn.
        sent: set while its messages are on their way and their seqs not known yet.
    """

    deltas: Deltas
    drafts: Sequence[Draft]
    epoch: str
    at_ms: int
    trace: str | None = None
    seq: int = field(default=0, init=False)
    sent: "Sent | None" = field(default=None, init=False)
    _messages: list[StoredMessage] | None = field(default=None, init=False)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return not self.deltas and not self.drafts

    @property
    def last_seq(self) -> int:
        """The seq of the last message; 0 where there is none, or it was not drawn."""
        return self.seq + len(self.drafts) - 1 if self.drafts and self.seq else 0

    @property
    def is_on_its_way(self) -> bool:
        """Whether its messages may be stored."""
        return bool(self.drafts) and (self.seq > 0 or self.sent is not None)

    def begin_at(self, seq: int) -> None:
        """Have the first message bear this seq, whatever was drawn for it before."""
        self.seq, self._messages = seq, None

    def messages(self) -> list[StoredMessage]:
        """Return the messages with their ids, once the seq is drawn."""
        if self._messages is None:
            self._messages = [*map(self._message, range(len(self.drafts)))]
        return self._messages

    def around_seqs(self) -> list[tuple[bytes, bytes]]:
        """Return what stands before and behind the seq in each message."""
        return [around_seq(body, self.epoch) for _, body, _ in self.drafts]

    def _message(self, place: int) -> StoredMessage:
        feed, body, is_final = self.drafts[place]
        seq = self.seq + place
        return StoredMessage(seq, feed, with_id(body, self.epoch, seq), is_final, self.trace)


def changes_of(closings: Sequence[Closing]) -> list[tuple[str, str, int]]:
    """Return what several closings add to the counts together, as (kind, key, n), no two of one key."""
    together: dict[tuple[str, str], int] = {}
    for closing in closings:
        for key, n in closing.deltas.items():
            together[key] = together.get(key, 0) + n
    return [(kind, key, n) for (kind, key), n in together.items() if n]
