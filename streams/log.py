"""The log in memory: the newest messages of the store, encoded, found by topic and position."""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Sequence
from heapq import merge
from itertools import islice
from operator import attrgetter

from streams.feeds import FeedCatalogue
from streams.frames import Frame, stored_frame
from streams.stored import StoredMessage


class Lane:
    """The held frames of one topic, by seq."""

    __slots__ = ("_frames", "_seqs", "_start")

    def __init__(self) -> None:
        self._frames: list[Frame] = []
        self._seqs: list[int] = []
        self._start = 0

    def __len__(self) -> int:
        return len(self._frames) - self._start

    def append(self, frame: Frame) -> None:
        """Add the newest."""
        self._frames.append(frame)
        self._seqs.append(frame.seq)

    def drop_oldest(self) -> None:
        """Drop the oldest frame, at a constant cost on average."""
        self._start += 1
        if self._start > 32 and self._start * 2 > len(self._frames):
            del self._frames[: self._start], self._seqs[: self._start]
            self._start = 0

    def between(self, after: int, upto: int, limit: int) -> list[Frame]:
        """Return up to `limit` frames with after < seq <= upto."""
        first = bisect_right(self._seqs, after, self._start)
        last = bisect_right(self._seqs, upto, first)
        return self._frames[first : min(last, first + limit)]


class Log:
    """A bounded ring over the end of the one log.

    Attributes:
        epoch: of the store.
        head: seq of the newest message, held or not.
        start: every message with start < seq <= head is held.
    """

    def __init__(
        self, catalogue: FeedCatalogue, epoch: str, head: int, *, max_messages: int, max_bytes: int
    ) -> None:
        self._catalogue = catalogue
        self.epoch = epoch
        self.head = head
        self.start = head
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._ring: deque[Frame] = deque()
        self._bytes = 0
        self._lanes: dict[str, Lane] = {}

    def append(self, messages: Iterable[StoredMessage]) -> list[Frame]:
        """Take committed messages in the order of seq; return the frames of those that are new."""
        frames = [stored_frame(message, self.epoch) for message in messages if message.seq > self.head]
        for frame in frames:
            self._take(frame)
        while len(self._ring) > self._max_messages or self._bytes > self._max_bytes:
            self._drop()
        return frames

    def between(self, topics: Sequence[str], after: int, upto: int, limit: int) -> list[Frame]:
        """Return up to `limit` held frames of these topics with after < seq <= upto, by seq.

        Topics must not include one another; `after` must not be below `start`.
        """
        found = [lane.between(after, upto, limit) for topic in topics if (lane := self._lanes.get(topic))]
        if len(found) == 1:
            return found[0]
        return list(islice(merge(*found, key=attrgetter("seq")), limit))

    def _take(self, frame: Frame) -> None:
        self.head = frame.seq
        self._ring.append(frame)
        self._bytes += _held_bytes(frame)
        for topic in self._catalogue.topics_of(frame.feed):
            lane = self._lanes.get(topic)
            if lane is None:
                lane = self._lanes[topic] = Lane()
            lane.append(frame)

    def _drop(self) -> None:
        frame = self._ring.popleft()
        self._bytes -= _held_bytes(frame)
        self.start = frame.seq
        for topic in self._catalogue.topics_of(frame.feed):
            lane = self._lanes[topic]
            lane.drop_oldest()
            if not lane:
                del self._lanes[topic]


def _held_bytes(frame: Frame) -> int:
    """Return what a frame takes in each of its forms, whether a WebSocket has read it or not."""
    return 2 * len(frame.body) + len(frame.sse)
