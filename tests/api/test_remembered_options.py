"""What worked for a file is proposed for the next one with its header, to everyone of the server."""

import json

import pytest

from tests.serving import serving

pytestmark = pytest.mark.anyio

UPLOADS = "/api/v1/uploads"
FILE = "Nome da coisa;Dia;Lugar\nA;03/04/2025;Recife\n"
NEXT = "NOME DA COISA;dia;Lugar\nB;05/06/2025;Olinda\n"
OTHER_ORDER = "Dia;Nome da coisa;Lugar\n05/06/2025;B;Olinda\n"
OPTIONS = {
    "mapping": json.dumps({"title": "Nome da coisa", "event_date": "#2", "city": "Lugar"}),
    "date_format": "dmy",
    "values": json.dumps({"city": {"Rec": "Recife"}}),
}
KEPT = {name: json.loads(text) if name != "date_format" else text for name, text in OPTIONS.items()}


def file(text):
    return {"file": ("a.csv", text.encode())}


async def imported(http, text=FILE, **params):
    answer = await http.post(
        UPLOADS, params={**OPTIONS, **params}, files=file(text), headers={"Prefer": "wait=30"}
    )
    return answer.json()


async def remembered(http, text=NEXT):
    answer = await http.post(f"{UPLOADS}/preview", files=file(text))
    assert answer.status_code == 200, answer.text
    return answer.json()["remembered"]


async def test_the_next_file_with_the_same_header_gets_the_remembered_options(tmp_path):
    async with serving(tmp_path) as served, served.client() as http:
        assert await remembered(http) is None
        assert (await imported(http))["accepted"] == 1
        assert await remembered(http) == {**KEPT, "defaults": None}
        assert await remembered(http, OTHER_ORDER) is None
        await http.post(UPLOADS, params={"upload_id": "x", "stage": "true"}, files=file(NEXT))
        staged = (await http.get(f"{UPLOADS}/x/preview")).json()
        assert staged["remembered"]["mapping"] == KEPT["mapping"]
        done = await http.post(
            f"{UPLOADS}/x/import", json=staged["remembered"], headers={"Prefer": "wait=30"}
        )
        assert done.json()["accepted"] == 1


@pytest.mark.parametrize(
    ("text", "params"),
    [
        (FILE, {"dry_run": "true"}),
        (FILE + "C;31/31/2025;Recife\n", {"mode": "atomic"}),
        (FILE.replace("2025", "20"), {"date_format": "iso"}),
    ],
    ids=["a dry run", "an atomic import that failed", "nothing went in"],
)
async def test_options_of_an_import_without_stored_rows_are_not_remembered(tmp_path, text, params):
    async with serving(tmp_path) as served, served.client() as http:
        await imported(http, text, **params)
        assert await remembered(http) is None
