"""What every store of blobs keeps to."""

import pytest

from api.storage.store import SqlStore
from domain.ports.errors import BlobOffsetError

pytestmark = pytest.mark.anyio


async def test_append_is_refused_at_any_offset_but_the_end(store: SqlStore) -> None:
    blobs = store.blobs
    assert await blobs.size("a") == 0
    assert await blobs.append("a", 0, b"abc") == 3
    assert await blobs.append("a", 3, b"") == 3
    assert await blobs.append("a", 3, bytes(range(256))) == 259
    for offset in (0, 258, 260):
        with pytest.raises(BlobOffsetError) as refused:
            await blobs.append("a", offset, b"x")
        assert refused.value.size == 259
    with pytest.raises(BlobOffsetError):
        await blobs.append("b", 1, b"x")
    assert await blobs.size("a") == 259


async def test_a_read_spans_several_appends(store: SqlStore) -> None:
    blobs = store.blobs
    for offset in range(0, 30, 3):
        await blobs.append("a", offset, b"%03d" % offset)
    whole = b"".join(b"%03d" % offset for offset in range(0, 30, 3))
    for offset, limit in [(0, 99), (0, 1), (1, 2), (2, 5), (29, 9), (30, 9), (99, 9), (4, 0)]:
        assert await blobs.read("a", offset, limit) == whole[offset : offset + limit]
    assert await blobs.read("unknown", 0, 9) == b""


async def test_deleting_a_blob_keeps_the_others(store: SqlStore) -> None:
    blobs = store.blobs
    for blob_id in ("b", "a", "c-1_X.csv"):
        await blobs.append(blob_id, 0, b"x")
    await blobs.delete("b")
    await blobs.delete("b")
    assert await blobs.ids() == ["a", "c-1_X.csv"]
    assert await blobs.size("b") == 0
    assert await blobs.append("b", 0, b"y") == 1


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "a\0", "x" * 200, ".hidden"])
async def test_a_blob_name_with_path_characters_is_refused(store: SqlStore, name: str) -> None:
    with pytest.raises(ValueError, match="blob"):
        await store.blobs.append(name, 0, b"x")
    assert await store.blobs.ids() == []
