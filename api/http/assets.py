"""The files of the web page as they are served: bundled, named by their hash, each compressed once.

A name that holds the hash of its content never changes its meaning, so a browser asks for it once
(`immutable`, RFC 8246). The pages themselves are asked for each time and name what they need.
"""

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Literal

import brotli
from anyio.to_thread import run_sync

from api.http.module_bundle import bundle

STATIC = Path(__file__).parent.parent / "static"
STYLES = ("page/tokens.css", "page/base.css", "page/parts.css")
PAGES = {"app": "page/main.js", "diagnose": "diagnose/main.js"}
"""Scripts by the name that pages use, and the module that each begins with."""

_WORTH_COMPRESSING = 512
_BROTLI_QUALITY = 9
"""11 saves a twelfth more and takes ten times as long, for whoever asks first after a start."""


@dataclass(frozen=True)
class Asset:
    """One file as it is served. `etag` is weak: all codings have it (RFC 9110 §8.8.3.3)."""

    body: bytes
    media_type: str
    etag: str
    is_compressed: bool

    @cached_property
    def brotli(self) -> bytes:
        """Return it compressed by Brotli; empty where that is not worth it."""
        return brotli.compress(self.body, quality=_BROTLI_QUALITY) if self.is_compressed else b""

    @cached_property
    def gzip(self) -> bytes:
        """Return it compressed by gzip; empty where that is not worth it."""
        return gzip.compress(self.body, 9, mtime=0) if self.is_compressed else b""

    async def encoded(self, accepted: str) -> tuple[bytes, str | None]:
        """Return the bytes to send and their Content-Encoding, by an Accept-Encoding. RFC 9110 §12.5.3.

        What is asked for in a coding for the first time is compressed in a thread, and kept.
        """
        codings = codings_in(accepted) if self.is_compressed else ()
        if "br" in codings:
            return await self._kept("brotli"), "br"
        if "gzip" in codings or "x-gzip" in codings:
            return await self._kept("gzip"), "gzip"
        return self.body, None

    async def _kept(self, coding: Literal["brotli", "gzip"]) -> bytes:
        if coding not in vars(self):
            await run_sync(getattr, self, coding)
        content: bytes = getattr(self, coding)
        return content


def codings_in(accepted: str) -> set[str]:
    """Return the codings that an Accept-Encoding accepts. Source: RFC 9110 §12.5.3."""
    return {_coding(part) for part in accepted.lower().split(",")}


def _coding(part: str) -> str:
    """Return the coding that a part of the header accepts, empty where its weight is none."""
    name, _, parameters = part.partition(";")
    weight = parameters.replace(" ", "").removeprefix("q=")
    return "" if weight and not weight.strip("0.") else name.strip()


def asset_of(body: bytes, name: str) -> Asset:
    """Return a file that is made of these bytes; its type follows from the name."""
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    # Litestar adds the charset to text/* by itself.
    media_type = f"{kind}; charset=utf-8" if kind.endswith("svg+xml") else kind
    etag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
    is_compressed = len(body) >= _WORTH_COMPRESSING and not kind.startswith("image/p")
    return Asset(body, media_type, etag, is_compressed)


@cache
def files() -> Mapping[str, Asset]:
    """Return every file by its path below `api/static`, as ``client/fasttrack.js``.

    Only what is listed here is ever served, so that no path of a request reaches the file system.
    """
    found = (path for path in sorted(STATIC.rglob("*")) if path.is_file())
    return {path.relative_to(STATIC).as_posix(): asset_of(path.read_bytes(), path.name) for path in found}


@cache
def built() -> Mapping[str, Asset]:
    """Return the joined scripts, style and icon by their hashed names, as ``app.0123456789abcdef.js``."""
    style = b"\n".join(files()[name].body for name in STYLES)
    scripts = {name: bundle(entry, _text).encode() for name, entry in PAGES.items()}
    icon = files()["page/icon.svg"].body
    made = [
        ("style", "css", style),
        ("icon", "svg", icon),
        *((name, "js", script) for name, script in scripts.items()),
    ]
    return {_hashed(name, ending, body): asset_of(body, f"{name}.{ending}") for name, ending, body in made}


@cache
def name_of(name: str, ending: str) -> str:
    """Return the hashed name of what was joined: `name_of("app", "js")`."""
    return next(one for one in built() if one.startswith(f"{name}.") and one.endswith(f".{ending}"))


def _hashed(name: str, ending: str, body: bytes) -> str:
    return f"{name}.{hashlib.sha256(body).hexdigest()[:16]}.{ending}"


def _text(path: str) -> str:
    return files()[path].body.decode()
