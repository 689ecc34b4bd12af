from pathlib import Path

import pytest

from tests.serving import serving

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/", "text/html"),
        ("/diagnose", "text/html"),
        ("/client/fasttrack.js", "text/javascript"),
        ("/static/page/main.js", "text/javascript"),
        ("/static/page/base.css", "text/css"),
        ("/favicon.ico", "image/svg+xml"),
    ],
)
async def test_a_file_of_the_page_is_sent_once_and_then_known(
    path: str, media_type: str, tmp_path: Path
) -> None:
    async with serving(tmp_path) as server, server.client() as client:
        first = await client.get(path)
        again = await client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert first.status_code == 200
    assert first.headers["Content-Type"].startswith(media_type)
    assert first.headers["Content-Security-Policy"].startswith("default-src 'self';")
    assert (again.status_code, again.content) == (304, b"")


async def test_no_path_leaves_the_folder_of_the_page(tmp_path: Path) -> None:
    paths = ["/client/%2e%2e", "/client/..%2fapp.py", "/static/page/..%2f..%2fapp.py", "/static/../app.py"]
    async with serving(tmp_path) as server, server.client() as client:
        answers = [await client.get(path) for path in [*paths, "/client/none.js", "/static/page/none.js"]]
    assert {answer.status_code for answer in answers} == {404}


def test_no_page_has_script_or_style_of_its_own() -> None:
    for page in Path("api/static").rglob("*.html"):
        text = page.read_text()
        assert "style=" not in text
        assert "<style" not in text
        assert " onclick" not in text
        assert all("src=" in tag for tag in text.split("<script")[1:])
