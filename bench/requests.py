"""What a user does all day: store an event, read one, list twenty. Each server whole, on one core."""

import contextlib
import http.client
import json
import os
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from bench.fanout import Result
from bench.http_load import load, request
from bench.places import GENERATOR_CORE, PEERS, PEERS_PYTHON, SERVER_CORE
from bench.processes import postgres_database
from bench.real_server import fasttrack
from bench.rounds import Case
from bench.servers import Running, free_port, serving

SECONDS = 2.0
WARM_SECONDS = 1.0
"""Not measured: a server that has just started has other things to do, such as to compress its page."""
CLIENTS = (16, 1)
FIRST = 64
"""Events that are there before anything is measured."""

EVENT = {
    "title": "Festa de São João",
    "description": "Forró, quadrilha e milho",
    "event_date": "2026-06-24T18:00:00",
    "city": "Recife",
    "participants": ["Ana", "Bob"],
}
VENUE = {"location_name": "Marco Zero", "capacity": 900, "venue_type": "Outro", "is_accessible": True}
_FIRST_TOKEN = re.compile(r"token (ft_[A-Za-z0-9_-]+)")
"""Printed at the first start of a server that is not open."""
_BY_TOKEN = {"FASTTRACK_AUTH": "token"}

POCKETBASE = PEERS_PYTHON.parent / "pocketbase"
SUPERUSER = ("bench@example.com", "bench-bench-bench")


@dataclass
class Site:
    """A server that runs, and how it is asked.

    Attributes:
        list_path: its list of twenty.
        dashboard: its counts; "" for a server without.
        authorization: the header of that name; "" where none is needed.
    """

    server: Running
    path: str
    list_path: str
    event: dict[str, Any] = field(default_factory=lambda: EVENT | {"local_info": VENUE})
    dashboard: str = ""
    authorization: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """What each request bears."""
        return {"Authorization": self.authorization} if self.authorization else {}


@contextlib.contextmanager
def _fasttrack(environment: Mapping[str, str] | None = None) -> Iterator[Site]:
    with fasttrack(SERVER_CORE, {"FASTTRACK_LOG_LEVEL": "info", **(environment or {})}) as server:
        events = "/api/v1/eventos"
        site = Site(server, events, f"{events}?limit=20", dashboard="/api/v1/dashboard")
        found = _FIRST_TOKEN.search((server.folder / "server.log").read_text())
        if found is not None:
            site.authorization = f"Bearer {found[1]}"
        yield site


@contextlib.contextmanager
def _fasttrack_on_postgres(environment: Mapping[str, str] | None = None) -> Iterator[Site]:
    with (
        postgres_database() as url,
        _fasttrack({"FASTTRACK_DATABASE_URL": url, **(environment or {})}) as site,
    ):
        yield site


@contextlib.contextmanager
def _peer_on_postgres() -> Iterator[Site]:
    with postgres_database() as url, _python_peer("rest_fastapi_postgres", url) as site:
        yield site


@contextlib.contextmanager
def _python_peer(module: str, database: str = "peer.sqlite3") -> Iterator[Site]:
    port = free_port()
    command = [
        str(PEERS_PYTHON),
        "-m",
        "uvicorn",
        f"{module}:app",
        "--port",
        str(port),
        "--app-dir",
        str(PEERS),
    ]
    environment = {"PEER_DB": database}
    with serving(command, port, environment=environment) as server:
        yield Site(server, "/events", "/events?limit=20")


@contextlib.contextmanager
def _pocketbase() -> Iterator[Site]:
    port = free_port()
    base = [str(POCKETBASE), "--dir", "data"]
    upsert = shlex.join([*base, "superuser", "upsert", *SUPERUSER])
    serve = shlex.join([*base, "serve", f"--http=127.0.0.1:{port}"])
    command = ["sh", "-c", f"{upsert} && exec {serve}"]
    with serving(command, port) as server:
        _make_collection(port)
        records = "/api/collections/events/records"
        event = EVENT | {"local_info": VENUE, "event_date": "2026-06-24 18:00:00.000Z"}
        yield Site(server, records, f"{records}?perPage=20", event)


