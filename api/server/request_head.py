"""Validates request heads: limits and the rules of HTTP. No I/O.

httptools parses the head and sets no bounds; it accepts some heads that HTTP refuses.
Source: RFC 9110 §4.2.4, §7.2, §7.8, §9.3.7; RFC 9112 §3.2, §6.1; RFC 6455 §4.2.1; RFC 6585 §5.
"""

import re
from urllib.parse import unquote

from msgspec import Struct

from api.authority import is_authority
from api.http.problems import HttpProblem
from api.security.forwarded import parse_prefix

MAX_HEAD_BYTES = 64 * 1024
MAX_FIELDS = 100

TARGET_RULE = "The request target must be a path, which begins with a slash, or an http URL."

Headers = list[tuple[bytes, bytes]]

_ORIGIN_FORM = re.compile(rb"(/[^?#]*)(?:\?([^#]*))?")
_ABSOLUTE_FORM = re.compile(rb"(?i:https?)://([^/?#]*)(/[^?#]*)?(?:\?([^#]*))?")
_COMPARED_BYTES = 64
"""The end of a target by which a request line is found."""
LINE_END_BYTES = 128
"""What is kept of a head that is not complete: more than the compared bytes, a protocol and a version."""
_WEBSOCKET = re.compile(r"/+ws(?:/.*)?", re.DOTALL)
"""Paths of WebSockets; slashes in front count as one."""
_KEY = re.compile(rb"[A-Za-z0-9+/]{21}[AQgw]==")
"""Sixteen bytes in base64."""


class Refused(Exception):  # noqa: N818 - it carries the answer.
    """The request breaks a rule of HTTP. `problem` is the answer."""

    def __init__(self, slug: str, detail: str) -> None:
        super().__init__(detail)
        self.problem = HttpProblem(slug, detail)


class Target(Struct, frozen=True):
    """The target of a request. `authority` is set if the request line names the host."""

    path: bytes
    query: bytes
    authority: bytes | None = None


_SERVER = Target(b"/", b"")
"""`OPTIONS *` asks about the server in general (RFC 9110 §9.3.7): its root answers."""

_SPOKEN_FOR = frozenset(
    {b"host", b"transfer-encoding", b"content-length", b"connection", b"upgrade", b"expect"}
    | {b"sec-websocket-key", b"sec-websocket-version", b"origin", b"authorization", b"content-type"}
)
"""Fields that the rules of HTTP ask for: kept by name, so that no rule walks through all of them."""

_SINGLE = frozenset({b"origin", b"authorization", b"content-type"})
"""Fields with one value that decides who may do what, or how a body is read: a second one may be taken by
another part of the way (RFC 9110 §5.3)."""


class Fields:
    """The header or trailer fields of one message, bounded.

    Attributes:
        headers: names in lower case, values as they came but for blanks around them.
        named: the values of those that a rule asks for.
        target: the request target.
    """

    __slots__ = ("_size", "headers", "named", "target")

    def __init__(self) -> None:
        self.headers: Headers = []
        self.named: dict[bytes, list[bytes]] = {}
        self.target = b""
        self._size = 0

    def add_target(self, part: bytes) -> None:
        """Append to the request target. Raises Refused when it is too long."""
        self.target += part
        if len(self.target) > MAX_HEAD_BYTES:
            raise Refused("uri-too-long", f"A request line may have at most {MAX_HEAD_BYTES} bytes.")

    def add(self, name: bytes, value: bytes) -> None:
        """Append a field without the blanks around its value (RFC 9110 §5.5).

        Raises:
            Refused: there are too many fields, or they are too long.
        """
        self._size += len(name) + len(value) + 4
        if len(self.headers) >= MAX_FIELDS:
            raise Refused("fields-too-large", f"A request may have at most {MAX_FIELDS} header fields.")
        if self._size + len(self.target) > MAX_HEAD_BYTES:
            raise too_large()
        name, value = name.lower(), value.strip(b" \t")  # The parser leaves those after it.
        self.headers.append((name, value))
        if name in _SPOKEN_FOR:
            if name in self.named and name in _SINGLE:
                raise Refused("bad-request", f"A request may have only one {name.decode('latin-1').title()}.")
            self.named.setdefault(name, []).append(value)

    def tokens(self, name: bytes) -> list[bytes]:
        """Return the members of a list field, in lower case, over all its lines (RFC 9110 §5.6.1)."""
        members = [member for line in self.named.get(name, ()) for member in line.split(b",")]
        return [token for member in members if (token := member.strip().lower())]

    @property
    def expects_continue(self) -> bool:
        """Whether the client waits for `100 Continue` before its body (RFC 9110 §10.1.1)."""
        return any(value.lower() == b"100-continue" for value in self.named.get(b"expect", ()))


def too_large() -> Refused:
    """Return the refusal of a head that is too long."""
    return Refused("fields-too-large", f"The head of a request may have at most {MAX_HEAD_BYTES} bytes.")


