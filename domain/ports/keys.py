"""The port for idempotency keys: which requests have been carried out, so that a repeat of one is not."""

from typing import Protocol

from msgspec import Struct


class KeyUse(Struct, frozen=True):
    """The digest of the first request with a key, and the ids of the events that it stored."""

    digest: bytes
    ids: range


class KeyStore(Protocol):
    """Keys of people: two may use the same one."""

    async def claim(self, owner: str, key: str, digest: bytes, *, at_ms: int) -> KeyUse | None:
        """Take a key for this transaction; return how it was used where an earlier one has taken it.

        Of transactions with one key at the same time the others wait for the end of the first.

        Raises:
            StorageConflictError: the key was forgotten meanwhile; the transaction can be tried again.
        """
        ...

    async def keep(self, owner: str, key: str, ids: range) -> None:
        """Note which events the transaction that claimed a key has stored."""
        ...

    async def purge(self, *, before_ms: int, limit: int) -> int:
        """Delete some older keys; return how many."""
        ...
