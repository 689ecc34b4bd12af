"""Rows of an import meet events as earlier rows of the file left them, wherever its batches end."""

import secrets
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import anyio
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from api.storage.event_packing import pack
from api.storage.store import SqlStore
from domain.event_columns import EventColumns
from domain.events import Event, EventFields
from domain.imports import OnDuplicate
from domain.merge import DEFAULT_KEY, OUTCOMES, MergeRule, key_of
from domain.ports.events import EventFilter
from domain.seen_rows import SeenRows
from tests.contracts.conftest import opened
from tests.contracts.samples import an_event
from tests.contracts.test_event_merge import ALL, fields, merge, of, stored, take_back

pytestmark = pytest.mark.anyio

CREATED, UPDATED, UNCHANGED, SKIPPED = range(len(OUTCOMES))


def a_row(title: str, city: str, day: int, description: str) -> EventFields:
    return an_event(title, city=city, on=f"2025-07-0{day}T10:00:00", description=description)


class Line(NamedTuple):
    """A row of a file: `id_of` is the place of a stored event, or how far behind the last one its id is."""

    row: EventFields
    id_of: int | None = None


ROWS = st.builds(
    a_row,
    st.sampled_from("XYZ"),
    st.sampled_from(["Recife", "Olinda"]),
    st.integers(1, 2),
    st.sampled_from(["", "1", "2"]),
)
LINES = st.builds(Line, ROWS, st.none() | st.integers(0, 5))
X, Y, W = (a_row(title, "Recife", 1, "") for title in "XYW")
AGAIN = a_row("X", "Recife", 1, "2")


class Model:
    """Events in a list, which rows meet one at a time."""

    def __init__(
        self, before: Sequence[EventFields], on_duplicate: OnDuplicate, key: tuple[str, ...]
    ) -> None:
        self.events = [*before]
        self.warnings: Counter[str] = Counter()
        self._stored = len(before)
        self._is_skip = on_duplicate == "skip"
        self._key = key
        self._met: set[int] = set()

    def take(self, line: Line) -> int:
        """Return what becomes of a row."""
        row, place = line
        if place is not None and place >= self._stored:
            self.warnings["unknown_id"] += 1
            place = None
        if place is None:
            key = key_of(row, self._key)
            same = [at for at, event in enumerate(self.events) if key_of(event, self._key) == key]
            self.warnings["several_events"] += len(same) > 1
            if not same:
                self._met.add(len(self.events))
                self.events.append(row)
                return CREATED
            place = same[0]
        elif not self._is_skip:
            now = self.events[place]
            is_another = all(getattr(row, name) != getattr(now, name) for name in DEFAULT_KEY)
            self.warnings["another_event"] += is_another
        self.warnings["repeated_key"] += place in self._met
        self._met.add(place)
        if self._is_skip and place < self._stored:
            return SKIPPED
        was, self.events[place] = self.events[place], row
        return UNCHANGED if was == row else UPDATED


def cut(lines: Sequence[Line], ends: Sequence[int]) -> list[Sequence[Line]]:
    """Return the lines in batches that end at these places."""
    places = sorted({0, len(lines), *(end for end in ends if end < len(lines))})
    return [lines[start:end] for start, end in pairwise(places)]


async def emptied(store: SqlStore) -> None:
    async with store.transaction() as tx:
        await tx.events.delete_matching(EventFilter())


