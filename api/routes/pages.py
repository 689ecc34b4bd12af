"""The web page, the JavaScript client and the page that diagnoses a network: files, as they are."""

import hashlib
import mimetypes
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath
from msgspec import Struct

from api.openapi import Answer, describe
from api.problems import HttpProblem

TAG = "page"
STATIC = Path(__file__).parent.parent / "static"
TEXT: dict[str, Any] = {"type": "string"}

# Asked for again each time, answered 304: after an upgrade no page mixes old modules with new ones.
CACHE_CONTROL = "no-cache"


class Asset(Struct, frozen=True):
    """One file, read once. `etag` is strong: a hash of the bytes."""

    body: bytes
    media_type: str
    etag: str


@cache
def assets() -> Mapping[str, Asset]:
    """Return every file of the page by its path below `api/static`, as ``client/fasttrack.js``.

    Only what is listed here is ever served, so that no path of a request reaches the file system.
    """
    files = (path for path in STATIC.rglob("*") if path.is_file())
    return {path.relative_to(STATIC).as_posix(): _read(path) for path in files}


def _read(path: Path) -> Asset:
    body = path.read_bytes()
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    # Litestar adds the charset to text/* by itself.
    return Asset(body, f"{kind}; charset=utf-8" if kind.endswith("svg+xml") else kind, etag)


def _serve(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
    """Answer with a file, or 304 to who has it. Raises the 404 problem."""
    if (asset := assets().get(name)) is None:
        raise HttpProblem("not-found", f"There is no page {request.url.path}.")
    headers = {"ETag": asset.etag, "Cache-Control": CACHE_CONTROL}
    if asset.etag in request.headers.get("If-None-Match", ""):
        return Response(b"", status_code=304, headers=headers)
    return Response(asset.body, media_type=asset.media_type, headers=headers)


def _documented(summary: str, media_type: str) -> dict[str, Any]:
    answers = {200: Answer(summary, TEXT, [media_type]), 304: Answer("Not modified")}
    return describe(summary, TAG, answers, role=None, problems=["not-found"])


@get("/", opt=_documented("The web page", "text/html"))
async def page(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return the web page."""
    return _serve(request, "page/index.html")


@get("/diagnose", opt=_documented("What the network between does to the feed", "text/html"))
async def diagnose(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return the page that tries every transport from where the browser is."""
    return _serve(request, "diagnose/index.html")


@get("/client/{name:str}", opt=_documented("The JavaScript client", "text/javascript"))
async def client(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
    """Return one module of the client; `fasttrack.js` is the one to import."""
    return _serve(request, f"client/{name}")


@get("/static/{folder:str}/{name:str}", opt=_documented("A part of the page", "text/javascript"))
async def static(
    request: Request[Any, Any, Any], folder: FromPath[str], name: FromPath[str]
) -> Response[bytes]:
    """Return one file of the page."""
    return _serve(request, f"{folder}/{name}")


@get("/favicon.ico", opt=_documented("The page's icon", "image/svg+xml"))
async def favicon(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return the icon under the name that browsers ask for by themselves."""
    return _serve(request, "page/icon.svg")


HANDLERS = (page, diagnose, client, static, favicon)