def _make_collection(port: int) -> None:
    """Make a collection that everyone may read and write, as FastTrack is open on loopback."""
    identity = {"identity": SUPERUSER[0], "password": SUPERUSER[1]}
    token = call(port, "POST", "/api/collections/_superusers/auth-with-password", identity)["token"]
    kinds = {"title": "text", "description": "text", "event_date": "date", "city": "text"}
    fields = [{"name": name, "type": kind} for name, kind in kinds.items()]
    fields += [{"name": name, "type": "json", "maxSize": 100_000} for name in ("participants", "local_info")]
    rules = dict.fromkeys(("listRule", "viewRule", "createRule", "updateRule", "deleteRule"), "")
    indexes = [f"CREATE INDEX by_{name} ON events ({name})" for name in ("event_date", "city")]
    made = {"name": "events", "type": "base", "fields": fields, "indexes": indexes, **rules}
    call(port, "POST", "/api/collections", made, token)


def call(port: int, method: str, path: str, body: Any = None, token: str = "") -> Any:
    """Return the answer to a plain call, read as JSON."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    with contextlib.closing(connection):
        connection.request(
            method,
            path,
            json.dumps(body).encode(),
            {"Content-Type": "application/json", "Authorization": token},
        )
        answer = connection.getresponse()
        content = answer.read()
    if answer.status >= 300:
        raise RuntimeError(f"{method} {path} answered {answer.status}: {content[:200]!r}")
    return json.loads(content) if content else None


SERVERS: dict[str, Callable[[], contextlib.AbstractContextManager[Site]]] = {
    "FastTrack": _fasttrack,
    "PocketBase": _pocketbase,
    "FastAPI + SQLAlchemy + aiosqlite": partial(_python_peer, "rest_fastapi"),
    "Litestar + msgspec + sqlite3, bare": partial(_python_peer, "rest_litestar"),
    "FastTrack, by token": partial(_fasttrack, _BY_TOKEN),
    "FastTrack, PostgreSQL": _fasttrack_on_postgres,
    "FastTrack, PostgreSQL, by token": partial(_fasttrack_on_postgres, _BY_TOKEN),
    "FastAPI + asyncpg, PostgreSQL": _peer_on_postgres,
}


OURS = tuple(name for name in SERVERS if name.startswith("FastTrack"))


def _measure(open_site: Callable[[], contextlib.AbstractContextManager[Site]]) -> Result:
    os.sched_setaffinity(0, {GENERATOR_CORE})
    try:
        with open_site() as site:
            return _ask(site)
    except (OSError, RuntimeError, subprocess.SubprocessError) as failure:
        return {"failed": str(failure)[-300:]}
    finally:
        os.sched_setaffinity(0, range(os.cpu_count() or 1))


def _ask(site: Site) -> Result:
    port, pid = site.server.port, site.server.pid
    events = [call(port, "POST", site.path, site.event, site.authorization) for _ in range(FIRST)]
    create = request("POST", site.path, json.dumps(site.event).encode(), site.headers)
    asked = {
        "POST": create,
        "GET one": request("GET", f"{site.path}/{events[7]['id']}", headers=site.headers),
        "list of 20": request("GET", site.list_path, headers=site.headers),
    }
    if site.dashboard:
        asked["dashboard"] = request("GET", site.dashboard, headers=site.headers)
    load(port, pid, create, clients=CLIENTS[0], seconds=WARM_SECONDS)
    result: Result = {}
    for clients in CLIENTS:
        for name, content in asked.items():
            measured = load(port, pid, content, clients=clients, seconds=SECONDS)
            result |= {f"{name}, {clients}: {key}": value for key, value in measured.items()}
    return result


def cases() -> list[tuple[Case, Callable[[], Result]]]:
    """Return what requests measure, for the servers that are there."""
    there = {name: one for name, one in SERVERS.items() if name in OURS or is_there(name)}
    return [(("requests", name), partial(_measure, open_site)) for name, open_site in there.items()]


def is_there(name: str) -> bool:
    """Return whether a server can be run here, and say so where it cannot."""
    needed: Path = POCKETBASE if name == "PocketBase" else PEERS_PYTHON
    if not needed.exists():
        print(f"left out: {name} ({needed.name} could not be had)")
    return needed.exists()
