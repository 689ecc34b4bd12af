"""The port for webhooks and their attempts."""

from collections.abc import Sequence
from typing import Protocol

from domain.webhooks import Attempt, Progress, Webhook


class WebhookStore(Protocol):
    """Webhooks and their last attempts. Secrets are stored unencrypted, because they sign."""

    async def add(self, webhook: Webhook, *, most: int) -> bool:
        """Store a new webhook; False when there are `most` already."""
        ...

    async def count(self) -> int:
        """Return how many there are."""
        ...

    async def count_states(self) -> dict[str, int]:
        """Return how many are `enabled` and how many each cause has disabled; what has none is left out."""
        ...

    async def pause_restored(self) -> list[Webhook]:
        """Disable every webhook of a store that was put in place by a restore, and return those.

        Only the first call after a restore does so.
        """
        ...

    async def all(self) -> list[Webhook]:
        """Return every webhook, oldest first."""
        ...

    async def get(self, webhook_id: str, *, to_change: bool = False) -> Webhook | None:
        """Return one webhook; if it is read to be changed, it is locked until the transaction ends."""
        ...

    async def save(self, webhook: Webhook) -> bool:
        """Overwrite the members of a webhook except the cursor; False if it was deleted."""
        ...

    async def remove(self, webhook_id: str) -> bool:
        """Delete a webhook and its attempts; False if there is none."""
        ...

    async def hold_all(self, owner: str, *, now_ms: int, ends_ms: int) -> list[Webhook]:
        """Take or renew the lease on every enabled webhook that no other holds, and return them.

        Rows that another transaction is changing are passed over.
        """
        ...

    async def release_all(self, owner: str) -> None:
        """Release the leases of `owner` on all webhooks."""
        ...

    async def advance(self, webhook_id: str, owner: str, revision: int, progress: Progress) -> bool:
        """Set the cursor of a webhook; False if another process holds it, or a person has changed it.

        It is the fence: a process that slept through the end of its lease finds False here.
        """
        ...

    async def advance_changed(self, webhook_id: str, owner: str, cursor: int) -> bool:
        """Set only the cursor of a webhook that a person has changed; False if another process holds it.

        What was delivered before the change is not delivered again; a cursor never goes back.
        """
        ...

    async def add_attempts(self, webhook_id: str, attempts: Sequence[Attempt]) -> None:
        """Store attempts, in order, and delete all but the last 50 of the webhook."""
        ...

    async def attempts(self, webhook_id: str) -> list[Attempt]:
        """Return the last attempts of a webhook, the newest first."""
        ...
