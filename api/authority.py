"""Checks names of hosts: the text of a `Host` field, and what can be looked up."""

import re

_AUTHORITY = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~%!$&'()*+,;=-]*)(?::([0-9]{0,5}))?")
_LAST_PORT = 65535


def is_authority(text: bytes) -> bool:
    """Return whether a text may stand in `Host`; an empty name may. Source: RFC 9110 §7.2, RFC 3986 §3.2."""
    found = _AUTHORITY.fullmatch(text)
    return found is not None and int(found[1] or 0) <= _LAST_PORT


def is_host_name(text: str) -> bool:
    """Return whether a host can be looked up by this text: each part of a name has 1 to 63 characters.

    An address is such a text, too. Source: RFC 1035 §2.3.4; RFC 3490 §4.1 (names in any script).
    """
    try:
        # As `socket.getaddrinfo` does, which raises the same error.
        text.encode("idna")
    except UnicodeError:
        return False
    return True
