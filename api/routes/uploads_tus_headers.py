"""The headers of tus 1.0: the version, what is not offered, numbers of bytes, metadata, expiry.

Source: tus.io/protocols/resumable-upload.
"""

import binascii
import re
from base64 import b64decode
from collections.abc import Collection
from email.utils import formatdate
from typing import Any

from litestar import Request

from api.http.problems import HttpProblem
from api.routes.content_encoding import refuse_encoded
from api.security.origins import header_list
from api.services.identity import Identity
from api.services.imports.expiry import KEEP_INTERRUPTED_MS
from domain.imports import Upload
from domain.problems import Problem, excerpt

HttpRequest = Request[Identity, Any, Any]

VERSION = "1.0.0"
NAME_OF_VERSION = "Tus-Resumable"
EXTENSIONS = "creation,creation-with-upload,expiration,termination"
OFFSET_TYPE = "application/offset+octet-stream"
ABOUT_THE_FILE = frozenset(
    {"filename", "name", "filetype", "type", "contentType", "relativePath", "lastModified", "size"}
)
"""Metadata that tus clients add by themselves; every other key must be an option."""
OVERRIDE = "X-HTTP-Method-Override"

_NUMBER = re.compile(r"\d{1,18}", re.ASCII)
_PAIR = re.compile(r"([^ \t,]+)(?:[ \t]+([A-Za-z0-9+/=]*))?", re.ASCII)
_INSTEAD = {
    "upload-concat": "send the file as one upload, without parallel uploads",
    "upload-checksum": "send the bytes without a checksum",
    "upload-defer-length": "send Upload-Length when the upload is created",
    "content-range": "send Upload-Offset",
}
"""What a client does instead of what is not offered."""


def check_version(request: HttpRequest) -> None:
    """Refuse a client of another version, or of none."""
    version = request.headers.get(NAME_OF_VERSION)
    if version == VERSION:
        return
    rule = f"{NAME_OF_VERSION} must be {VERSION}"
    if version is None:
        why = Problem(NAME_OF_VERSION, "required", f"{rule}; the request has none")
    else:
        shown = excerpt(version)
        why = Problem(NAME_OF_VERSION, "unknown_value", f"{rule}, not {shown}", shown, VERSION)
    raise HttpProblem("tus-version", why.message, errors=[why], headers={"Tus-Version": VERSION})


def check_method(request: HttpRequest) -> None:
    """Refuse a method that is overridden by another one: only POST to an upload may be."""
    given = overriding_method(request)
    if given not in ("", request.method):
        told = f"{OVERRIDE} {given[:40]!r} contradicts {request.method}: send it with POST to an upload"
        raise HttpProblem("bad-request", told)


def overriding_method(request: HttpRequest) -> str:
    """Return the method that a request names in place of its own, or ""."""
    return _text(request, OVERRIDE).strip().upper()


def check_offered(request: HttpRequest, understood: Collection[str]) -> None:
    """Refuse a body whose headers give it a meaning that is not offered: it would be read as another one.

    `understood`: the names, lower case, of the protocol's headers that this request may have. Every other
    header of the protocol is refused: extensions to come will change what a body means, too.
    """
    refuse_encoded(request)
    for name in request.headers:
        is_unknown = name.startswith("upload-") and name not in understood
        if is_unknown or name == "content-range":
            shown = name.title()[:80]
            instead = _INSTEAD.get(name, "send the request without it")
            raise HttpProblem("bad-request", f"{shown} is not supported by this request: {instead}")


def check_unchanged(request: HttpRequest, name: str, value: str | None) -> None:
    """Refuse a header that contradicts what the upload was created with."""
    given = _text(request, name)
    if given not in ("", value or ""):
        raise HttpProblem("bad-request", f"{name} is not that of the upload's creation: leave it out")


def number(request: HttpRequest, name: str) -> int:
    """Return the number of bytes in a header."""
    text = _text(request, name)
    if not _NUMBER.fullmatch(text):
        raise HttpProblem("bad-request", f"{name} must be a whole number of bytes")
    return int(text)


def metadata_text(request: HttpRequest) -> str | None:
    """Return `Upload-Metadata` as it was sent, or None without any."""
    return _text(request, "Upload-Metadata") or None


def metadata(request: HttpRequest) -> list[tuple[str, str]]:
    """Return `Upload-Metadata`: pairs of a key and a base64 value, separated by commas."""
    texts = [text.strip(" \t") for text in (metadata_text(request) or "").split(",")]
    found = [_PAIR.fullmatch(text) for text in texts if text]
    try:
        pairs = [(pair[1], b64decode(pair[2] or "", validate=True)) for pair in found if pair is not None]
    except binascii.Error:
        pairs = []
    if len(pairs) < len(found) or len({key for key, _ in pairs}) < len(pairs):
        told = "Upload-Metadata must be different keys, each with a space and one base64 value, or with none"
        raise HttpProblem("bad-request", told)
    return [(key, value.decode("utf-8", "replace")) for key, value in pairs]


def _text(request: HttpRequest, name: str) -> str:
    """Return a header, all its lines: of two that differ, neither may be dropped."""
    return header_list(request.scope, name.lower().encode()) or ""


def expiry(upload: Upload) -> dict[str, str]:
    """Return the header with the time until which the rest may come, if more is to come."""
    if upload.body_complete:
        return {}
    expires = (upload.updated_at + KEEP_INTERRUPTED_MS) / 1000
    return {"Upload-Expires": formatdate(expires, usegmt=True)}