async def imported(
    store: SqlStore,
    before: Sequence[EventFields],
    lines: Sequence[Line],
    ends: Sequence[int],
    rule: MergeRule,
) -> None:
    """Import lines in batches, and compare all that can be seen of it with the model; then undo it."""
    await emptied(store)
    async with store.transaction() as tx:
        await tx.events.insert_batch(pack(EventColumns.of(before)), upload_id=None, at_ms=1)
    old = await stored(store)
    ids = [event.id for event in old] or [0]
    model = Model(before, rule.on_duplicate, rule.key)
    expected = bytes(map(model.take, lines))

    def written(line: Line) -> str:
        at = line.id_of
        return "" if at is None else str(ids[at] if at < len(old) else ids[-1] + 1 + at - len(old))

    upload_id, seen, met = secrets.token_hex(8), SeenRows(), SeenRows()
    for options in ({"dry_run": seen}, {"met": met}):
        outcomes, warnings = bytearray(), Counter[str]()
        for some in cut(lines, ends):
            texts = [*map(written, some)]
            merged = await merge(
                store, [line.row for line in some], rule, upload_id=upload_id, ids=texts, **options
            )
            outcomes += merged.outcomes
            warnings += Counter(merged.warnings)
        assert bytes(outcomes) == expected
        if "dry_run" in options:
            assert await stored(store) == old
            # That an event was another one is told of the first row that meets it.
            assert warnings["another_event"] <= model.warnings["another_event"]
            warnings["another_event"] = model.warnings["another_event"]
        assert +warnings == +model.warnings
    assert [of(event) for event in await stored(store)] == [fields(event) for event in model.events]
    await take_back(store, upload_id)
    assert list(map(said, await stored(store))) == list(map(said, old))


def said(event: Event) -> tuple[int, dict[str, object]]:
    return event.id, of(event)


@settings(max_examples=60)
@given(
    before=st.lists(ROWS, max_size=4),
    lines=st.lists(LINES, min_size=1, max_size=8),
    ends=st.lists(st.integers(1, 7), max_size=7),
    on_duplicate=st.sampled_from(["update", "update", "skip"]),
    key=st.sampled_from([DEFAULT_KEY, ("title",), ("city", "title")]),
)
@example([X], [Line(Y, 0), Line(AGAIN)], [], "update", DEFAULT_KEY)
@example([X], [Line(Y, 0), Line(AGAIN)], [1], "update", DEFAULT_KEY)
@example([X], [Line(Y, 0), Line(X), Line(Y)], [], "update", DEFAULT_KEY)
@example([X, Y], [Line(W, 0), Line(X, 1), Line(AGAIN)], [2], "update", DEFAULT_KEY)
@example([X, X], [Line(Y, 0), Line(AGAIN), Line(Y)], [2], "update", DEFAULT_KEY)
@example([X], [Line(Y, 0), Line(X, 0), Line(AGAIN)], [1, 2], "update", DEFAULT_KEY)
@example([X], [Line(Y), Line(Y, 0), Line(Y)], [1, 2], "update", DEFAULT_KEY)
@example([], [Line(X, 1), Line(Y, 0)], [1], "update", DEFAULT_KEY)
def test_what_an_import_does_is_the_same_in_any_batches(
    store_url: str,
    tmp_path: Path,
    before: list[EventFields],
    lines: list[Line],
    ends: list[int],
    on_duplicate: OnDuplicate,
    key: tuple[str, ...],
) -> None:
    rule = MergeRule(on_duplicate, key, has_ids=True, fields=ALL | {"id"})

    async def run() -> None:
        async with opened(store_url, tmp_path, []) as store:
            await imported(store, before, lines, ends, rule)

    with pytest.MonkeyPatch.context() as patch:
        # Ids that were drawn ahead are given for a second, and then rise with the time only roughly.
        patch.setattr("api.storage.postgres.ids.FEW", 0)
        anyio.run(run)


@pytest.mark.parametrize("at_once", [1, 2, 9])
async def test_the_events_of_a_batch_are_counted_once_each(store: SqlStore, at_once: int) -> None:
    await merge(store, [an_event(title) for title in "abc"])
    rows = [an_event(title, description=text) for title, text in zip("aabbdda", "1122345", strict=True)]
    whole = None
    for start in range(0, len(rows), at_once):
        some = rows[start : start + at_once]
        merged = await merge(store, some, upload_id="v")
        titles = {
            row.title for row, outcome in zip(some, merged.outcomes, strict=True) if outcome < UNCHANGED
        }
        assert merged.changed == len(titles)
        whole = whole.followed_by(merged) if whole else merged
    assert whole is not None
    assert (whole.first_changed, await take_back(store, "v")) == (3, (1, 2, []))
