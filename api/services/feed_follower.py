"""Publishes messages that another process, such as a command, stored in the SQLite file.

`fasttrack user disable` writes into the same SQLite file as a running server. Its messages take
seqs of the one log, so a gap before the server's own next message shows that there are some.
"""

import logging
from collections.abc import Callable, Sequence

import anyio

from domain.ports.errors import StorageError
from streams.ports import FeedReader
from streams.stored import StoredMessage

LOOK_SECONDS = 2.0
MESSAGES_A_READ = 1000
_EVERYTHING = ("",)
"""The prefix of every feed's name."""

logger = logging.getLogger(__name__)


class FeedFollower:
    """Publishes what this process and others commit, in the order of seq.

    Args:
        feed: the store's messages.
        publish: takes messages in order, each once; must not block or raise.
    """

    def __init__(self, feed: FeedReader, *, publish: Callable[[Sequence[StoredMessage]], None]) -> None:
        self._feed = feed
        self._publish = publish
        self._head = 0
        self._is_behind = True
        self._wake = anyio.Event()

    async def start(self, after: int | None = None) -> None:
        """Start after a seq; without one, after the newest message of the store."""
        self._head = (await self._feed.bounds())[1] if after is None else after
        self._is_behind = False

    def committed(self, messages: Sequence[StoredMessage]) -> None:
        """Take what this process has committed."""
        new = [message for message in messages if message.seq > self._head]
        if not new:
            return
        if self._is_behind or new[0].seq != self._head + 1:
            # They are in the store, and are published from there after those before them.
            self._is_behind = True
            self._wake.set()
        else:
            self._pass_on(new)

    async def run(self) -> None:
        """Look for others' messages until cancelled."""
        while True:
            with anyio.move_on_after(LOOK_SECONDS):
                await self._wake.wait()
            # Swap before reading: what is committed during the read wakes another round.
            self._wake = anyio.Event()
            try:
                await self._catch_up()
            except StorageError as error:
                logger.warning("cannot read messages that other processes have stored: %s", error)
                await anyio.sleep(LOOK_SECONDS)

    async def _catch_up(self) -> None:
        _, newest = await self._feed.bounds()
        while self._head < newest:
            page = await self._feed.read(
                (), _EVERYTHING, after=self._head, upto=newest, limit=MESSAGES_A_READ
            )
            new = [message for message in page if message.seq > self._head]
            if not new:
                self._head = max(self._head, newest)
            else:
                self._pass_on(new)
        # A commit during the read has set the event, so the next round starts at once.
        self._is_behind = self._wake.is_set()

    def _pass_on(self, messages: Sequence[StoredMessage]) -> None:
        self._head = messages[-1].seq
        self._publish(messages)
