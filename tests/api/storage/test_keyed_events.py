"""Events by key, as they come, are renamed and go."""

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from api.storage.event_cells import Known
from api.storage.keyed_events import KeyedEvents


@given(
    st.lists(st.integers(0, 2), max_size=6),
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), max_size=12),
)
def test_the_oldest_event_of_a_key_is_known_whatever_is_renamed(
    keys: list[int], moves: list[tuple[int, int]]
) -> None:
    events, model = KeyedEvents(), dict(enumerate(keys))
    known = [Known(event_id, None, 1, 0, ()) for event_id in model]
    for event_id in sorted(model, reverse=True):
        events.add((model[event_id],), known[event_id])
    for event_id, key in moves:
        if event_id in model and model[event_id] != key:
            events.remove((key,), event_id)  # It does not have that one.
            events.remove((model[event_id],), event_id)
            events.add((key,), known[event_id])
            model[event_id] = key
    by_key = defaultdict(list)
    for event_id, key in model.items():
        by_key[(key,)].append(known[event_id])
    assert events.oldest == {key: some[0] for key, some in by_key.items()}
    assert events.others == {key: some[1:] for key, some in by_key.items() if some[1:]}
