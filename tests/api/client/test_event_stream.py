from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.client.event_stream import EventStreamParser, ServerSentEvent


def parsed(*chunks: bytes) -> list[ServerSentEvent]:
    parser = EventStreamParser()
    return [event for chunk in chunks for event in parser.feed(chunk)]


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
def test_each_standard_line_ending_ends_a_line(newline: bytes) -> None:
    stream = newline.join(
        (b": padding", b"id: a.1", b"data: {}", b"", b"data:x", b"data: y", b"", b"", b": end")
    )
    assert parsed(stream) == [ServerSentEvent("{}", "a.1"), ServerSentEvent("x\ny", "a.1")]


def test_retry_is_accepted_only_as_digits() -> None:
    parser = EventStreamParser()
    assert list(parser.feed(b"retry: 1500\nretry: soon\n\n")) == []
    assert parser.retry_ms == 1500


def test_an_incomplete_event_is_never_dispatched() -> None:
    assert parsed(b"id: 1\ndata: half\n") == []


@given(st.data())
def test_events_do_not_depend_on_chunk_boundaries(data: st.DataObject) -> None:
    stream = "id: k.1\r\ndata: á\r\n\r\ndata: b\rdata: c\r\rid:k.2\ndata: d\n\n".encode()
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=8).map(sorted))
    edges = [0, *cuts, len(stream)]
    chunks = [stream[start:end] for start, end in pairwise(edges)]
    assert parsed(*chunks) == parsed(stream)
