"""When a WebSocket is pinged, and when silence means that its client is gone."""

import asyncio
import itertools
from typing import Any

import pytest

from api.feeds.transport_outlet import PING_SECONDS, PONG_SECONDS, TransportWs, answer_to
from streams.frames import WS, WS_BATCH, WS_BATCH_TEXT, WS_TEXT, Encoding, Payload, ws_frame

PING = ws_frame(b"", 0x9)
PONG = bytes((0x8A, 0x80)) + b"mask"
TICK = 0.75
"""Of the wheel: a look comes that much late at most."""


class Wire:
    """A transport without a socket: only pings and the end are of interest."""

    def __init__(self) -> None:
        self.written: list[Any] = []
        self.aborted = False

    def write(self, payload: bytes) -> None:
        self.written.append(payload)

    def abort(self) -> None:
        self.aborted = True

    def is_closing(self) -> bool:
        return self.aborted

    def get_extra_info(self, _name: str) -> None:
        return None

    def set_write_buffer_limits(self, **_: Any) -> None:
        pass

    def set_protocol(self, _protocol: asyncio.Protocol) -> None:
        pass


class Quiet:
    """A reader that is written nothing."""

    def __init__(self, *, paused: bool = False) -> None:
        self.paused = paused

    def resume(self) -> None:
        self.paused = False


def opened(*, paused: bool = False) -> tuple[TransportWs, Wire]:
    outlet, wire = TransportWs(WS), Wire()
    outlet.take(wire, set())  # type: ignore[arg-type]
    outlet.reader = Quiet(paused=paused)  # type: ignore[assignment]
    return outlet, wire


def watch(
    outlet: TransportWs, wire: Wire, seconds: float, *, answers_until: float
) -> tuple[list[float], float]:
    """Look as the wheel does; return when pings were sent, and the last look.

    The client answers up to a time.
    """
    pings, at = [], PING_SECONDS
    while at <= seconds:
        again = outlet.check(at)
        if wire.written and wire.written.pop() == PING:
            pings.append(at)
            if at <= answers_until:
                outlet.data_received(PONG)
        if again is None:
            break
        assert again > at
        at = again + TICK
    return pings, at


def test_a_client_is_pinged_every_twenty_seconds() -> None:
    outlet, wire = opened()
    pings, _ = watch(outlet, wire, 200, answers_until=200)
    assert len(pings) >= 9
    assert all(PING_SECONDS <= b - a <= PING_SECONDS + TICK for a, b in itertools.pairwise(pings))
    assert not wire.aborted


def test_a_client_that_answers_no_ping_is_disconnected_before_the_next_ping() -> None:
    outlet, wire = opened()
    pings, gone_at = watch(outlet, wire, 100, answers_until=50)
    assert wire.aborted
    assert gone_at - pings[-1] >= PONG_SECONDS
    # Since its last sign of life; presence adds 5 s of grace to that.
    assert gone_at - pings[-2] <= 40


@pytest.mark.parametrize("said", [b"", PONG])
def test_a_client_that_reads_nothing_is_neither_pinged_nor_disconnected(said: bytes) -> None:
    outlet, wire = opened(paused=True)
    outlet.data_received(said)
    assert watch(outlet, wire, 200, answers_until=0)[0] == []
    assert not wire.aborted


SAID = {
    "ping": bytes((0x89, 0x81)) + b"\0\0\0\0" + b"%d",
    "text": bytes((0x81, 0x84)) + b"\0\0\0\0" + b"ping",
}


@pytest.mark.parametrize(("kind", "answer"), [("ping", ws_frame(b"3", 0xA)), ("text", ws_frame(b"pong"))])
def test_pings_of_a_client_that_takes_nothing_are_answered_when_it_does(kind: str, answer: bytes) -> None:
    outlet, wire = opened(paused=True)
    for number in range(4):
        outlet.data_received(SAID[kind].replace(b"%d", b"%d" % number))
    assert wire.written == []
    outlet.resume_writing()
    assert wire.written == [answer]
    outlet.resume_writing()
    assert wire.written == [answer]


@pytest.mark.parametrize(
    ("encoding", "answers"),
    [
        (WS, [ws_frame(b"pong"), ws_frame(b'{"type":"pong"}')]),
        (WS_BATCH, [ws_frame(b"pong"), ws_frame(b'[{"type":"pong"}]')]),
        (WS_TEXT, [["pong"], ['{"type":"pong"}']]),
        (WS_BATCH_TEXT, [["pong"], ['[{"type":"pong"}]']]),
    ],
)
def test_a_pong_is_framed_as_messages_are(encoding: Encoding, answers: list[Payload]) -> None:
    assert [answer_to(said, encoding) for said in ("ping", '{"type":"ping"}')] == answers
