import re
from pathlib import Path

import pytest

from api.http.assets import built, files, name_of
from tests.serving import serving

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/", "text/html"),
        ("/diagnose", "text/html"),
        ("/client/fasttrack.js", "text/javascript"),
        ("/static/page/main.js", "text/javascript"),
        (f"/assets/{name_of('app', 'js')}", "text/javascript"),
        (f"/assets/{name_of('style', 'css')}", "text/css"),
        (f"/assets/{name_of('icon', 'svg')}", "image/svg+xml"),
        ("/static/page/base.css", "text/css"),
        ("/favicon.ico", "image/svg+xml"),
    ],
)
async def test_a_file_of_the_page_is_answered_304_when_unchanged(
    path: str, media_type: str, tmp_path: Path
) -> None:
    async with serving(tmp_path) as server, server.client() as client:
        first = await client.get(path)
        again = await client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert first.status_code == 200
    assert first.headers["Content-Type"].startswith(media_type)
    assert first.headers["Content-Security-Policy"].startswith("default-src 'self';")
    assert (again.status_code, again.content) == (304, b"")


async def test_no_path_reaches_files_outside_the_folder_of_the_page(tmp_path: Path) -> None:
    paths = ["/client/%2e%2e", "/client/..%2fapp.py", "/static/page/..%2f..%2fapp.py", "/static/../app.py"]
    async with serving(tmp_path) as server, server.client() as client:
        answers = [await client.get(path) for path in [*paths, "/client/none.js", "/static/page/none.js"]]
    assert {answer.status_code for answer in answers} == {404}


def test_no_page_has_inline_script_or_style() -> None:
    pages = [*(Path(__file__).parents[3] / "api" / "static").rglob("*.html")]
    assert pages
    for page in pages:
        text = page.read_text()
        assert "style=" not in text
        assert "<style" not in text
        assert " onclick" not in text
        assert all("src=" in tag for tag in text.split("<script")[1:])


async def test_assets_named_by_their_hash_are_immutable(tmp_path: Path) -> None:
    async with serving(tmp_path) as server, server.client() as client:
        page = (await client.get("/")).text
        named = re.findall(r'"(/assets/[^"]+)"', page)
        answers = [await client.get(path) for path in named]
        gone = await client.get("/assets/app.0000000000000000.js")
    assert len(set(named)) == 2
    for answer in answers:
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert gone.status_code == 404


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("identity", None),
        ("br; q=0", None),
    ],
)
async def test_a_script_is_compressed_as_the_browser_accepts(
    accepted: str, coding: str | None, tmp_path: Path
) -> None:
    path = f"/assets/{name_of('app', 'js')}"
    headers = {"Accept-Encoding": accepted}
    async with (
        serving(tmp_path) as server,
        server.client() as client,
        client.stream("GET", path, headers=headers) as answer,
    ):
        raw = b"".join([chunk async for chunk in answer.aiter_raw()])
    assert answer.headers.get("Content-Encoding") == coding
    assert answer.headers["Vary"] == "Accept-Encoding"
    asset = built()[path.rpartition("/")[2]]
    assert raw == {"br": asset.brotli, "gzip": asset.gzip, None: asset.body}[coding]
    assert len(raw) < 0.5 * len(asset.body) or coding is None


async def test_the_page_contains_the_signed_in_user_and_the_theme(tmp_path: Path) -> None:
    async with serving(tmp_path / "open") as server, server.client() as client:
        known = await client.get("/", headers={"Cookie": "ft_theme=dark"})
        odd = await client.get("/", headers={"Cookie": 'ft_theme="><script>'})
    async with serving(tmp_path / "closed", auth="token") as server, server.client() as client:
        stranger = await client.get("/")
    assert "&quot;user&quot;:&quot;local&quot;" in known.text
    assert 'data-theme="dark"' in known.text
    assert "data-theme" not in odd.text
    assert 'data-who=""' in stranger.text
    assert known.headers["Cache-Control"] == "private, no-cache"


def test_every_module_of_the_page_is_bundled() -> None:
    joined = built()[name_of("app", "js")].body.decode() + built()[name_of("diagnose", "js")].body.decode()
    for path, asset in files().items():
        if path.endswith(".js") and path != "client/types.js":
            last = asset.body.decode().rstrip().splitlines()[-1]
            assert last.removeprefix("export ") in joined, path


@pytest.mark.parametrize(
    ("accept", "path", "media_type"),
    [
        ("text/html,application/xhtml+xml,*/*;q=0.8", "/nowhere", "text/html"),
        ("text/html", "/api/v1/nowhere", "application/problem+json"),
        ("application/json, text/html", "/nowhere", "application/problem+json"),
        ("*/*", "/nowhere", "application/problem+json"),
    ],
)
async def test_a_404_is_a_page_for_browsers_and_a_problem_for_programs(
    accept: str, path: str, media_type: str, tmp_path: Path
) -> None:
    async with serving(tmp_path) as server, server.client() as client:
        answer = await client.get(path, headers={"Accept": accept})
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith(media_type)


@pytest.mark.parametrize("path", ["/", "/favicon.ico", "/client/fasttrack.js"])
async def test_a_page_is_not_sent_again_to_who_has_it(client, path):
    tag = (await client.get(path)).headers["etag"]
    for known in ([("If-None-Match", "*")], [("If-None-Match", '"x"'), ("If-None-Match", f"W/{tag}")]):
        answer = await client.get(path, headers=known)
        assert (answer.status_code, answer.content) == (304, b"")
    for other in ('"x"', f'"{tag[1:5]}"', tag[:-2]):
        assert (await client.get(path, headers={"If-None-Match": other})).status_code == 200
