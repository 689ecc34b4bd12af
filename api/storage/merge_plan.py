"""What becomes of the rows of one batch, some of whose events are stored already. Needs no connection."""

from api.storage.event_cells import CITY, EVENT_DATE, OWN, TITLE, Cells, Known, Merger, whole
from domain.merge import OUTCOMES, Key, MergeRule
from domain.seen_rows import SeenRows

_MIDNIGHT = "T00:00:00"
"""What a date alone is stored with."""

CREATED, _UPDATED, _UNCHANGED, _SKIPPED = range(len(OUTCOMES))


class MergePlan:
    """What becomes of the rows of one batch, decided row by row in file order.

    Attributes:
        created: the packed cells of new events.
        changed: the own cells of stored ones, by id; `before` has what they are now.
        found, several: stored events by key, and the keys that several of them have.
    """

    def __init__(self, rule: MergeRule, upload_id: str, seen: SeenRows | None, met: SeenRows | None) -> None:
        """Plan for an import; `seen` has the rows of a dry run so far, `met` the events met so far."""
        self.outcomes = bytearray()
        self.created: list[Cells] = []
        self.changed: dict[int, Cells] = {}
        self.before: dict[int, Known] = {}
        self.warnings: dict[str, int] = {}
        self.found: dict[Key, Known] = {}
        self.several: set[Key] = set()
        self._skips = rule.on_duplicate == "skip"
        self._merger = Merger(rule)
        self._upload_id = upload_id
        self._seen, self._met_events = seen, met
        # A file with dates alone says nothing of the time of day: that every time goes is told.
        self._may_lose_times = "event_date" in rule.fields and "event_time" not in rule.fields
        self._new: dict[Key, int] = {}

    def take_by_key(self, rows: list[Cells], keys: list[Key]) -> None:
        """Decide about rows that are found by their keys, and count them."""
        found = self.found
        if self._seen is not None or self._skips or self.several:
            for row, key in zip(rows, keys, strict=True):
                self.take(row, key, found.get(key), several=key in self.several)
            return
        # The same as `take` does for a row like most others, without its calls.
        merged, me, before, add = self._merger.merged, self._upload_id, self.before, self.outcomes.append
        has_defaults = self._merger.has_defaults
        met = self._met_events
        for row, key in zip(rows, keys, strict=True):
            known = found.get(key)
            if known is None or known.event_id in before or known.upload_id == me:
                self.take(row, key, known, several=False)
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
        for row, key, event_id in zip(rows, keys, ids, strict=True):
            known = by_id.get(event_id)
            if event_id and known is None:
                self.warn("unknown_id")
            elif known is not None and not self._skips and _is_another(row, known.cells):
                # Ids of other programs are small numbers, too. It is told, since `id` is what was asked for.
                self.warn("another_event")
            several = known is None and key in self.several
            self.take(row, key, known or self.found.get(key), several=several)

    def take(self, row: Cells, key: Key, known: Known | None, *, several: bool) -> None:
        """Decide about a row, and count it."""
        if known is not None and several:
            self.warn("several_events")
        equal = self._seen.last(known.event_id if known else key, row) if self._seen else None
        if equal is not None:
            self.outcomes.append(self._met_again(known, equal=equal))
        elif known is not None:
            self.outcomes.append(self._met(row, known))
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

    def _met(self, row: Cells, known: Known) -> int:
        """Merge a row into a stored event."""
        is_own = known.upload_id == self._upload_id
        was_met = self._met_events is not None and self._met_events.last(known.event_id, 0) is not None
        if is_own or was_met or known.event_id in self.before:
            self.warn("repeated_key")
        if self._skips and not is_own:
            return _SKIPPED
        now = self.changed.get(known.event_id, known.cells)
        wanted = self._merger.merged(now, row)
        self._tell_of_defaults(wanted, row)
        if wanted is now:
            return _UNCHANGED
        if self._may_lose_times and _loses_time(now, wanted):
            self.warn("time_lost")
        self.before.setdefault(known.event_id, known)
        self.changed[known.event_id] = wanted
        return _UPDATED

    def _tell_of_defaults(self, wanted: Cells, row: Cells) -> None:
        """Warn of a stored event that keeps what it has, though `defaults` has something else for it."""
        if self._merger.has_defaults and self._merger.keeps_other(wanted, row):
            self.warn("default_not_used")

    def _replaced(self, row: Cells, place: int) -> int:
        """Merge a row into a new event of the same batch: the later row of a file counts."""
        self.warn("repeated_key")
        now = self.created[place][: len(OWN)]
        wanted = self._merger.merged(now, row)
        if wanted is now:
            return _UNCHANGED
        self.created[place] = whole(wanted)
        return _UPDATED

    def _met_again(self, known: Known | None, *, equal: bool) -> int:
        """Say what a dry run would do with a row whose event an earlier row was."""
        self.warn("repeated_key")
        if known is not None and self._skips:
            return _SKIPPED
        return _UNCHANGED if equal else _UPDATED


def _loses_time(now: Cells, wanted: Cells) -> bool:
    """Return whether an event keeps its day, and goes from a time of day to midnight."""
    old, new = now[EVENT_DATE], wanted[EVENT_DATE]
    return old[:10] == new[:10] and new[10:] == _MIDNIGHT and old[10:19] != _MIDNIGHT


def _is_another(row: Cells, stored: Cells) -> bool:
    """Return whether nothing by which people know an event is that of the stored one."""
    return all(row[place] != stored[place] for place in (TITLE, EVENT_DATE, CITY))
