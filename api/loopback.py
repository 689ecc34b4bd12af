"""Recognises loopback names and addresses."""

import ipaddress
from functools import lru_cache

LONGEST_NAME = 255
"""Of a host name in bytes (RFC 1035 §2.3.4). What is longer is none, and is not kept: callers may send it."""


def is_loopback(host: str) -> bool:
    """Return whether a host name or address, with or without brackets, is a loopback one.

    Source: RFC 6761 §6.3 for names, RFC 1122 §3.2.1.3 and RFC 4291 §2.5.3 for addresses.
    """
    return len(host) <= LONGEST_NAME and _is_loopback(host)


@lru_cache(256)
def _is_loopback(host: str) -> bool:
    name = host.lower().strip("[]").rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback
