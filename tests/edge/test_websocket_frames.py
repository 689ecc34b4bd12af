"""What a WebSocket client sends, frame by frame: the classes of cases that the Autobahn suite has.

Source: RFC 6455 §5 to §8.
"""

import asyncio
import struct
from typing import NamedTuple

import pytest

from tests.api.feeds.server import PATIENCE, serving
from tests.api.server.test_ws_handshake import handshake

pytestmark = pytest.mark.anyio

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
MASK = b"\x11\x22\x33\x44"


def frame(
    opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, size: bytes | None = None
) -> bytes:
    """Return a masked frame; `size` is how its length is told, the shortest way if not given."""
    size = size or shortest_size(len(payload))
    masked = bytes(byte ^ MASK[at % 4] for at, byte in enumerate(payload))
    return bytes((fin << 7 | rsv << 4 | opcode, size[0] | 0x80)) + size[1:] + MASK + masked


def shortest_size(count: int) -> bytes:
    if count < 126:
        return bytes((count,))
    return struct.pack("!BH", 126, count) if count < 65536 else struct.pack("!BQ", 127, count)


def close(code: int, reason: bytes = b"") -> bytes:
    return frame(CLOSE, code.to_bytes(2, "big") + reason)


END = close(1000)
JSON_PING = b'{"type":"ping"}'
JSON_PONG = (TEXT, b'{"type":"pong"}')
EMOJI = "κόσμε😀".encode()


class Case(NamedTuple):
    """What is sent; the frames that come back before the close; the code of the close."""

    sent: bytes
    answered: list[tuple[int, bytes]]
    code: int


CASES: dict[str, Case] = {
    # Messages.
    "a ping in JSON": Case(frame(TEXT, JSON_PING) + END, [JSON_PONG], 1000),
    "a ping in text": Case(frame(TEXT, b"ping") + END, [(TEXT, b"pong")], 1000),
    "other text": Case(frame(TEXT, b"hello"), [], 4400),
    "no text": Case(frame(TEXT), [], 4400),
    "bytes": Case(frame(BINARY, JSON_PING), [], 4400),
    "no bytes": Case(frame(BINARY), [], 4400),
    "4 KiB of text": Case(frame(TEXT, b"x" * 4096), [], 4400),
    "more than 4 KiB": Case(frame(TEXT, b"x" * 4097), [], 1009),
    "more than 4 KiB of bytes": Case(frame(BINARY, b"x" * 4097), [], 1009),
    "64 KiB": Case(frame(TEXT, b"x" * 65536), [], 1009),
    # Lengths.
    "a length of 7 bits": Case(frame(TEXT, b"ping", size=b"\x04") + END, [(TEXT, b"pong")], 1000),
    "a length of 16 bits that fits 7": Case(frame(TEXT, b"ping", size=b"\x7e\x00\x04"), [], 1002),
    "a length of 64 bits that fits 16": Case(frame(TEXT, b"ping", size=struct.pack("!BQ", 127, 4)), [], 1002),
    "a length with its highest bit": Case(frame(TEXT, b"", size=b"\x7f" + b"\xff" * 8), [], 1002),
    "a length of exabytes": Case(frame(TEXT, b"", size=struct.pack("!BQ", 127, 2**62)), [], 1009),
    "a length of 126 in 16 bits": Case(frame(TEXT, b"x" * 126), [], 4400),
    # Pings and pongs.
    "a ping": Case(frame(PING, b"hi") + END, [(PONG, b"hi")], 1000),
    "an empty ping": Case(frame(PING) + END, [(PONG, b"")], 1000),
    "a ping of 125 bytes": Case(frame(PING, b"x" * 125) + END, [(PONG, b"x" * 125)], 1000),
    "a ping of 126 bytes": Case(frame(PING, b"x" * 126), [], 1002),
    "a ping of bytes that are no text": Case(frame(PING, b"\xff\xfe") + END, [(PONG, b"\xff\xfe")], 1000),
    "ten pings": Case(
        b"".join(frame(PING, b"%d" % n) for n in range(10)) + END,
        [(PONG, b"%d" % n) for n in range(10)],
        1000,
    ),
    "an unasked pong": Case(frame(PONG, b"hi") + frame(PING, b"a") + END, [(PONG, b"a")], 1000),
    "a pong of 126 bytes": Case(frame(PONG, b"x" * 126), [], 1002),
    # Reserved bits and opcodes.
    **{f"reserved bits {rsv}": Case(frame(TEXT, b"ping", rsv=rsv), [], 1002) for rsv in range(1, 8)},
    **{f"reserved bits {rsv} of a ping": Case(frame(PING, rsv=rsv), [], 1002) for rsv in (1, 4, 7)},
    "reserved bits of a close": Case(frame(CLOSE, b"\x03\xe8", rsv=4), [], 1002),
    **{f"opcode {code}": Case(frame(code, b"x"), [], 1002) for code in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    "an opcode behind a ping": Case(frame(PING, b"a") + frame(5), [(PONG, b"a")], 1002),
    # Fragments.
    "two fragments": Case(frame(TEXT, b"pi", fin=False) + frame(0, b"ng") + END, [(TEXT, b"pong")], 1000),
    "fragments of one byte": Case(
        frame(TEXT, b"p", fin=False)
        + frame(0, b"i", fin=False)
        + frame(0, b"n", fin=False)
        + frame(0, b"g")
        + END,
        [(TEXT, b"pong")],
        1000,
    ),
    "empty fragments": Case(
        frame(TEXT, fin=False) + frame(0, fin=False) + frame(0, b"ping") + END, [(TEXT, b"pong")], 1000
    ),
    "a ping between fragments": Case(
        frame(TEXT, b"pi", fin=False) + frame(PING, b"a") + frame(0, b"ng") + END,
        [(PONG, b"a"), (TEXT, b"pong")],
        1000,
    ),
    "bytes in fragments": Case(frame(BINARY, b"a", fin=False) + frame(0, b"b"), [], 4400),
    "a ping in fragments": Case(frame(PING, b"a", fin=False) + frame(0, b"b"), [], 1002),
    "a pong in fragments": Case(frame(PONG, b"a", fin=False), [], 1002),
    "a close in fragments": Case(frame(CLOSE, b"\x03\xe8", fin=False), [], 1002),
    "a fragment of nothing": Case(frame(0, b"ng"), [], 1002),
    "an unfinished fragment of nothing": Case(frame(0, b"ng", fin=False), [], 1002),
    "a fragment behind the end": Case(frame(TEXT, b"ping") + frame(0, b"ng"), [(TEXT, b"pong")], 1002),
    "a message within a message": Case(frame(TEXT, b"pi", fin=False) + frame(TEXT, b"ping"), [], 1002),
    "bytes within a text": Case(frame(TEXT, b"pi", fin=False) + frame(BINARY, b"ng"), [], 1002),
    "fragments of more than 4 KiB": Case(
        frame(TEXT, b"x" * 4000, fin=False) + frame(0, b"x" * 97, fin=False), [], 1009
    ),
    "endless fragments": Case(frame(TEXT, b"x", fin=False) + frame(0, b"x" * 100, fin=False) * 60, [], 1009),
    # UTF-8.
    "text of many alphabets": Case(frame(TEXT, EMOJI), [], 4400),
    "a character over two fragments": Case(frame(TEXT, EMOJI[:3], fin=False) + frame(0, EMOJI[3:]), [], 4400),
    "a lone continuation byte": Case(frame(TEXT, b"\x80"), [], 1007),
    "half a character": Case(frame(TEXT, "é".encode()[:1]), [], 1007),
    "a surrogate": Case(frame(TEXT, b"\xed\xa0\x80"), [], 1007),
    "an overlong slash": Case(frame(TEXT, b"\xc0\xaf"), [], 1007),
    "a code point too high": Case(frame(TEXT, b"\xf4\x90\x80\x80"), [], 1007),
    "0xFE and 0xFF": Case(frame(TEXT, b"\xfe\xff"), [], 1007),
    "half a character in fragments": Case(frame(TEXT, b"a\xc3", fin=False) + frame(0, b"b"), [], 1007),
    "bytes that are no text": Case(frame(BINARY, b"\xff"), [], 4400),
    "a NUL": Case(frame(TEXT, b"\x00"), [], 4400),
    # Closing.
    "a close without a code": Case(frame(CLOSE), [], 1005),
    "a close of one byte": Case(frame(CLOSE, b"\x03"), [], 1002),
    "a close with a reason": Case(close(1000, b"bye"), [], 1000),
    "a close with the longest reason": Case(close(1000, b"x" * 123), [], 1000),
    "a close with a reason too long": Case(close(1000, b"x" * 124), [], 1002),
    "a close with a reason that is no text": Case(close(1000, b"\xff"), [], 1007),
    **{
        f"close {code}": Case(close(code), [], code)
        for code in (*range(1000, 1004), *range(1007, 1015), 3000, 3999, 4000, 4999)
    },
    **{
        f"close {code} that may not be sent": Case(close(code), [], 1002)
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)
    },
    "two closes": Case(END + close(1001), [], 1000),
    "a ping behind a close": Case(END + frame(PING, b"a"), [], 1000),
    "text behind a close": Case(END + frame(TEXT, b"ping"), [], 1000),
    # The mask.
    "no mask": Case(b"\x81\x04ping", [], 1002),
    "a ping without a mask": Case(b"\x89\x00", [], 1002),
    "a mask of zeros": Case(b"\x81\x84\x00\x00\x00\x00ping" + END, [(TEXT, b"pong")], 1000),
}


