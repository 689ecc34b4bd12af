"""Limits the staged bytes of a person's unfinished imports."""

from api.services.store import Store
from domain.ports.errors import QuotaError


class StagingQuota:
    """Counts the bytes of running bodies, in addition to those that the store has counted.

    Several processes that receive bodies of one person at once see each other's bytes when a body
    ends: a person may exceed the quota by what one body brings to another process meanwhile.
    """

    def __init__(self, store: Store, bytes_per_person: int) -> None:
        self._store = store
        self._limit = bytes_per_person
        self._people: dict[str, _Person] = {}
        self._counted = 0

    @property
    def staged_bytes(self) -> int:
        """Bytes of unfinished imports: the last count, plus bytes received by this process since."""
        return self._counted + self.growing

    @property
    def growing(self) -> int:
        """The bytes of running bodies in this process."""
        return sum(person.growing for person in self._people.values())

    async def count_staged(self) -> None:
        """Count anew what is staged of unfinished imports, of all processes."""
        async with self._store.snapshot() as snapshot:
            self._counted = await snapshot.uploads.staged_bytes()

    async def check(self, actor: str, more: int) -> None:
        """Refuse a file of so many bytes, if it cannot be staged.

        Raises:
            QuotaError: too much is staged for this person.
        """
        growing = self._people[actor].growing if actor in self._people else 0
        if await self._staged(actor) + growing + max(more, 1) > self._limit:
            raise self._exceeded()

    async def share(self, actor: str) -> "Share":
        """Start counting the bytes of a body of this person."""
        staged = await self._staged(actor)
        person = self._people.setdefault(actor, _Person())
        person.staged = staged
        person.bodies += 1
        return Share(self, actor, person)

    async def _staged(self, actor: str) -> int:
        async with self._store.snapshot() as snapshot:
            return await snapshot.uploads.staged_bytes(actor)

    def count(self, person: "_Person", more: int) -> None:
        """Add bytes to those of a person. Raises QuotaError."""
        person.growing += more
        if person.staged + person.growing > self._limit:
            raise self._exceeded()

    def leave(self, actor: str, person: "_Person") -> None:
        """Remove a body; the person is removed with the last one."""
        person.bodies -= 1
        if not person.bodies:
            del self._people[actor]

    def _exceeded(self) -> QuotaError:
        return QuotaError(self._limit)


class Share:
    """The bytes of one body."""

    def __init__(self, quota: StagingQuota, actor: str, person: "_Person") -> None:
        self._quota = quota
        self._actor = actor
        self._person = person
        self._bytes = 0

    def take(self, more: int) -> None:
        """Count bytes.

        Raises:
            QuotaError: with these too much is staged for the person.
        """
        self._bytes += more
        self._quota.count(self._person, more)

    def close(self) -> None:
        """Stop counting: the bytes are staged, and the store counts them from now on."""
        self._person.growing -= self._bytes
        self._person.staged += self._bytes
        self._quota.leave(self._actor, self._person)


class _Person:
    def __init__(self) -> None:
        self.staged = 0
        self.growing = 0
        self.bodies = 0
