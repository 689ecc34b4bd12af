"""Reads what proxies write about a request: addresses with ports and brackets, lists, quoted pairs."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address

Address = IPv4Address | IPv6Address

# Nothing in it gives back what it took, and blanks in front are none of it: each would be tried again.
_PAIR = re.compile(r'([!#$%&\'*+.^_`|~0-9A-Za-z-]++)\s*+=\s*+("(?:[^"\\]|\\.)*+"|[^",;\s]*+)')
_SCHEMES = {"http": False, "ws": False, "https": True, "wss": True}
_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")
_LONGEST_PREFIX = 200


def parse_node(text: str) -> tuple[Address, int] | None:
    """Return address and port (0 without one) of a hop, None for `unknown` and obfuscated names.

    Source: RFC 7239 §6. `X-Forwarded-For` has bare IPv6 addresses as well, and Azure adds ports.
    """
    text = text.strip().strip('"')
    host, port = text, ""
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        port = port.removeprefix(":")
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    address = parse_address(host)
    if address is None:
        return None
    return address, int(port) if port.isascii() and port.isdigit() and len(port) <= 5 else 0


def parse_address(text: str) -> Address | None:
    """Return an IP address, None when the text is not one."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    # A dual-stack socket shows IPv4 peers as ::ffff:a.b.c.d; operators write a.b.c.d.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def is_secure_scheme(text: str) -> bool | None:
    """Return whether a scheme is one over TLS; None when it is no scheme of the web."""
    return _SCHEMES.get(text.strip().strip('"').lower())


def split_list(text: str) -> list[str]:
    """Return the items of a list that several lines were joined to; empty ones are left out."""
    return [item.strip() for item in text.split(",") if item.strip()]


def parse_forwarded(text: str) -> list[dict[str, str]] | None:
    """Return the pairs of each hop of `Forwarded`, nearest last; None when the text is malformed.

    Source: RFC 7239 §4. Names are lower case, quoted values unquoted.
    """
    hops: list[dict[str, str]] = [{}]
    position = 0
    while position < len(text):
        if text[position] in ",;":
            if text[position] == ",":
                hops.append({})
            position += 1
        elif pair := _PAIR.match(text, position):
            hops[-1].setdefault(pair[1].lower(), _unquoted(pair[2]))
            position = pair.end()
        elif text[position].isspace():
            position += 1
        else:
            return None
    return [hop for hop in hops if hop]


def parse_prefix(text: str) -> str | None:
    """Return the path prefix under which a proxy serves FastTrack, None for an unsafe one.

    Several prefixes, one of each proxy, stand one after the other. ``//host`` would be another
    server's address in a Location.
    """
    joined = "".join(item.rstrip("/") for item in split_list(text))
    if joined == "":
        return ""
    segments = joined.split("/")
    is_good = _PREFIX.fullmatch(joined) and len(joined) <= _LONGEST_PREFIX
    return joined if is_good and not {".", ".."}.intersection(segments) else None


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
