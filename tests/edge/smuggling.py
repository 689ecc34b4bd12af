"""Requests whose end two readers may see in two places: what ours must make of each.

A body hides INNER. Where the framing is sound it stays a body; where it is not, the request is refused
and the connection ends. Source: RFC 9112 §2.2, §5, §6, §7.1, §11.2.
"""

INNER = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
SIZE = b"%d" % len(INNER)
CHUNK = b"%x\r\n%b\r\n0\r\n\r\n" % (len(INNER), INNER)

OK, BAD, UNKNOWN_CODING = 200, 400, 501


def post(
    *lines: bytes, body: bytes = INNER, end: bytes = b"\r\n", first: bytes = b"POST /first HTTP/1.1"
) -> bytes:
    return end.join([first, b"Host: a", *lines, b"", body])


def chunked(body: bytes) -> bytes:
    return post(b"Transfer-Encoding: chunked", body=body)


def length(value: bytes, name: bytes = b"Content-Length:") -> bytes:
    return post(name + value)


def coding(*lines: bytes) -> bytes:
    return post(*lines, body=CHUNK)


CASES: dict[str, tuple[bytes, int]] = {
    # One length.
    "a length": (length(b" " + SIZE), OK),
    "a length without a blank": (length(SIZE), OK),
    "a length between blanks": (length(b" \t " + SIZE + b" \t"), OK),
    "a length with zeros": (length(b" 000" + SIZE), OK),
    "a length with a plus": (length(b" +" + SIZE), BAD),
    "a length below zero": (length(b" -" + SIZE), BAD),
    "a length in hexadecimal": (length(b" 0x26"), BAD),
    "a length with a point": (length(b" " + SIZE + b".0"), BAD),
    "a length with an exponent": (length(b" 1e1"), BAD),
    "a length with letters": (length(b" " + SIZE + b"a"), BAD),
    "a length with an underscore": (length(b" 3_8"), BAD),
    "a length with a blank inside": (length(b" 3 8"), BAD),
    "an empty length": (length(b""), BAD),
    "a length above 64 bits": (length(b" 18446744073709551617"), BAD),
    "a length in a list": (length(b" " + SIZE + b", " + SIZE), BAD),
    "a length in a list of two": (length(b" 0, " + SIZE), BAD),
    "a length with a semicolon": (length(b" " + SIZE + b";"), BAD),
    "a length in quotes": (length(b' "' + SIZE + b'"'), BAD),
    "a length behind a NUL": (length(b" \x00" + SIZE), BAD),
    "a length behind a vertical tab": (length(b" \x0b" + SIZE), BAD),
    "a length in other digits": (length(" ٣".encode()), BAD),
    # Two lengths.
    "the length twice": (post(b"Content-Length: " + SIZE, b"Content-Length: " + SIZE), BAD),
    "two lengths, zero first": (post(b"Content-Length: 0", b"Content-Length: " + SIZE), BAD),
    "two lengths, zero last": (post(b"Content-Length: " + SIZE, b"content-length: 0"), BAD),
    # The name of the length.
    "a blank before the colon": (length(b" " + SIZE, b"Content-Length :"), BAD),
    "a tab before the colon": (length(b" " + SIZE, b"Content-Length\t:"), BAD),
    "a NUL in the name": (length(b" " + SIZE, b"Content-Length\x00:"), BAD),
    "a return in the name": (length(b" " + SIZE, b"Content-\rLength:"), BAD),
    "no colon": (length(b" " + SIZE, b"Content-Length"), BAD),
    "a folded length": (post(b"Content-Length:", b" " + SIZE), BAD),
    "a blank before the name": (post(b" Content-Length: " + SIZE), BAD),
    "a length behind a folded line": (post(b"X: a", b" Content-Length: " + SIZE), BAD),
    # A coding.
    "chunked": (coding(b"Transfer-Encoding: chunked"), OK),
    "CHUNKED": (coding(b"transfer-encoding: CHUNKED"), OK),
    "chunked between blanks": (coding(b"Transfer-Encoding: \t chunked \t"), BAD),
    "chunked without a blank": (coding(b"Transfer-Encoding:chunked"), OK),
    "chunked twice in a list": (coding(b"Transfer-Encoding: chunked, chunked"), UNKNOWN_CODING),
    "chunked twice on two lines": (coding(*[b"Transfer-Encoding: chunked"] * 2), UNKNOWN_CODING),
    "chunked behind identity": (coding(b"Transfer-Encoding: identity, chunked"), UNKNOWN_CODING),
    "chunked before identity": (coding(b"Transfer-Encoding: chunked, identity"), UNKNOWN_CODING),
    "chunked, then identity on its line": (
        coding(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"),
        UNKNOWN_CODING,
    ),
    "identity, then chunked on its line": (
        coding(b"Transfer-Encoding: identity", b"Transfer-Encoding: chunked"),
        UNKNOWN_CODING,
    ),
    "gzip": (coding(b"Transfer-Encoding: gzip"), UNKNOWN_CODING),
    "gzip, chunked": (coding(b"Transfer-Encoding: gzip, chunked"), UNKNOWN_CODING),
    "identity": (coding(b"Transfer-Encoding: identity"), UNKNOWN_CODING),
    "xchunked": (coding(b"Transfer-Encoding: xchunked"), UNKNOWN_CODING),
    "chunkedx": (coding(b"Transfer-Encoding: chunkedx"), UNKNOWN_CODING),
    "chunked in quotes": (coding(b'Transfer-Encoding: "chunked"'), UNKNOWN_CODING),
    "chunked with a parameter": (coding(b"Transfer-Encoding: chunked;q=1"), UNKNOWN_CODING),
    "an empty coding": (coding(b"Transfer-Encoding:"), BAD),
    "chunked behind a comma": (coding(b"Transfer-Encoding: , chunked"), UNKNOWN_CODING),
    "chunked behind a vertical tab": (coding(b"Transfer-Encoding: \x0bchunked"), BAD),
    "chunked behind a NUL": (coding(b"Transfer-Encoding: \x00chunked"), BAD),
    "chunked before a vertical tab": (coding(b"Transfer-Encoding: chunked\x0b"), BAD),
    "a folded coding": (coding(b"Transfer-Encoding:", b" chunked"), BAD),
    "a coding behind a folded line": (coding(b"X: a", b"\tTransfer-Encoding: chunked"), BAD),
    "a coding behind a bare newline": (coding(b"X: a\nTransfer-Encoding: chunked"), BAD),
    "a coding behind a bare return": (coding(b"X: a\rTransfer-Encoding: chunked"), BAD),
    "a blank before the coding's colon": (coding(b"Transfer-Encoding : chunked"), BAD),
    # Both.
    "length, then coding": (coding(b"Content-Length: 6", b"Transfer-Encoding: chunked"), BAD),
    "coding, then length": (coding(b"Transfer-Encoding: chunked", b"Content-Length: 6"), BAD),
    "length, then an unknown coding": (coding(b"Content-Length: 6", b"Transfer-Encoding: x"), BAD),
    "an unknown coding, then length": (coding(b"Transfer-Encoding: x", b"Content-Length: 6"), BAD),
    "a coding of HTTP/1.0": (
        post(b"Transfer-Encoding: chunked", body=CHUNK, first=b"POST /first HTTP/1.0"),
        BAD,
    ),
    # Chunks.
    "a chunk": (chunked(CHUNK), OK),
    "a chunk of capitals": (chunked(b"A\r\n0123456789\r\n0\r\n\r\n"), OK),
    "a chunk with zeros": (chunked(b"00005\r\nhello\r\n000\r\n\r\n"), OK),
    "a chunk with an extension": (chunked(b"5;a=b\r\nhello\r\n0;c\r\n\r\n"), OK),
    "a chunk with a quoted extension": (chunked(b'5;a="b;c"\r\nhello\r\n0\r\n\r\n'), OK),
    "a chunk of no number": (chunked(b"zz\r\nhello\r\n0\r\n\r\n" + INNER), BAD),
    "a chunk of nothing": (chunked(b"\r\nhello\r\n0\r\n\r\n" + INNER), BAD),
    "a chunk below zero": (chunked(b"-5\r\nhello\r\n0\r\n\r\n" + INNER), BAD),
    "a chunk with a plus": (chunked(b"+5\r\nhello\r\n0\r\n\r\n" + INNER), BAD),
    "a chunk in 0x": (chunked(b"0x5\r\nhello\r\n0\r\n\r\n" + INNER), BAD),
    "a chunk with an underscore": (chunked(b"0_5\r\nhello\r\n0\r\n\r\n" + INNER), BAD),
    "a chunk behind a blank": (chunked(b" 5\r\nhello\r\n0\r\n\r\n" + INNER), BAD),
    "a chunk before a blank": (chunked(b"5 \r\nhello\r\n0\r\n\r\n" + INNER), BAD),
    "a chunk above 64 bits": (chunked(b"10000000000000005\r\nhello\r\n0\r\n\r\n" + INNER), BAD),
    "a chunk ended by a newline": (chunked(b"5\nhello\r\n0\r\n\r\n" + INNER), BAD),
    "a chunk ended by a return": (chunked(b"5\rhello\r\n0\r\n\r\n" + INNER), BAD),
    "an extension ended by a newline": (chunked(b"5;a\nhello\r\n0\r\n\r\n" + INNER), BAD),
    "an extension with a return": (chunked(b"5;a\rb\r\nhello\r\n0\r\n\r\n" + INNER), BAD),
    "an extension with a NUL": (chunked(b"5;\x00\r\nhello\r\n0\r\n\r\n" + INNER), BAD),
    "data that is too long": (chunked(b"5\r\nhello!\r\n0\r\n\r\n" + INNER), BAD),
    "data that is too short": (chunked(b"5\r\nhell\r\n0\r\n\r\n" + INNER), BAD),
    "data ended by a newline": (chunked(b"5\r\nhello\n0\r\n\r\n" + INNER), BAD),
    "data ended by nothing": (chunked(b"5\r\nhello0\r\n\r\n" + INNER), BAD),
    "trailers": (chunked(b"5\r\nhello\r\n0\r\nX: a\r\nHost: b\r\n\r\n"), OK),
    "a trailer without a colon": (chunked(b"5\r\nhello\r\n0\r\nX\r\n\r\n" + INNER), BAD),
    "a trailer ended by a newline": (chunked(b"5\r\nhello\r\n0\r\nX: a\n\r\n" + INNER), BAD),
    "a length in the trailers": (chunked(b"5\r\nhello\r\n0\r\nContent-Length: 38\r\n\r\n" + INNER), BAD),
    "a coding in the trailers": (
        chunked(b"5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n" + INNER),
        UNKNOWN_CODING,
    ),
    "returns for line ends": (post(b"Content-Length: " + SIZE, end=b"\r"), BAD),
    "two returns for one": (post(b"X: a\r", b"Content-Length: " + SIZE), BAD),
    "a NUL in a value": (post(b"X: \x00", b"Content-Length: " + SIZE), BAD),
    "a name of nothing": (post(b": a", b"Content-Length: " + SIZE), BAD),
    "a name with a blank": (post(b"X Y: a", b"Content-Length: " + SIZE), BAD),
    "a name of other letters": (post("é: a".encode(), b"Content-Length: " + SIZE), BAD),
    "a name in brackets": (post(b"X[Y]: a", b"Content-Length: " + SIZE), BAD),
    # The first line.
    "no version": (post(b"Content-Length: " + SIZE, first=b"POST /first"), 505),
    "two blanks": (post(b"Content-Length: " + SIZE, first=b"POST  /first HTTP/1.1"), OK),
    "a tab": (post(b"Content-Length: " + SIZE, first=b"POST\t/first HTTP/1.1"), BAD),
    "a blank behind the version": (post(b"Content-Length: " + SIZE, first=b"POST /first HTTP/1.1 "), BAD),
    "a version in small letters": (post(b"Content-Length: " + SIZE, first=b"POST /first http/1.1"), BAD),
    "a version with two digits": (post(b"Content-Length: " + SIZE, first=b"POST /first HTTP/1.10"), BAD),
    "a method in small letters": (post(b"Content-Length: " + SIZE, first=b"post /first HTTP/1.1"), 501),
    "a target with a newline": (post(b"Content-Length: " + SIZE, first=b"POST /fi\nrst HTTP/1.1"), BAD),
    "a target with a NUL": (post(b"Content-Length: " + SIZE, first=b"POST /fi\x00rst HTTP/1.1"), BAD),
    "a blank line first": (b"\r\n" + post(b"Content-Length: " + SIZE), OK),
    "a body behind GET": (post(b"Content-Length: " + SIZE, first=b"GET /first HTTP/1.1"), OK),
    "chunks behind GET": (
        post(b"Transfer-Encoding: chunked", body=CHUNK, first=b"GET /first HTTP/1.1"),
        OK,
    ),
    "a body behind DELETE": (post(b"Content-Length: " + SIZE, first=b"DELETE /first HTTP/1.1"), OK),
    # What follows the last request of a connection.
    "a request behind close": (post(b"Content-Length: 2", b"Connection: close", body=b"hi" + INNER), OK),
    "a request behind HTTP/1.0": (
        post(b"Content-Length: 2", body=b"hi" + INNER, first=b"POST /first HTTP/1.0"),
        OK,
    ),
    "a request in a tunnel": (b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n" + INNER, 501),
    "a request behind an offer of HTTP/2": (
        post(b"Connection: upgrade", b"Upgrade: h2c", b"Content-Length: " + SIZE),
        OK,
    ),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + INNER, 505),
}
