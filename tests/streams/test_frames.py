"""The bytes of one message."""

import json

import pytest

from streams.frames import line_safe, passing_frame, stored_frame
from streams.ports import StoredMessage

ENDS = "\u2028\u2029\u0085"


def test_no_frame_contains_a_character_that_a_client_may_take_for_a_line_end() -> None:
    text = f"a{ENDS}é — “x” \U0001f600"
    body = json.dumps({"type": "log", "message": text}, ensure_ascii=False).encode()
    stored = stored_frame(StoredMessage(7, "eventos", body, False), "k3f9")
    for frame in (stored, passing_frame(body)):
        for part in (frame.body, frame.sse, frame.ws):
            assert not any(end.encode() in part for end in ENDS)
        assert json.loads(frame.body)["message"] == text
        assert frame.body in frame.sse
        assert frame.body in frame.ws


@pytest.mark.parametrize("body", [b"", b'{"a":"b"}', "“—”é".encode()])
def test_encoding_a_frame_keeps_all_other_bytes(body: bytes) -> None:
    assert line_safe(body) is body
