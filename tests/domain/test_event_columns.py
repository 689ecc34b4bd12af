"""Events by column are the same events."""

from hypothesis import given
from hypothesis import strategies as st

from api.storage.event_packing import (
    CHUNK_EVENTS,
    PACKED,
    WIDTH,
    Deltas,
    count_event,
    deltas_of,
    pack,
    unpacked,
)
from domain.event_columns import EventColumns
from domain.events import EventFields
from domain.venues import VENUE_TYPES, Venue

texts = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from('\u2028\n\t"\\'), max_size=12
)
venues = st.builds(
    Venue,
    texts,
    st.integers(0, 9),
    st.none() | st.sampled_from(VENUE_TYPES),
    st.booleans(),
    st.none() | texts,
    st.lists(texts, max_size=2).map(tuple),
)
events = st.builds(
    EventFields,
    texts,
    texts,
    st.just("2025-07-01T10:00:00"),
    texts,
    st.lists(texts, max_size=3).map(tuple),
    st.none() | venues,
    st.integers(-(10**15), 10**15),
)


@given(st.lists(events, max_size=6), st.lists(events, max_size=6))
def test_events_pass_through_columns_unchanged(first, then):
    columns = EventColumns.of(first)
    columns.extend(EventColumns.of(then))
    assert columns.events() == first + then
    assert columns.part(slice(1, 3)).events() == (first + then)[1:3]


@given(st.lists(events, min_size=1, max_size=6))
def test_packed_cells_are_those_of_each_event_in_turn(batch):
    packed = pack(EventColumns.of(batch))
    [chunk] = packed.chunks
    cells = unpacked(chunk)
    assert len(cells) == WIDTH * packed.count == WIDTH * len(batch)
    assert cells[PACKED.index("title") :: WIDTH] == [event.title for event in batch]
    assert cells[PACKED.index("instant_us") :: WIDTH] == [str(event.instant_us) for event in batch]


def test_a_large_batch_is_packed_in_chunks():
    batch = [
        EventFields(f"T{number}", "", "2025-07-01", "Recife", (), None, number) for number in range(2500)
    ]
    packed = pack(EventColumns.of(batch))
    assert [len(unpacked(chunk)) // WIDTH for chunk in packed.chunks] == [CHUNK_EVENTS, CHUNK_EVENTS, 452]
    titles = [title for chunk in packed.chunks for title in unpacked(chunk)[::WIDTH]]
    assert titles == [event.title for event in batch]


@given(st.lists(events, max_size=6))
def test_the_counts_of_a_batch_are_the_sum_of_the_counts_of_its_events(batch):
    one_by_one = deltas_of(EventColumns.empty())
    for event in batch:
        one_by_one.update(deltas_of(EventColumns.of([event])))
    assert +deltas_of(EventColumns.of(batch)) == +one_by_one


@given(st.lists(events, max_size=6))
def test_an_event_counts_alone_as_it_does_in_a_batch(batch):
    one_by_one = Deltas()
    for event in batch:
        count_event(one_by_one, event)
    assert +one_by_one == +deltas_of(EventColumns.of(batch))


@given(st.lists(st.tuples(st.lists(events, max_size=3), st.booleans()), max_size=4))
def test_events_have_an_id_each_or_none_has_one(parts):
    columns, expected = EventColumns.empty(), []
    for number, (batch, has_ids) in enumerate(parts):
        part = EventColumns.of(batch)
        part.ids = [f"{number}.{at}" for at in range(len(batch))] if has_ids else []
        expected += part.ids or [""] * len(batch)
        columns.extend(part)
    assert columns.ids == (expected if any(expected) else [])
    assert len(columns.part(slice(1, 3)).ids) in (0, len(columns.part(slice(1, 3))))
