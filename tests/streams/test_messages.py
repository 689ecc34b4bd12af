import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import messages as product
from streams import messages as m

AT = "2026-11-24T12:00:00.123Z"


def test_a_stored_message_has_the_members_and_order_of_the_contract() -> None:
    feed, body, final = m.draft(
        product.UploadProgress("upload/arquivo1", AT, "arquivo1", 40, 5, 4, "Evento 4", 4, 0, 512, 1280)
    )

    assert m.with_id(body, "k3f9", 17).decode() == (
        '{"type":"progress","id":"k3f9.17","feed":"upload/arquivo1","at":"2026-11-24T12:00:00.123Z",'
        '"upload_id":"arquivo1","progresso":40,"line":5,"record":4,"title":"Evento 4","accepted":4,'
        '"rejected":0,"bytes":512,"total_bytes":1280,'
        '"created":0,"updated":0,"unchanged":0,"skipped":0}'
    )
    assert (feed, final) == ("upload/arquivo1", False)


def test_only_the_finished_message_is_final() -> None:
    error = product.EndError("x", "y")
    ended = product.Finished("tarefas/t", AT, "failed", 0, 0, 0, 0.5, error, {"self": "/"})

    assert m.draft(ended)[2]
    assert not m.draft(product.Log("tarefas/t", AT, "info", "finished"))[2]


def test_hello_has_a_reason_only_after_a_reset() -> None:
    fresh = m.Hello(AT, "sse", ["eventos"], "fresh", "e.0", 15, "ana", "editor")
    reset = m.Hello(AT, "sse", ["eventos"], "reset", "e.0", 15, "ana", "editor", "epoch")

    assert "reason" not in json.loads(m.encode(fresh))
    assert json.loads(m.encode(reset))["reason"] == "epoch"


@given(title=st.text(), seq=st.integers(0, 2**63))
def test_any_text_stays_on_one_line_and_keeps_its_value(title: str, seq: int) -> None:
    body = m.with_id(m.draft(product.Log("upload/x", AT, "info", title))[1], "k3f9", seq)

    assert b"\n" not in body
    assert b"\r" not in body
    assert json.loads(body) == {
        "type": "log",
        "id": f"k3f9.{seq}",
        "feed": "upload/x",
        "at": AT,
        "level": "info",
        "message": title,
    }


@pytest.mark.parametrize(
    ("at_ms", "text"),
    [(0, "1970-01-01T00:00:00.000Z"), (1_795_521_600_007, "2026-11-24T12:00:00.007Z")],
)
def test_times_are_utc_with_milliseconds(at_ms: int, text: str) -> None:
    assert m.timestamp(at_ms) == text
