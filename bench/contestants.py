"""Who is measured at fan-out: each with the command that serves and the paths it serves on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bench.places import BUILD, LIMIT, OWN_PYTHON, PEERS, PEERS_PYTHON, ROOT

Transport = Literal["sse", "ws", "socket.io"]
Family = Literal["own", "limit", "nchan", "node", "python"]

SOCKET_IO: Mapping[Transport, str] = {"socket.io": "/socket.io/?EIO=4&transport=websocket"}
BOTH: Mapping[Transport, str] = {"sse": "/sse", "ws": "/ws"}
FEED: Mapping[Transport, str] = {"sse": "/sse/eventos", "ws": "/ws/eventos"}
ALWAYS, IN_BURSTS = frozenset({"burst", "paced"}), frozenset({"burst"})
IMPORTABLE = {"PYTHONPATH": str(ROOT)}


@dataclass(frozen=True)
class Contestant:
    """A server under test.

    Attributes:
        command: argv for a port.
        paths: the subscription's path on each transport that it has.
        subprotocol: that its WebSocket clients ask for.
        scout_path: its feed over SSE, to learn a cursor for a replay.
        replays: it has ids, so that a client can fetch what it missed.
        slow: it gets a tenth of the messages of a burst, so that a round ends.
        quick: scenarios of the quick form that it takes part in.
    """

    name: str
    family: Family
    command: Callable[[int], list[str]]
    paths: Mapping[Transport, str] = field(default_factory=lambda: BOTH)
    subprotocol: str = ""
    publish_path: str = "/pub"
    scout_path: str = "/sse"
    replays: bool = True
    slow: bool = False
    quick: frozenset[str] = frozenset()
    environment: Mapping[str, str] = field(default_factory=dict)


def _nchan(port: int) -> list[str]:
    configuration = BUILD / f"nchan-{port}.conf"
    text = (PEERS / "nchan.conf").read_text().replace("${PORT}", str(port))
    configuration.write_text(text)
    return ["nginx", "-p", ".", "-c", str(configuration)]


def _node(script: str) -> Callable[[int], list[str]]:
    return lambda port: ["node", str(PEERS / script), str(port), str(BUILD)]


def _uvicorn(module: str) -> Callable[[int], list[str]]:
    def command(port: int) -> list[str]:
        return [
            str(PEERS_PYTHON), "-m", "uvicorn", f"{module}:app", "--app-dir", str(PEERS),
            "--port", str(port), "--loop", "uvloop", "--http", "httptools", "--no-access-log",
            "--ws", "websockets", "--ws-per-message-deflate", "false", "--log-level", "warning",
            "--backlog", "4096", "--timeout-graceful-shutdown", "1",
        ]  # fmt: skip

    return command


def _fasttrack(outlet: str, *options: str) -> Callable[[int], list[str]]:
    return lambda port: [str(OWN_PYTHON), "-m", "bench.fasttrack", str(port), outlet, *options]


def _step(name: str, outlet: str, *options: str) -> Contestant:
    return Contestant(name, "own", _fasttrack(outlet, *options), FEED, environment=IMPORTABLE)


def _own(name: str, outlet: str, paths: Mapping[Transport, str] = FEED, **particulars: Any) -> Contestant:
    command, scout_path = _fasttrack(outlet), FEED["sse"]
    return Contestant(
        name, "own", command, paths, scout_path=scout_path, environment=IMPORTABLE, **particulars
    )


OWN = (
    _own("FastTrack", "direct", quick=ALWAYS),
    _own("FastTrack, plain ASGI", "plain"),
    _own("FastTrack, plain ASGI, batch", "plain", {"ws": FEED["ws"]}, subprotocol="fasttrack.batch"),
)

PEERS_AND_LIMITS = (
    Contestant("nchan", "nchan", _nchan, quick=ALWAYS),
    Contestant("C, one send each", "limit", lambda port: [str(LIMIT), str(port), "each"], quick=IN_BURSTS),
    Contestant("C, coalescing 2 ms", "limit", lambda port: [str(LIMIT), str(port), "coalesce", "2"]),
    Contestant("Node ws + SSE", "node", _node("broadcaster.mjs")),
    Contestant("Socket.IO", "node", _node("socketio.mjs"), SOCKET_IO, replays=False),
    Contestant("sse-starlette", "python", _uvicorn("starlette_sse"), {"sse": "/sse"}, slow=True),
    Contestant("FastAPI", "python", _uvicorn("fastapi_sse"), slow=True),
    Contestant("Litestar channels", "python", _uvicorn("litestar_channels"), replays=False, slow=True),
)  # fmt: skip

EVERYONE = OWN + PEERS_AND_LIMITS

STEPS = (
    _step("as it is: 2 ms gap, direct", "direct"),
    _step("no gap", "direct", "--gap-ms", "0"),
    _step("5 ms gap", "direct", "--gap-ms", "5"),
    _step("collector not frozen", "direct", "--no-freeze"),
    _step("plain ASGI", "plain"),
    _step("plain ASGI, h11", "plain", "--h11"),
)
"""What each step gave: FastTrack without it, or with more of it."""
