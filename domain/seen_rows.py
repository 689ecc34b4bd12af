"""Remembers the rows of a file in about twelve bytes each.

A dry run stores nothing, so that a later row of an event is told from the first one only by this.
"""

from collections.abc import Hashable

_BUCKETS = 1 << 14
_KEY_BYTES, _ROW_BYTES = 7, 5
_RECORD = _KEY_BYTES + _ROW_BYTES
_KEY_MASK = (1 << 8 * _KEY_BYTES) - 1
_ROW_MASK = (1 << 8 * _ROW_BYTES) - 1

MOST_RENAMED = 1 << 17
"""Events whose new keys are remembered: a quarter of a kilobyte each."""


class SeenRows:
    """Digests of rows by the digest of their event. Valid within one process only.

    Two of ten million rows are mistaken for one another once in a million files.
    """

    def __init__(self) -> None:
        """Have seen nothing."""
        self._buckets: list[bytearray] = [bytearray() for _ in range(_BUCKETS)]
        self._new_keys: dict[int, int] = {}
        self._renamed: dict[int, set[int]] = {}

    def last(self, event: Hashable, row: Hashable) -> bool | None:
        """Note an event's row. Return whether the last one was equal; None where there was none."""
        bucket, key = self._record_of(event)
        new = (hash(row) & _ROW_MASK).to_bytes(_ROW_BYTES, "big")
        at = _place(bucket, key)
        if at is None:
            bucket += key + new
            return None
        old, bucket[at + _KEY_BYTES : at + _RECORD] = bucket[at + _KEY_BYTES : at + _RECORD], new
        return old == new

    def has(self, event: Hashable) -> bool:
        """Return whether a row of the event was noted."""
        bucket, key = self._record_of(event)
        return _place(bucket, key) is not None

    def rename(self, event_id: int, key: Hashable) -> None:
        """Note that a row gave a stored event this key; of too many, only the first are noted."""
        old = self._new_keys.get(event_id)
        if old is not None:
            self._renamed[old].discard(event_id)
            if not self._renamed[old]:
                del self._renamed[old]
        elif len(self._new_keys) == MOST_RENAMED:
            return
        digest = self._new_keys[event_id] = hash(key)
        self._renamed.setdefault(digest, set()).add(event_id)

    @property
    def has_renamed(self) -> bool:
        """Whether a row gave a stored event another key."""
        return bool(self._new_keys)

    def is_renamed(self, event_id: int) -> bool:
        """Return whether a row gave a stored event a key."""
        return event_id in self._new_keys

    def renamed_to(self, key: Hashable) -> frozenset[int]:
        """Return the stored events to which rows gave this key last."""
        return frozenset(self._renamed.get(hash(key), ()))

    def _record_of(self, event: Hashable) -> tuple[bytearray, bytes]:
        """Return the bucket of an event, and its key there."""
        digest = hash(event)
        return self._buckets[digest % _BUCKETS], (digest >> 8 & _KEY_MASK).to_bytes(_KEY_BYTES, "big")


def _place(bucket: bytearray, key: bytes) -> int | None:
    at = bucket.find(key)
    while at >= 0 and at % _RECORD:  # Bytes of two records may look like a key.
        at = bucket.find(key, at + 1)
    return None if at < 0 else at
