"""Every path reads the query of its URL without an error of the server, whatever is in it."""

import re
from pathlib import Path

import pytest

from tests.api.security.test_guards import declared
from tests.serving import serving

pytestmark = pytest.mark.anyio

QUERIES = {
    "65 parameters": "&".join(f"a{n}=1" for n in range(65)),
    "1001 parameters": "&".join(f"a{n}=1" for n in range(1001)),
    "65 times one": "&".join(["city=Recife"] * 65),
    "65 keys": "&".join(["key=fc_x"] * 65),
    "Latin-1": "city=S%E3o%20Paulo&key=fc_x",
    "bytes": "%FF=%FE&key=%80",
    "no names": "&&=&==&;",
}


@pytest.mark.parametrize("auth", ["open", "token"])
@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
async def test_no_query_is_an_error_of_the_server(tmp_path: Path, auth: str, query: str) -> None:
    templates = sorted({name.split(" ")[1] for name in declared() if name.startswith("GET ")})
    wrong = {}
    async with serving(tmp_path, auth=auth) as served, served.client() as client:
        for template in templates:
            wait = "wait=0&" if template.startswith("/poll") else ""
            path = re.sub(r"\{\w+\}", "1", template)
            async with client.stream("GET", f"{path}?{wait}{query}") as answer:
                if answer.status_code >= 500:
                    wrong[path] = answer.status_code
    assert wrong == {}
