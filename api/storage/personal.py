"""The store of calendar addresses and read marks."""

from collections.abc import Mapping

import msgspec
import sqlalchemy as sa

from api.storage.schema import calendars, read_marks
from api.storage.unit_of_work import Row, Unit
from domain.personal import CalendarAddress


class SqlPersonal:
    """Personal things of one unit of work. Source: `domain.ports.personal.PersonalStore`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    async def add_calendar(
        self, owner: str, secret_hash: str, filters: Mapping[str, str], *, at_ms: int
    ) -> CalendarAddress:
        """Store a new calendar address."""
        cells = {
            "owner": owner,
            "secret_hash": secret_hash,
            "filters": msgspec.json.encode(filters).decode(),
            "created_ms": at_ms,
        }
        row = await self._unit.first(sa.insert(calendars).values(**cells).returning(calendars))
        assert row is not None, "an INSERT returns its row"
        return _calendar(row)

    async def calendars(self, owner: str) -> list[CalendarAddress]:
        """Return a person's addresses, the newest first."""
        own = sa.select(calendars).where(calendars.c.owner == owner).order_by(calendars.c.id.desc())
        return [_calendar(row) for row in await self._unit.rows(own)]

    async def lock_calendars(self, owner: str) -> list[CalendarAddress]:
        """Return a person's addresses; nobody else adds one of theirs until the transaction ends."""
        await self._unit.dialect.lock(self._unit, f"calendars of {owner}")
        return await self.calendars(owner)

    async def calendar_by_secret(self, secret_hash: str) -> CalendarAddress | None:
        """Return the address with this secret."""
        row = await self._unit.first(sa.select(calendars).where(calendars.c.secret_hash == secret_hash))
        return _calendar(row) if row else None

    async def used_calendar(self, calendar_id: int, *, at_ms: int) -> None:
        """Note that an address was used."""
        own = sa.update(calendars).where(calendars.c.id == calendar_id)
        await self._unit.run(own.values(last_used_ms=at_ms))

    async def remove_calendar(self, owner: str | None, calendar_id: int) -> bool:
        """Delete a person's address, anyone's for None; False if there is none."""
        one = sa.delete(calendars).where(calendars.c.id == calendar_id)
        return await self._unit.run(one if owner is None else one.where(calendars.c.owner == owner)) == 1

    async def read_mark(self, owner: str, *, to_change: bool = False) -> str | None:
        """Return the cursor up to which a person has read the notifications; `to_change` locks it."""
        one = sa.select(read_marks.c.cursor).where(read_marks.c.owner == owner)
        row = await self._unit.first(one.with_for_update() if to_change else one)
        return str(row.cursor) if row else None

    async def set_read_mark(self, owner: str, cursor: str) -> None:
        """Store the cursor up to which a person has read the notifications."""
        new = self._unit.insert(read_marks).values(owner=owner, cursor=cursor)
        change = new.on_conflict_do_update(index_elements=["owner"], set_={"cursor": new.excluded.cursor})
        await self._unit.run(change)


def _calendar(row: Row) -> CalendarAddress:
    return CalendarAddress(
        id=row.id,
        owner=row.owner,
        secret_hash=row.secret_hash,
        filters=msgspec.json.decode(row.filters, type=dict[str, str]),
        created_at=row.created_ms,
        last_used_at=row.last_used_ms,
    )
