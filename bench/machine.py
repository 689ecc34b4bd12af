"""What the numbers were taken on: without it they say nothing."""

import os
import platform
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.places import NODE_MODULES, OWN_PYTHON, PEERS_PYTHON, ROOT

OWN = ("litestar", "uvicorn", "uvloop", "httptools", "websockets", "msgspec", "SQLAlchemy")
PYTHON_PEERS = ("sse-starlette", "fastapi", "litestar", "pydantic", "Django", "django-import-export")


def _output(*command: str) -> str:
    if not shutil.which(command[0]):
        return ""
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=30)
    return (done.stdout + done.stderr).strip()


def _first(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    return found[1].strip() if found else "unknown"


def _python_versions(python: Path, names: tuple[str, ...]) -> dict[str, str]:
    if not python.exists():
        return {}
    listed = _output(str(python), "-m", "pip", "list", "--format=freeze", "--disable-pip-version-check")
    pins = dict(line.split("==", 1) for line in listed.splitlines() if "==" in line)
    return {name: pins[name] for name in names if name in pins}


def _node_version(package: str) -> str:
    manifest = NODE_MODULES / package / "package.json"
    return _first(r'"version":\s*"([^"]+)"', manifest.read_text()) if manifest.exists() else "absent"


def describe() -> dict[str, Any]:
    """Return date, machine and versions."""
    cpu, memory = Path("/proc/cpuinfo").read_text(), Path("/proc/meminfo").read_text()
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": _output("git", "rev-parse", "--short", "HEAD"),
        "cpu": _first(r"^model name\s*:\s*(.+)$", cpu),
        "cores": os.cpu_count(),
        "memory_gb": round(int(_first(r"^MemTotal:\s*(\d+)", memory)) / 1e6, 1),
        "kernel": platform.release(),
        "load_average": os.getloadavg()[0],
        "python": platform.python_version(),
        "own": _python_versions(OWN_PYTHON, OWN),
        "peers": {
            **_python_versions(PEERS_PYTHON, PYTHON_PEERS),
            "nginx": _first(r"nginx/(\S+)", _output("nginx", "-v")),
            "nchan": _first(r"^Version: (.+)$", _output("dpkg", "-s", "libnginx-mod-nchan")),
            "node": _output("node", "--version"),
            "ws": _node_version("ws"),
            "socket.io": _node_version("socket.io"),
        },
    }
