r"""Half of a UTF-16 pair (`"\ud800"`) is JSON, but no character: every door refuses it, and none fails."""

from pathlib import Path
from urllib.parse import quote

import pytest

from tests.serving import Served, serving

pytestmark = pytest.mark.anyio

HALF = r'"\ud800"'
EVENT = '"event_date":"2030-01-01","city":"Olinda"'
BODIES: dict[str, list[str]] = {
    "POST /api/v1/eventos": ['{"title":%s,' + EVENT + "}", '{"title":"a","participants":[%s],' + EVENT + "}"],
    "PUT /api/v1/eventos/1": ['{"title":%s,' + EVENT + "}"],
    "PATCH /api/v1/eventos/1": ['{"title":%s}', '{"local_info":{"location_name":%s}}'],
    "POST /api/v1/eventos/lote": ['[{"title":%s,' + EVENT + "}]", "[%s]"],
    "POST /api/v1/eventos/exportar": ['{"format":%s}', '{"city":%s}', '{"q":%s}'],
    "POST /api/v1/session": ['{"token":%s}'],
    "POST /api/v1/tickets": ['{"reusable":true,"feeds":[%s]}', '{"reusable":true,"origin":%s}'],
    "POST /api/v1/users": ['{"name":%s,"role":"editor"}', '{"name":"ana","role":%s}'],
    "POST /api/v1/webhooks": ['{"url":%s,"feeds":["eventos"]}', '{"url":"https://a.example","feeds":[%s]}'],
    "POST /api/v1/calendars": ['{"filters":{"city":%s}}', '{"filters":{%s:"a"}}', '{"name":%s}'],
    "POST /api/v1/notifications/read": ['{"cursor":%s}', '{"upto":%s}'],
    "POST /api/v1/uploads/x/repairs": [
        '{"rows":[{"line":3,"cells":{"title":%s}}]}',
        '{"rows":[{"line":3,"cells":{%s:"a"}}]}',
        '{"rows":[{"line":3,"cells":{"title":"a"}}],"values":{"title":{%s:"a"}}}',
        '{"rows":[{"line":3,"cells":{}}],%s:1}',
    ],
}
OPTIONS = {
    "mapping": '{"title":%s}',
    "values": '{"city":{%s:"a"}}',
    "defaults": '{"city":%s}',
}
CSV = b"title,event_date,city\na,2030-01-01,Olinda\nb,soon,Olinda\n"


@pytest.fixture
async def served(tmp_path: Path):
    """A server with an event, and an import `x` with a rejected row."""
    async with serving(tmp_path, uploads_per_minute=1000) as running:
        async with running.client() as client:
            headers = {"Prefer": "wait=30"}
            sent = await client.post("/api/v1/uploads?upload_id=x", files={"file": CSV}, headers=headers)
            assert sent.json()["rejected"] == 1, sent.text
        yield running


async def test_no_body_with_half_a_character_is_taken_and_none_fails(served: Served) -> None:
    wrong = []
    async with served.client() as client:
        for door, forms in BODIES.items():
            method, path = door.split(" ")
            for form in [*forms, "%s", "[%s]", "{%s:1}"]:
                answer = await client.request(
                    method,
                    path,
                    content=form.replace("%s", HALF),
                    headers={"Content-Type": "application/json"},
                )
                if answer.status_code not in {400, 422}:
                    wrong.append((door, form, answer.status_code))
    assert wrong == []


async def test_no_option_with_half_a_character_is_taken_and_none_fails(served: Served) -> None:
    wrong = []
    async with served.client() as client:
        for name, form in OPTIONS.items():
            text = form.replace("%s", HALF)
            by_url = await client.post(f"/api/v1/uploads?{name}={quote(text)}", files={"file": CSV})
            by_form = await client.post("/api/v1/uploads", data={name: text}, files={"file": CSV})
            preview = await client.post(f"/api/v1/uploads/preview?{name}={quote(text)}", files={"file": CSV})
            wrong += [
                (name, answer.status_code, answer.text)
                for answer in (by_url, by_form, preview)
                if answer.status_code != 422
            ]
        assert (await client.get("/api/v1/eventos")).json()["total"] == 1
    assert wrong == []
