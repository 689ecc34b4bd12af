"""The port for calendar addresses and read marks."""

from collections.abc import Mapping
from typing import Protocol

from domain.personal import CalendarAddress


class PersonalStore(Protocol):
    """Calendar addresses and read marks. Secrets are passed and stored only as SHA-256 hex digests."""

    async def add_calendar(
        self, owner: str, secret_hash: str, filters: Mapping[str, str], *, at_ms: int
    ) -> CalendarAddress:
        """Store a new calendar address."""
        ...

    async def calendars(self, owner: str) -> list[CalendarAddress]:
        """Return a person's addresses, the newest first."""
        ...

    async def lock_calendars(self, owner: str) -> list[CalendarAddress]:
        """Return a person's addresses; nobody else adds one of theirs until the transaction ends."""
        ...

    async def calendar_by_secret(self, secret_hash: str) -> CalendarAddress | None:
        """Return the address with this secret."""
        ...

    async def used_calendar(self, calendar_id: int, *, at_ms: int) -> None:
        """Note that an address was used."""
        ...

    async def remove_calendar(self, owner: str | None, calendar_id: int) -> bool:
        """Delete a person's address, anyone's for None; False if there is none."""
        ...

    async def read_mark(self, owner: str, *, to_change: bool = False) -> str | None:
        """Return the cursor up to which a person has read the notifications; `to_change` locks it."""
        ...

    async def set_read_mark(self, owner: str, cursor: str) -> None:
        """Store the cursor up to which a person has read the notifications."""
        ...
