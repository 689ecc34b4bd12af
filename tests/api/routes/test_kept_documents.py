"""Documents are built once and compressed once, whatever prefixes are made up."""

from pathlib import Path

import pytest

from api.app import create_app
from api.routes import kept_documents
from api.routes.kept_documents import MOST_PREFIXES, Documents, documents_of
from api.settings import Settings
from tests.serving import serving

PATHS = ("/schema", "/schema/openapi.json", "/asyncapi.json")


@pytest.fixture
def documents(tmp_path: Path) -> Documents:
    return documents_of(create_app(Settings(data_dir=tmp_path)))


def test_a_document_is_kept_under_its_prefix(documents: Documents) -> None:
    assert documents.openapi("") is documents.openapi("")
    assert b'"servers":[{"url":"/"}]' in documents.openapi("").body
    assert b'"servers":[{"url":"/a"}]' in documents.openapi("/a").body
    assert b'href="/a/schema/openapi.json"' in documents.page("/a").body
    assert documents.page("").media_type == "text/html"


def test_made_up_prefixes_are_neither_kept_nor_compressed(documents: Documents) -> None:
    kept = documents.openapi("")
    for number in range(3 * MOST_PREFIXES):
        assert f"/p{number}".encode() in documents.openapi(f"/p{number}").body
    assert documents.openapi("/new") is not documents.openapi("/new")
    assert not documents.openapi("/new").is_compressed
    assert documents.openapi("") is kept


@pytest.mark.anyio
@pytest.mark.parametrize("path", PATHS)
async def test_a_document_is_built_once_and_has_a_tag(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(tmp_path) as served, served.client() as client:
        first = await client.get(path, headers={"Accept-Encoding": "identity"})
        monkeypatch.delattr(kept_documents, "build_document")
        monkeypatch.delattr(kept_documents, "build_asyncapi")
        packed = await client.get(path, headers={"Accept-Encoding": "br"})
        known = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (first.status_code, packed.status_code, known.status_code) == (200, 200, 304)
    assert (packed.headers["content-encoding"], first.headers["cache-control"]) == ("br", "no-cache")
    assert int(packed.headers["content-length"]) < len(first.content) / 4
    assert packed.content == first.content
    assert known.headers["etag"] == first.headers["etag"]
    # One tag for the bytes in each coding: RFC 9110 §8.8.3.3.
    assert first.headers["etag"].startswith('W/"')