async def frames_of(reader: asyncio.StreamReader) -> list[tuple[int, bytes]]:
    """Return what a server sends until its close."""
    frames: list[tuple[int, bytes]] = []
    while not frames or frames[-1][0] != CLOSE:
        head = await reader.readexactly(2)
        size = head[1]
        if size >= 126:
            size = int.from_bytes(await reader.readexactly(2 if size == 126 else 8), "big")
        assert head[0] & 0xF0 == 0x80
        frames.append((head[0] & 0x0F, await reader.readexactly(size)))
    return frames


@pytest.mark.parametrize("step", [1 << 20, 1], ids=["at once", "byte by byte"])
async def test_each_websocket_frame_gets_the_answer_of_rfc_6455(step: int) -> None:
    async with serving() as served:
        wrong = await asyncio.gather(*[_wrong(served.port, name, step) for name in CASES])
        await served.settled()
    assert [fault for fault in wrong if fault] == []


async def _wrong(port: int, name: str, step: int) -> str | None:
    """Return in what a case went wrong."""
    case = CASES[name]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with asyncio.timeout(PATIENCE * 2):
        writer.write(handshake())
        await reader.readuntil(b"\r\n\r\n")
        reading = asyncio.create_task(frames_of(reader))
        for at in range(0, len(case.sent), step):
            if reading.done() or writer.is_closing():
                break
            writer.write(case.sent[at : at + step])
            await asyncio.sleep(0)
        found = await reading
    writer.transport.abort()
    (kind, hello), *answered = found
    *answered, last = answered or [(0, b"")]
    expected = (CLOSE, b"" if case.code == 1005 else case.code.to_bytes(2, "big"))
    is_greeted = kind == TEXT and b"hello" in hello
    if is_greeted and answered == case.answered and (last[0], last[1][:2]) == expected:
        return None
    return f"{name}: {answered} {last}"
