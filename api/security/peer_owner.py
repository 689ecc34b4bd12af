"""Asks Linux which account is at the other end of a loopback connection.

A person's browser or program runs as that person; a reverse proxy runs as an account of its own, such as
`www-data` or `haproxy`. What a proxy sends may look like a person's request to the last byte: nginx adds
nothing, speaks HTTP/1.1 and keeps connections open since 1.29.7. Who owns its socket tells them apart.

Source: sock_diag(7); linux/inet_diag.h; login.defs(5) and systemd.io/UIDS-GIDS for the numbers of accounts.
"""

import errno
import os
import socket
import struct
from functools import cache, lru_cache
from ipaddress import ip_address
from threading import local
from typing import Literal

FIRST_PERSON = 1000
"""Accounts below are those of services, but for root."""

SERVICES_AGAIN = range(61_184, 65_536)
"""The accounts that systemd makes up for services (`DynamicUser=`), those that Debian gives to packages, and
at the end `nobody`, which is also how an account of another user namespace looks, and 65535, which is none.

Above are accounts of containers, but also the people of directories (FreeIPA, Active Directory): persons.
"""

Address = tuple[str, int]
Owner = int | Literal["gone"] | None
"""A user id; "gone": the socket was closed, and whose it was is not known; None: the system does not tell."""

_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_ERROR = 2
_HEAD = struct.Struct("=IHHII")
_REQUEST = struct.Struct("=BBBBI")
_ALL_STATES = 0xFFFFFFFF
_ANY_SOCKET = b"\xff" * 8
_OWNER_AT = 16 + 4 + 48 + 12
"""Behind the head: four bytes, the addresses, three numbers; then the user id and the inode."""

_ANSWER_BYTES = 1024


def is_of_a_person(owner: int) -> bool:
    """Return whether a user id is that of a person, of root, or of this process."""
    return owner in (0, os.geteuid()) or (owner >= FIRST_PERSON and owner not in SERVICES_AGAIN)


def owner_of(peer: Address, own: Address) -> Owner:
    """Return the owner of the socket that is bound to `peer` and connected to `own`, both of this machine."""
    return _asked(peer, own) if _is_told() else None


@cache
def _is_told() -> bool:
    """Return whether the system tells owners: by a connection of our own."""
    try:
        with (
            socket.create_server(("127.0.0.1", 0)) as listening,
            socket.create_connection(listening.getsockname()) as client,
        ):
            return _asked(client.getsockname(), client.getpeername()) == os.geteuid()
    except OSError:
        return False


def _asked(peer: Address, own: Address) -> Owner:
    answer = _kernel.ask(_question(peer, own))
    if _HEAD.unpack_from(answer)[1] == _ERROR:
        number = -struct.unpack_from("=i", answer, _HEAD.size)[0]
        if number == errno.ENOENT:
            return "gone"
        raise OSError(number, os.strerror(number))
    owner, inode = struct.unpack_from("=II", answer, _OWNER_AT)
    # A socket that its process has closed has no inode, and no owner but root.
    return int(owner) if inode else "gone"


class _Kernel(local):
    """One socket a thread, kept: to open one for each question costs more than the answer does."""

    _descriptor: int | None = None

    def ask(self, question: bytes) -> bytes:
        if self._descriptor is None:
            kind = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
            self._descriptor = socket.socket(socket.AF_NETLINK, kind, _NETLINK_SOCK_DIAG).detach()
        try:
            os.write(self._descriptor, question)
            return os.read(self._descriptor, _ANSWER_BYTES)  # The kernel has answered before `write` returns.
        except OSError:
            # An answer that comes yet would be taken for that to the next question.
            self.forget()
            raise

    def forget(self) -> None:
        """Ask by a new one."""
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor = None


_kernel = _Kernel()
os.register_at_fork(after_in_child=_kernel.forget)


def _question(peer: Address, own: Address) -> bytes:
    family, addresses = _packed(peer[0], own[0])
    body = (
        _REQUEST.pack(family, socket.IPPROTO_TCP, 0, 0, _ALL_STATES)
        + struct.pack("!HH", peer[1], own[1])
        + addresses
        + struct.pack("=I", 0)
        + _ANY_SOCKET
    )
    return _HEAD.pack(_HEAD.size + len(body), _SOCK_DIAG_BY_FAMILY, 1, 0, 0) + body


@lru_cache(64)
def _packed(peer: str, own: str) -> tuple[int, bytes]:
    """Return the family and the two addresses as the kernel has them: a mapped one is that of IPv4."""
    found = [ip_address(text.partition("%")[0]) for text in (peer, own)]
    plain = [getattr(address, "ipv4_mapped", None) or address for address in found]
    family = socket.AF_INET if plain[0].version == 4 else socket.AF_INET6
    return family, b"".join(address.packed.ljust(16, b"\0") for address in plain)
