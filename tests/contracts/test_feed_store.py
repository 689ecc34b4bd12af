"""What every store of the feed keeps to."""

import pytest

from api.storage.store import SqlStore
from streams.ports import StoredMessage

pytestmark = pytest.mark.anyio

DRAFT = ("eventos", b'{"type":"x","a":1}', False)


async def test_messages_are_told_after_the_commit_with_their_ids(
    store: SqlStore, told: list[StoredMessage]
) -> None:
    async with store.transaction() as transaction:
        await transaction.messages.append([DRAFT, ("upload/a", b'{"type":"finished"}', True)])
        assert told == []
    assert told == [
        StoredMessage(1, "eventos", b'{"type":"x","id":"%b.1","a":1}' % store.epoch.encode()),
        StoredMessage(2, "upload/a", b'{"type":"finished","id":"%b.2"}' % store.epoch.encode(), final=True),
    ]
    assert await store.feed.read(["eventos", "upload/a"], [], after=0, upto=2, limit=9) == told
    assert await store.feed.ends(["eventos", "upload/a"]) == {"upload/a": 2}
    assert await store.feed.bounds() == (0, 2)


async def test_rollback_stores_and_tells_nothing(store: SqlStore, told: list[StoredMessage]) -> None:
    async def fail() -> None:
        async with store.transaction() as transaction:
            await transaction.messages.append([DRAFT])
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert told == []
    assert await store.feed.bounds() == (0, 0)
