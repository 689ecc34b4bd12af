"""The headers of tus 1.0: the version, numbers of bytes, metadata, expiry.

Source: tus.io/protocols/resumable-upload.
"""

import binascii
import re
from base64 import b64decode
from email.utils import formatdate
from typing import Any

from litestar import Request

from api.http.problems import HttpProblem
from api.routes.uploads_problems import refused as refused_import
from api.services.identity import Identity
from api.services.imports.errors import ImportRefusedError
from api.services.imports.expiry import KEEP_INTERRUPTED_MS
from domain.imports import Upload

HttpRequest = Request[Identity, Any, Any]

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,expiration,termination"
OFFSET_TYPE = "application/offset+octet-stream"
ABOUT_THE_FILE = frozenset(
    {"filename", "name", "filetype", "type", "contentType", "relativePath", "lastModified", "size"}
)
"""Metadata that tus clients add by themselves; every other key must be an option."""
PROTOCOL = {"Tus-Resumable": VERSION}
"""What every answer carries."""

_NUMBER = re.compile(r"\d{1,18}", re.ASCII)


def check_version(request: HttpRequest) -> None:
    """Refuse a client of another version, or of none."""
    version = request.headers.get("Tus-Resumable")
    if version != VERSION:
        spoken = PROTOCOL | {"Tus-Version": VERSION}
        raise HttpProblem("precondition-failed", f"Tus-Resumable must be {VERSION}", headers=spoken)


def number(request: HttpRequest, name: str) -> int:
    """Return the number of bytes in a header."""
    text = request.headers.get(name, "")
    if not _NUMBER.fullmatch(text):
        raise HttpProblem("bad-request", f"{name} must be a whole number of bytes", headers=PROTOCOL)
    return int(text)


def metadata(request: HttpRequest) -> list[tuple[str, str]]:
    """Return `Upload-Metadata`: pairs of a key and a base64 value, separated by commas."""
    pairs = [pair.split() for pair in request.headers.get("Upload-Metadata", "").split(",") if pair.strip()]
    try:
        return [
            (pair[0], b64decode(pair[1] if len(pair) > 1 else "", validate=True).decode("utf-8", "replace"))
            for pair in pairs
        ]
    except binascii.Error:
        raise HttpProblem(
            "bad-request", "Upload-Metadata must be keys with base64 values", headers=PROTOCOL
        ) from None


def expiry(upload: Upload) -> dict[str, str]:
    """Return the headers of every good answer, with the time until which the rest may come."""
    if upload.body_complete:
        return PROTOCOL
    expires = (upload.updated_at + KEEP_INTERRUPTED_MS) / 1000
    return PROTOCOL | {"Upload-Expires": formatdate(expires, usegmt=True)}


def refused(refusal: ImportRefusedError) -> HttpProblem:
    """Return the answer to what makes no sense for this upload."""
    problem = refused_import(refusal)
    problem.headers = {**(problem.headers or {}), **PROTOCOL}
    return problem
