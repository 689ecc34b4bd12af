"""What becomes of the rows of one batch, some of whose events are stored already. Needs no connection."""

from collections.abc import Callable, Collection, Mapping

from api.storage.event_cells import CITY, EVENT_DATE, OWN, TITLE, Cells, Known, Merger, whole
from api.storage.keyed_events import KeyedEvents
from domain.merge import OUTCOMES, Key, MergeRule
from domain.seen_rows import SeenRows

_MIDNIGHT = "T00:00:00"
"""What a date alone is stored with."""

_NO_KEY: Key = ()
"""Stands for a key that no row of a batch has."""

CREATED, _UPDATED, _UNCHANGED, _SKIPPED = range(len(OUTCOMES))


class MergePlan:
    """What becomes of the rows of one batch, decided row by row in file order.

    Each row meets events as earlier rows left them, those of the same batch among them.

    Attributes:
        created: the packed cells of new events.
        changed: the own cells of stored ones, by id; `before` has what they are now.
    """

    def __init__(
        self,
        rule: MergeRule,
        upload_id: str,
        by_key: KeyedEvents,
        key_of: Callable[[Cells], Key],
        *,
        seen: SeenRows | None,
        met: SeenRows | None,
    ) -> None:
        """Plan for an import.

        `by_key` has the stored events of each key that a row is found by. `seen` has the rows of a dry
        run so far, `met` the events met so far.
        """
        self.outcomes = bytearray()
        self.created: list[Cells] = []
        self.changed: dict[int, Cells] = {}
        self.before: dict[int, Known] = {}
        self.warnings: dict[str, int] = {}
        self._by_key, self._key_of = by_key, key_of
        self._skips = rule.on_duplicate == "skip"
        self._merger = Merger(rule)
        self._upload_id = upload_id
        self._seen, self._met_events = seen, met
        # A file with dates alone says nothing of the time of day: that every time goes is told.
        self._may_lose_times = "event_date" in rule.fields and "event_time" not in rule.fields
        self._new: dict[Key, int] = {}
        self._new_keys: dict[int, Key] = {}

    def recall(self, keys: Collection[Key], events: Mapping[int, Known]) -> None:
        """Give events the keys that earlier batches of a dry run gave them, for these keys of its rows."""
        seen, by_key = self._seen, self._by_key
        assert seen is not None, "an import that stores needs no memory"
        for key in keys:
            held = [*by_key.others.get(key, ()), *filter(None, [by_key.oldest.get(key)])]
            for known in held:
                if seen.is_renamed(known.event_id):
                    by_key.remove(key, known.event_id)
        self._new_keys = {event_id: _NO_KEY for event_id in events if seen.is_renamed(event_id)}
        for key in keys:
            for event_id in seen.renamed_to(key) & events.keys():
                by_key.add(key, events[event_id])
                self._new_keys[event_id] = key

    def take_by_key(self, rows: list[Cells], keys: list[Key]) -> None:
        """Decide about rows that are found by their keys, and count them."""
        found = self._by_key.oldest
        if self._seen is not None or self._skips or self._by_key.others:
            for row, key in zip(rows, keys, strict=True):
                self.take(row, key, found.get(key))
            return
        # The same as `take` does for a row like most others, without its calls.
        merged, me, before, add = self._merger.merged, self._upload_id, self.before, self.outcomes.append
        has_defaults = self._merger.has_defaults
        met = self._met_events
        for row, key in zip(rows, keys, strict=True):
            known = found.get(key)
            if known is None or known.event_id in before or known.upload_id == me:
                self.take(row, key, known)
                continue
            if met is not None and met.last(known.event_id, 0) is not None:
                self.warn("repeated_key")
            wanted = merged(known.cells, row)
            if has_defaults:
                self._tell_of_defaults(wanted, row)
            if wanted is known.cells:
                add(_UNCHANGED)
            else:
                if self._may_lose_times and _loses_time(known.cells, wanted):
                    self.warn("time_lost")
                before[known.event_id], self.changed[known.event_id] = known, wanted
                add(_UPDATED)

    def take_by_id(self, rows: list[Cells], keys: list[Key], ids: list[int], by_id: dict[int, Known]) -> None:
        """Decide about rows that are found by their ids, else by their keys, and count them."""
        found = self._by_key.oldest
        for row, key, event_id in zip(rows, keys, ids, strict=True):
            known = by_id.get(event_id)
            if known is not None:
                self.take(row, key, known, by_id=True)
                continue
            if event_id:
                self.warn("unknown_id")
            self.take(row, key, found.get(key))

    def take(self, row: Cells, key: Key, known: Known | None, *, by_id: bool = False) -> None:
        """Decide about a row, and count it."""
        if known is not None and not by_id and self._is_one_of_several(known, key):
            self.warn("several_events")
        equal = self._seen.last(known.event_id if known else key, row) if self._seen else None
        if equal is not None:
            self.outcomes.append(self._met_again(row, known, equal=equal, by_id=by_id))
        elif known is not None:
            self.outcomes.append(self._met(row, known, by_id=by_id))
        elif key in self._new:
            self.outcomes.append(self._replaced(row, self._new[key]))
        else:
            self._new[key] = len(self.created)
            self.created.append(row)
            self.outcomes.append(CREATED)

    def end(self) -> None:
        """Drop what several rows changed and changed back: the event stays as it is, with its version."""
        for event_id, known in [*self.before.items()]:
            if self.changed[event_id] == known.cells:
                del self.before[event_id], self.changed[event_id]

    def warn(self, code: str) -> None:
        """Count a warning."""
        self.warnings[code] = self.warnings.get(code, 0) + 1

    def _is_one_of_several(self, known: Known, key: Key) -> bool:
        if key in self._by_key.others:
            return True
        # A new event has the key of a stored one only where that got it later.
        is_new = key in self._new or (self._seen is not None and self._seen.has(key))
        return is_new and known.event_id in self._new_keys

    def _met(self, row: Cells, known: Known, *, by_id: bool) -> int:
        """Merge a row into a stored event."""
        is_own = known.upload_id == self._upload_id
        was_met = self._met_events is not None and self._met_events.last(known.event_id, 0) is not None
        if is_own or was_met or known.event_id in self.before:
            self.warn("repeated_key")
        if self._skips and not is_own:
            return _SKIPPED
        now = self.changed.get(known.event_id, known.cells)
        if by_id and _is_another(row, now):
            # Ids of other programs are small numbers, too. It is told, since `id` is what was asked for.
            self.warn("another_event")
        wanted = self._merged(now, row)
        if wanted is now:
            return _UNCHANGED
        if by_id:
            self._rename(known, wanted)
        self.before.setdefault(known.event_id, known)
        self.changed[known.event_id] = wanted
        return _UPDATED

    def _merged(self, now: Cells, row: Cells) -> Cells:
        """Return an event with what a row has for it, `now` itself if nothing changes; warn of losses."""
        wanted = self._merger.merged(now, row)
        self._tell_of_defaults(wanted, row)
        if wanted is not now and self._may_lose_times and _loses_time(now, wanted):
            self.warn("time_lost")
        return wanted

    def _rename(self, known: Known, wanted: Cells) -> None:
        """Let later rows find a stored event by the key that a row gave it, and no more by the one it had."""
        old, new = self._new_keys.get(known.event_id), self._key_of(wanted)
        if old is None:
            old = self._key_of(known.cells)
        if old == new:
            return
        self._by_key.remove(old, known.event_id)
        self._by_key.add(new, known)
        self._new_keys[known.event_id] = new
        if self._seen is not None:
            self._seen.rename(known.event_id, new)

    def _tell_of_defaults(self, wanted: Cells, row: Cells) -> None:
        """Warn of a stored event that keeps what it has, though `defaults` has something else for it."""
        if self._merger.has_defaults and self._merger.keeps_other(wanted, row):
            self.warn("default_not_used")

    def _replaced(self, row: Cells, place: int) -> int:
        """Merge a row into a new event of the same batch: the later row of a file counts."""
        self.warn("repeated_key")
        now = self.created[place][: len(OWN)]
        wanted = self._merged(now, row)
        if wanted is now:
            return _UNCHANGED
        self.created[place] = whole(wanted)
        return _UPDATED

    def _met_again(self, row: Cells, known: Known | None, *, equal: bool, by_id: bool) -> int:
        """Say what a dry run would do with a row whose event an earlier row was."""
        self.warn("repeated_key")
        if known is not None and self._skips:
            return _SKIPPED
        if known is not None and by_id:
            self._rename(known, self._merger.merged(known.cells, row))
        return _UNCHANGED if equal else _UPDATED


def _loses_time(now: Cells, wanted: Cells) -> bool:
    """Return whether an event keeps its day, and goes from a time of day to midnight."""
    old, new = now[EVENT_DATE], wanted[EVENT_DATE]
    return old[:10] == new[:10] and new[10:] == _MIDNIGHT and old[10:19] != _MIDNIGHT


def _is_another(row: Cells, stored: Cells) -> bool:
    """Return whether nothing by which people know an event is that of the stored one."""
    return all(row[place] != stored[place] for place in (TITLE, EVENT_DATE, CITY))
