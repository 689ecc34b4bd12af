"""The sockets that a server listens on: TCP addresses of one or both families, or a Unix socket."""

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from api.feeds.tcp_keepalive import UNACKNOWLEDGED_MS, set_user_timeout

EVERYWHERE = ("*", "::")
"""Hosts that mean every address of this machine, of IPv4 and of IPv6."""

_LONGEST_PATH = 107
"""Of a Unix socket, in bytes. Source: unix(7)."""
_NO_SUCH_FAMILY = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)


def listening_sockets(host: str, port: int) -> list[socket.socket]:
    """Return a bound socket for every address of the host; with port 0 all get the same free one.

    Raises:
        OSError: the address is not ours, or the port is taken.
    """
    bound: list[socket.socket] = []
    try:
        for family, address in _addresses(host, port):
            try:
                one = socket.socket(family, socket.SOCK_STREAM)
                bound.append(one)
                _prepare(one)
                one.bind((address[0], port or bound[0].getsockname()[1], *address[2:]))
            except OSError as error:
                # A machine without IPv6 listens on what it has.
                if host not in EVERYWHERE or family != socket.AF_INET6 or error.errno not in _NO_SUCH_FAMILY:
                    raise
                bound.remove(one)
                one.close()
    except OSError:
        for one in bound:
            one.close()
        raise
    return bound


def place_of(listening: socket.socket) -> str:
    """Return where a bound socket is reached: `http://127.0.0.1:8000`, `unix:/run/fasttrack.sock`."""
    name = listening.getsockname()
    if listening.family == socket.AF_UNIX:
        return f"unix:{name}"
    return f"http://[{name[0]}]:{name[1]}" if ":" in name[0] else f"http://{name[0]}:{name[1]}"


@contextmanager
def unix_socket(path: Path) -> Iterator[socket.socket]:
    """Listen at a path until the block ends; remove the socket of a killed server.

    Everyone who can enter the folder may connect, as everyone of this machine may on loopback.

    Raises:
        OSError: the path is not ours to write, holds something else, or another process listens there.
    """
    check_unix_socket(path)
    one = socket.socket(socket.AF_UNIX)
    try:
        if path.is_socket():
            path.unlink()
        one.bind(str(path))
        path.chmod(0o666)
        yield one
        with suppress(FileNotFoundError):
            path.unlink()
    finally:
        one.close()


def check_unix_socket(path: Path) -> None:
    """Return if a server could listen at a path; what is there stays.

    Raises:
        OSError: as `unix_socket` would.
    """
    _check_length(path)
    if path.is_socket():
        _check_abandoned(path)
    elif path.exists():
        raise FileExistsError(errno.EEXIST, "another file is there")
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, f"the folder {path.parent} does not exist")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, f"the folder {path.parent} cannot be written")


def _check_length(path: Path) -> None:
    if (length := len(os.fsencode(path))) > _LONGEST_PATH:
        raise OSError(errno.ENAMETOOLONG, f"the path has {length} bytes, and may have {_LONGEST_PATH}")


def _check_abandoned(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return
    raise OSError(errno.EADDRINUSE, "another process listens there")


def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, tuple[str, int]]]:
    if host in EVERYWHERE:
        return [(socket.AF_INET, ("0.0.0.0", port)), (socket.AF_INET6, ("::", port))]  # noqa: S104 - as asked.
    # An address may stand in brackets, as it does in a URL.
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    found = socket.getaddrinfo(bare, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    # IPv6 addresses have four members; mypy is told of the two that both have.
    return list(dict.fromkeys((one[0], one[4]) for one in found))  # type: ignore[misc]


def _prepare(listening: socket.socket) -> None:
    """Set what connections inherit from the socket that accepts them."""
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    set_user_timeout(listening, UNACKNOWLEDGED_MS)
    if listening.family == socket.AF_INET6:
        listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
