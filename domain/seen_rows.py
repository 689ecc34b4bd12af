"""Remembers the rows of a file in about twelve bytes each.

A dry run stores nothing, so that a later row of an event is told from the first one only by this.
"""

from collections.abc import Hashable

_BUCKETS = 1 << 14
_KEY_BYTES, _ROW_BYTES = 7, 5
_RECORD = _KEY_BYTES + _ROW_BYTES
_KEY_MASK = (1 << 8 * _KEY_BYTES) - 1
_ROW_MASK = (1 << 8 * _ROW_BYTES) - 1


class SeenRows:
    """Digests of rows by the digest of their event. Valid within one process only.

    Two of ten million rows are mistaken for one another once in a million files.
    """

    def __init__(self) -> None:
        """Have seen nothing."""
        self._buckets: list[bytearray] = [bytearray() for _ in range(_BUCKETS)]

    def last(self, event: Hashable, row: Hashable) -> bool | None:
        """Note an event's row. Return whether the last one was equal; None where there was none."""
        digest = hash(event)
        bucket = self._buckets[digest % _BUCKETS]
        key = (digest >> 8 & _KEY_MASK).to_bytes(_KEY_BYTES, "big")
        new = (hash(row) & _ROW_MASK).to_bytes(_ROW_BYTES, "big")
        at = _place(bucket, key)
        if at is None:
            bucket += key + new
            return None
        old, bucket[at + _KEY_BYTES : at + _RECORD] = bucket[at + _KEY_BYTES : at + _RECORD], new
        return old == new


def _place(bucket: bytearray, key: bytes) -> int | None:
    at = bucket.find(key)
    while at >= 0 and at % _RECORD:  # Bytes of two records may look like a key.
        at = bucket.find(key, at + 1)
    return None if at < 0 else at
