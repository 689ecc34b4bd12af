"""The descriptions of the API as they are served: built once, compressed once.

They are public and large. Built for each request, a few strangers would keep the server busy with them.
"""

from collections.abc import Callable
from importlib.metadata import version

import msgspec
from litestar import Litestar

from api.http.assets import Asset, asset_of
from api.http.asyncapi import build_asyncapi
from api.http.openapi import build_document
from api.routes.document_page import render_page

MOST_PREFIXES = 8
"""Paths under which documents are kept. A server is reached under one or two; more are made up."""

_PLACE = "/@prefix@"
"""Stands for the prefix. No prefix has an `@`."""

_KEY = "documents"


class Documents:
    """The documents of one application, under each prefix."""

    def __init__(self, app: Litestar) -> None:
        described = build_document(app.routes, version=version("fasttrack"), prefix=_PLACE)
        self._openapi = msgspec.json.encode(described)
        self._page = render_page(described).encode()
        self._kept: dict[str, Asset] = {}
        self.asyncapi = asset_of(msgspec.json.encode(build_asyncapi(version=version("fasttrack"))), "a.json")

    def openapi(self, prefix: str) -> Asset:
        """Return the OpenAPI document of a server that is reached under a prefix."""
        return self._under(prefix, "openapi.json", lambda: _filled(self._openapi, prefix or "/"))

    def page(self, prefix: str) -> Asset:
        """Return the OpenAPI document for people."""
        return self._under(prefix, "page.html", lambda: _filled(self._page, prefix))

    def _under(self, prefix: str, name: str, filled: Callable[[], bytes]) -> Asset:
        key = f"{prefix}/{name}"
        kept = self._kept.get(key)
        if kept is None:
            kept = asset_of(filled(), name)
            if len(self._kept) < 2 * MOST_PREFIXES:
                self._kept[key] = kept
            else:
                # To compress it takes longer than anything else, and would be done each time.
                kept = Asset(kept.body, kept.media_type, kept.etag, is_compressed=False)
        return kept


def documents_of(app: Litestar) -> Documents:
    """Return the documents of an application; the first call builds them."""
    found: Documents | None = app.state.get(_KEY)
    if found is None:
        found = app.state[_KEY] = Documents(app)
    return found


def _filled(template: bytes, prefix: str) -> bytes:
    return template.replace(_PLACE.encode(), prefix.encode())
