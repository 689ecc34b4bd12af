"""What the server itself refuses is counted exactly, and logged within bounds."""

import logging

import pytest

from api.http.metrics import Metrics
from api.http.refusal_log import LINES_A_MINUTE, MINUTE, Refusal, RefusalLog
from api.services.credentials import new_token


def refusal(status: int = 400, *, method: str = "GET", target: bytes = b"/x") -> Refusal:
    return Refusal(status, "Why.", method, target, "192.0.2.1", "r1", 9)


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "fasttrack.access")
    return caplog


def test_a_flood_is_counted_whole_and_logged_in_part(lines: pytest.LogCaptureFixture) -> None:
    now, metrics = [0.0], Metrics()
    log = RefusalLog(metrics, lambda: now[0])
    for _ in range(1000):
        log.record(refusal())
    log.record(refusal(431))
    assert [one.getMessage() for one in lines.records] == ["GET /x 400: Why."] * LINES_A_MINUTE + [
        "GET /x 431: Why."
    ]
    assert 'method="GET",route="none",status="400"} 1000.0' in metrics.render().decode()
    lines.clear()
    now[0] = MINUTE - 1
    log.look()
    assert lines.records == []
    now[0] = MINUTE
    log.look()
    assert [one.getMessage() for one in lines.records] == [
        "990 more requests were refused with 400 in a minute"
    ]
    lines.clear()
    log.record(refusal())
    assert [one.getMessage() for one in lines.records] == ["GET /x 400: Why."]


def test_what_was_not_logged_is_told_at_the_end(lines: pytest.LogCaptureFixture) -> None:
    log = RefusalLog(Metrics(), lambda: 0.0)
    for _ in range(LINES_A_MINUTE + 3):
        log.record(refusal(501))
    lines.clear()
    log.close()
    assert [one.getMessage() for one in lines.records] == [
        "3 more requests were refused with 501 in a minute"
    ]


@pytest.mark.parametrize(
    ("method", "target", "line"),
    [
        ("POST", b"/a?ticket=secret", "POST /a 400: Why."),
        ("FOO", b"/a", "other /a 400: Why."),
        ("", b"", "other - 400: Why."),
        ("GET", b"http://ana:secret@b/x", "GET - 400: Why."),
        ("CONNECT", b"a:80", "other - 400: Why."),
        ("GET", b"/a\r\nGET /forged 200\x1b[2J\x00\x7f\xe9\t", None),
    ],
)
def test_nothing_of_a_hostile_head_stands_in_a_line_unescaped(
    method: str, target: bytes, line: str | None, lines: pytest.LogCaptureFixture
) -> None:
    RefusalLog(Metrics(), lambda: 0.0).record(refusal(method=method, target=target))
    (told,) = [one.getMessage() for one in lines.records]
    assert told.isascii()
    assert told.isprintable()
    assert line is None or told == line


@pytest.mark.parametrize("before", [b"/", b"/sse/eventos%3Fticket=", b"/" + b"a" * 470 + b"/", b"/x%66t_"])
def test_no_field_of_a_line_has_a_secret(before: bytes, lines: pytest.LogCaptureFixture) -> None:
    secret = new_token()
    RefusalLog(Metrics(), lambda: 0.0).record(refusal(414, target=before + secret.encode()))
    told = str(vars(lines.records[0]))
    assert not any(secret[at : at + 8] in told for at in range(0, len(secret) - 8, 4))


def test_a_line_has_what_every_line_of_a_request_has(lines: pytest.LogCaptureFixture) -> None:
    RefusalLog(Metrics(), lambda: 0.0).record(refusal(414, target=b"/" + b"a" * 70_000))
    fields = vars(lines.records[0])
    assert (fields["status"], fields["route"], fields["client"], fields["bytes"]) == (
        414,
        "none",
        "192.0.2.1",
        9,
    )
    assert fields["request_id"] == "r1"
    assert len(fields["path"]) == 500