def check_head(method: str, version: str, fields: Fields) -> Target:
    """Return the target of a request; afterwards the effective Host is in the fields.

    Raises:
        Refused: 400, 501 or 505: the head breaks a rule.
    """
    if version not in ("1.0", "1.1"):
        raise Refused("http-version", "This server speaks HTTP/1.1 and HTTP/1.0.")
    if method == "CONNECT":
        raise Refused("not-implemented", "This server does not support CONNECT.")
    _check_coding(version, fields.named)
    _check_host(version, fields.named)
    target = _SERVER if method == "OPTIONS" and fields.target == b"*" else parse_target(fields.target)
    if target.authority is not None:
        # RFC 9112 §3.2.2: the authority of the target stands above Host.
        fields.headers = [field for field in fields.headers if field[0] != b"host"]
        fields.headers.append((b"host", target.authority))
    return target


def check_protocol(target: bytes, text: bytes) -> None:
    """Refuse a request line of RTSP or ICE, which httptools parses as if it were HTTP.

    `text` is what was read up to the end of the head, or a later part of it that holds the line's end.

    Raises:
        Refused: 400: the target is followed by another protocol than HTTP (RFC 9112 §2.3).
    """
    if (b"RTSP/" in text or b"ICE/" in text) and re.search(
        re.escape(target[-_COMPARED_BYTES:]) + rb" +(?:RTSP|ICE)/[0-9]\.[0-9]\r?\n", text
    ):
        raise Refused("bad-request", "The request is not valid HTTP.")


def parse_target(text: bytes) -> Target:
    """Return the parts of a request target. Raises Refused unless it is a path or an http URL."""
    if (origin := _ORIGIN_FORM.fullmatch(text)) is not None:
        return Target(origin[1], origin[2] or b"")
    absolute = _ABSOLUTE_FORM.fullmatch(text)
    if absolute is None or not absolute[1] or not is_authority(absolute[1]):
        raise Refused("bad-request", TARGET_RULE)
    return Target(absolute[2] or b"/", absolute[3] or b"", absolute[1])


def decoded_path(path: bytes) -> str:
    """Return a path as the application gets it. Raises Refused for bytes outside ASCII."""
    try:
        text = path.decode("ascii")
    except UnicodeDecodeError:
        raise Refused("bad-request", "A path must be percent-encoded.") from None
    return unquote(text) if "%" in text else text


def websocket_key(method: str, version: str, fields: Fields) -> bytes | None:
    """Return the key of a WebSocket handshake; None when the request is not exactly one.

    Any other upgrade is not taken, and then ignored (RFC 9110 §7.8). A GET with a body is none.
    """
    named = fields.named
    if b"upgrade" not in named or method != "GET" or version != "1.1":
        return None
    if b"upgrade" not in fields.tokens(b"connection") or b"websocket" not in fields.tokens(b"upgrade"):
        return None
    has_body = b"transfer-encoding" in named or named.get(b"content-length", [b"0"]) != [b"0"]
    keys = named.get(b"sec-websocket-key", [])
    if has_body or named.get(b"sec-websocket-version") != [b"13"]:
        return None
    return keys[0] if len(keys) == 1 and _KEY.fullmatch(keys[0]) else None


def leads_to_websocket(path: str, prefix: str, headers: Headers) -> bool:
    """Return whether a WebSocket may be opened at a path; elsewhere its offer is ignored, as any other is.

    `prefix` is the path that the server stands under; a proxy may name another one, and take it off or
    leave it. Which proxies are trusted is asked later: there is no page for what is wrong then.
    """
    if _WEBSOCKET.fullmatch(path):
        return True
    told = b",".join(value for name, value in headers if name == b"x-forwarded-prefix").decode("latin-1")
    return any(_WEBSOCKET.fullmatch(path.removeprefix(one)) for one in (prefix, parse_prefix(told)) if one)


def framing_lines(headers: Headers, *, keep_alive: bool) -> bytes:
    """Return a head that frames the body as these headers do, and offers no upgrade."""
    kept = [field for field in headers if field[0] in (b"content-length", b"transfer-encoding")]
    lines = [b"%b: %b\r\n" % field for field in kept]
    if not keep_alive:
        lines.append(b"connection: close\r\n")
    return b"POST / HTTP/1.1\r\n%b\r\n" % b"".join(lines)


def _check_coding(version: str, named: dict[bytes, list[bytes]]) -> None:
    codings = named.get(b"transfer-encoding")
    if codings is None:
        return
    if version == "1.0" or b"content-length" in named:
        raise Refused(
            "bad-request", "Transfer-Encoding needs HTTP/1.1 and must not be combined with Content-Length."
        )
    if b",".join(codings).strip().lower() != b"chunked":
        raise Refused("not-implemented", "chunked is the only Transfer-Encoding that is supported.")


def _check_host(version: str, named: dict[bytes, list[bytes]]) -> None:
    hosts = named.get(b"host", [])
    if len(hosts) > 1 or (not hosts and version == "1.1"):
        raise Refused("bad-request", "A request must have exactly one Host.")
    if hosts and not is_authority(hosts[0]):
        raise Refused("bad-request", "Host must be a name or an address, with an optional port up to 65535.")
