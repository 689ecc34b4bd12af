"""The web page, the JavaScript client and the page that diagnoses a network."""

import hashlib
from html import escape
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath

from api.http.app_services import services_of
from api.http.assets import Asset, built, files, name_of
from api.http.openapi import Answer, describe
from api.http.problems import HttpProblem
from api.routes.notifications import newest_notifications
from api.routes.preconditions import is_known
from api.security.cookies import read_cookie
from api.services.identity import Identity
from api.services.links import link
from api.services.services import Services
from domain.ports.errors import StorageUnavailableError

TAG = "page"
TEXT: dict[str, Any] = {"type": "string"}
THEME = "ft_theme"
THEMES = ("light", "dark")
NOTICES_IN_PAGE = 20
"""Notifications that the page comes with; it asks for all when they are looked at."""

# Asked for again each time, answered 304: these names do not change with their content.
ASK_AGAIN = "no-cache"
FOR_EVER = "public, max-age=31536000, immutable"


def _page(request: Request[Any, Any, Any], name: str, script: str, **given: str) -> Response[bytes]:
    """Answer with a page that names its script and style by their hashes, or 304 to who has it.

    What it would ask for first is in it: who one is, the theme, and what else is `given` as JSON. So it
    differs from person to person.
    """
    prefix = link("")
    values = {
        "prefix": escape(prefix),
        "style": f"{escape(prefix)}/assets/{name_of('style', 'css')}",
        # It is small: in the page it is one request less.
        "icon": f"data:image/svg+xml,{quote(files()['page/icon.svg'].body.decode().strip())}",
        "script": f"{escape(prefix)}/assets/{name_of(script, 'js')}",
        "who": escape(_who(request)),
        "theme": _theme(request),
        "zone": escape(str(services_of(request.app).timezone)),
        **{key: escape(value) for key, value in given.items()},
    }
    text = files()[name].body.decode()
    for placeholder, value in values.items():
        text = text.replace(f"{{{{{placeholder}}}}}", value)
    body = text.encode()
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": f"private, {ASK_AGAIN}", "Vary": "Cookie"}
    if is_known(request.scope, etag):
        return Response(b"", status_code=304, headers=headers)
    return Response(body, media_type="text/html", headers=headers)


def _who(request: Request[Any, Any, Any]) -> str:
    """Return the caller as `GET /session` does; empty for an anonymous one."""
    who = request.scope.get("user")
    if not isinstance(who, Identity):
        return ""
    return msgspec.json.encode({"user": who.name, "role": who.role, "via": who.via}).decode()


async def _notices(request: Request[Any, Any, Any], services: Services) -> str:
    """Return an administrator's newest notifications as `GET /notifications` does; empty for others.

    Empty, too, while the store does not answer: the page is there without it, and asks later.
    """
    who = request.scope.get("user")
    if not isinstance(who, Identity) or who.role != "admin":
        return ""
    try:
        told = await newest_notifications(services, who, NOTICES_IN_PAGE)
    except StorageUnavailableError:
        return ""
    return msgspec.json.encode(told).decode()


def _theme(request: Request[Any, Any, Any]) -> str:
    scope: Any = request.scope
    chosen = read_cookie(scope, THEME)
    return f' data-theme="{chosen}"' if chosen in THEMES else ""


async def _serve(
    request: Request[Any, Any, Any], asset: Asset | None, *, cache_control: str = ASK_AGAIN
) -> Response[bytes]:
    """Answer with a file, or 304 to who has it. Raises the 404 problem."""
    if asset is None:
        raise HttpProblem("not-found", f"There is no page {request.scope['path']}.")
    headers = {"ETag": asset.etag, "Cache-Control": cache_control, "Vary": "Accept-Encoding"}
    if is_known(request.scope, asset.etag):
        return Response(b"", status_code=304, headers=headers)
    body, coding = await asset.encoded(request.headers.get("Accept-Encoding", ""))
    if coding is not None:
        headers["Content-Encoding"] = coding
    return Response(body, media_type=asset.media_type, headers=headers)


def _documented(summary: str, media_type: str) -> dict[str, Any]:
    answers = {200: Answer(summary, TEXT, [media_type]), 304: Answer("Not modified")}
    return describe(summary, TAG, answers, role=None, problems=["not-found"])


@get("/", opt=_documented("The web page", "text/html"))
async def page(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return the web page."""
    services = services_of(request.app)
    return _page(request, "page/index.html", "app", notices=await _notices(request, services))


@get("/diagnose", opt=_documented("Test how the network treats the feed", "text/html"))
async def diagnose(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return the page that tests every transport from this browser's network."""
    return _page(request, "diagnose/index.html", "diagnose")


@get("/assets/{name:str}", opt=_documented("Script or style of the page", "text/javascript"))
async def asset(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
    """Return an asset by its hashed name."""
    return await _serve(request, built().get(name), cache_control=FOR_EVER)


@get("/client/{name:str}", opt=_documented("The JavaScript client", "text/javascript"))
async def client(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
    """Return one module of the client; import `fasttrack.js`."""
    return await _serve(request, files().get(f"client/{name}"))


@get("/static/{folder:str}/{name:str}", opt=_documented("A part of the page", "text/javascript"))
async def static(
    request: Request[Any, Any, Any], folder: FromPath[str], name: FromPath[str]
) -> Response[bytes]:
    """Return one file of the page."""
    return await _serve(request, files().get(f"{folder}/{name}"))


@get("/favicon.ico", opt=_documented("The page's icon", "image/svg+xml"))
async def favicon(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return the icon under the name that browsers ask for by themselves."""
    return await _serve(request, files()["page/icon.svg"])


HANDLERS = (page, diagnose, asset, client, static, favicon)
