"""Parses request lines with a method that httptools does not know.

httptools has a list of methods and gives up at the first letter that leads to none of them. HTTP wants 501
for a method that nobody knows, and 400 for what is no method: that can be told once the line has come whole.
Source: RFC 9110 §9.1, §15.6.2; RFC 9112 §3.
"""

import re

from api.server.request_head import Refused

MAX_LINE_BYTES = 4096
"""The line may come byte by byte, and is looked at each time."""

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_LINE = re.compile(rb"(?:\A|\n)(%b) +([!-~]+) HTTP/([0-9])\.([0-9])\r\n" % _TOKEN)
_BEGINNING = re.compile(rb"%b(?: +(?:[!-~]+(?: [HTP/0-9.]{0,8}\r?)?)?)?" % _TOKEN)

KNOWN_METHODS = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE"})
"""What RFC 9110 and RFC 5789 define, but for CONNECT: the application knows where each is allowed."""


class RequestLine:
    """Replaces the parser until the line is complete.

    Attributes:
        method: once it is known; empty for what is no method.
        target: the request target that goes with it.
    """

    def __init__(self, *, has_begun: bool) -> None:
        """Expect a line. `has_begun`: the parser has eaten its first letters, which began a method."""
        self.method = ""
        self.target = b""
        self._text = b"X" if has_begun else b""

    def feed_data(self, data: bytes) -> None:
        """Take a part of the line, or of requests in front of it that the parser has read.

        Raises:
            Refused: with the answer, as soon as it is clear.
        """
        self._text += data
        for line in _LINE.finditer(self._text):
            if line[1] not in KNOWN_METHODS:
                self._refuse(line)
        last = self._text.rpartition(b"\n")[2]
        if not _BEGINNING.fullmatch(last):
            raise Refused("bad-request", "The request is not valid HTTP.")
        if len(last) > MAX_LINE_BYTES:
            raise _too_long()
        self._text = last

    def get_method(self) -> bytes:
        """Return the method, as a parser does."""
        return self.method.encode()

    def _refuse(self, line: re.Match[bytes]) -> None:
        if len(line[0]) > MAX_LINE_BYTES:
            raise _too_long()
        self.method, self.target = line[1].decode("ascii"), line[2]
        if (line[3], line[4]) not in ((b"1", b"0"), (b"1", b"1")):
            raise Refused("http-version", "This server speaks HTTP/1.1 and HTTP/1.0.")
        raise Refused(
            "not-implemented", "This server does not know that method; names of methods have capitals."
        )


def _too_long() -> Refused:
    return Refused("uri-too-long", f"The line of an unknown method may have {MAX_LINE_BYTES} bytes.")
