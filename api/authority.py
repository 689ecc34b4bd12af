"""Checks the text of a `Host` field: a name or an address, with an optional port."""

import re

_AUTHORITY = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~%!$&'()*+,;=-]*)(?::([0-9]{0,5}))?")
_LAST_PORT = 65535


def is_authority(text: bytes) -> bool:
    """Return whether a text may stand in `Host`; an empty name may. Source: RFC 9110 §7.2, RFC 3986 §3.2."""
    found = _AUTHORITY.fullmatch(text)
    return found is not None and int(found[1] or 0) <= _LAST_PORT
