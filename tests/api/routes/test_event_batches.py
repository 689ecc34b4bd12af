import csv
import io
import json
from codecs import BOM_UTF8

import pytest

pytestmark = pytest.mark.anyio

EVENTS = "/api/v1/eventos"


def event(number: int, **members: object) -> dict:
    return {"title": f"Evento {number}", "event_date": "2026-01-01T10:00:00", "city": "Recife", **members}


async def test_a_valid_batch_is_stored_whole(client):
    answer = await client.post(f"{EVENTS}/lote", json=[event(n) for n in range(120)])
    batch = answer.json()
    assert (answer.status_code, batch["count"]) == (201, 120)
    assert [one["id"] for one in batch["items"]] == list(range(batch["first_id"], batch["last_id"] + 1))
    assert (await client.get(f"{EVENTS}/{batch['last_id']}")).json() == batch["items"][-1]


async def test_one_invalid_event_refuses_the_batch_and_its_index_is_reported(client):
    answer = await client.post(f"{EVENTS}/lote", json=[event(0), event(1, title=""), 7, event(3, city=None)])
    assert answer.status_code == 422
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [
        ("[1].title", "required"),
        ("[2]", "invalid_type"),
        ("[3].city", "required"),
    ]
    assert (await client.get(EVENTS)).json()["total"] == 0


async def test_a_batch_is_bounded(serving):
    async with serving(max_batch_events=3) as client:
        assert (await client.post(f"{EVENTS}/lote", json=[event(n) for n in range(4)])).status_code == 413
        assert (await client.post(f"{EVENTS}/lote", json=[event(n) for n in range(3)])).status_code == 201
        assert (await client.post(f"{EVENTS}/lote", json=[])).json()["count"] == 0


async def test_replace_all_removes_all_other_events(client):
    await client.post(f"{EVENTS}/lote", json=[event(n) for n in range(5)])
    replaced = await client.put(EVENTS, json=[event(7), event(8)])
    assert (replaced.status_code, replaced.json()["count"]) == (200, 2)
    titles = [one["title"] for one in (await client.get(EVENTS)).json()["items"]]
    assert titles == ["Evento 7", "Evento 8"]


async def test_a_wrong_array_replaces_nothing(client):
    await client.post(EVENTS, json=event(1))
    assert (await client.put(EVENTS, json=[event(2), {}])).status_code == 422
    assert (await client.get(EVENTS)).json()["total"] == 1


async def test_delete_removes_only_matching_events_and_refuses_misspelt_or_empty_filters(client):
    await client.post(f"{EVENTS}/lote", json=[event(1), event(2, city="Olinda"), event(3, city="Olinda")])
    assert (await client.delete(EVENTS, params={"citty": "Olinda"})).status_code == 400
    for empty in ({"city": ""}, {"q": ""}, {"city": "Olinda", "to": ""}):
        assert (await client.delete(EVENTS, params=empty)).json()["errors"][0]["code"] == "required"
    assert (await client.delete(EVENTS, params={"city": "Olinda"})).json() == {"deleted": 2}
    assert (await client.delete(EVENTS)).json() == {"deleted": 1}


BLANK = [
    " ",
    "\u00a0\u3000",
    "\u0301",
    " \u0301",
    "\u0362\u0300",
    "\u0340",
    "\u034f",
    "\u00b4",
    "\u00a8 \u0308",
]
"""Nothing is left of these when case, accents and outer blanks are taken away."""


@pytest.mark.parametrize("blank", BLANK, ids=ascii)
@pytest.mark.parametrize("name", ["q", "city", "venue_type", "upload_id"])
async def test_a_filter_that_folds_to_nothing_is_refused_wherever_filters_are_read(client, name, blank):
    await client.post(EVENTS, json=event(1))
    made = await client.post("/api/v1/calendars", json={"filters": {}})
    key = made.json()["url"].partition("key=")[2]
    answers = [
        await client.get(EVENTS, params={name: blank}),
        await client.delete(EVENTS, params={name: blank}),
        await client.delete(EVENTS, params={name: blank, "from": "2000-01-01"}),
        await client.get(f"{EVENTS}/download", params={name: blank}),
        await client.get("/eventos.ics", params={name: blank}),
        await client.get("/eventos.ics", params={name: blank, "key": key}),
    ]
    if name == "q":
        answers.append(await client.get(f"{EVENTS}/cidades", params={name: blank}))
    told = [(answer.status_code, answer.json().get("errors", [{}])[0].get("code")) for answer in answers]
    assert told == [(400, "required")] * len(answers)
    if name != "upload_id":
        refused = await client.post("/api/v1/calendars", json={"filters": {name: blank}})
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "required")
    assert (await client.get(EVENTS)).json()["total"] == 1


async def test_an_empty_filter_has_no_effect_on_reading(client):
    await client.post(EVENTS, json=event(1))
    assert (await client.get(f"{EVENTS}?q=&city=&from=")).json()["total"] == 1


async def test_what_a_download_refuses_names_what_there_is(client):
    (error,) = (await client.get(f"{EVENTS}/download?format=csv&lang=fr")).json()["errors"]
    assert error["message"] == "lang must be one of pt, en, not fr"


async def test_download_has_exactly_the_documented_members(client):
    venue = {
        "location_name": "Auditório",
        "capacity": 3,
        "venue_type": "Auditório",
        "is_accessible": True,
        "address": "Rua 1",
        "past_events": ["A"],
        "manually_edited": False,
    }
    whole = [
        event(1, description="d", participants=["Ana"], local_info=venue),
        event(2, description="", participants=[], local_info=None, event_date="2026-01-01T10:00:00+02:00"),
    ]
    await client.post(f"{EVENTS}/lote", json=whole)
    answer = await client.get(f"{EVENTS}/download")
    assert answer.headers["content-disposition"] == 'attachment; filename="eventos.json"'
    assert answer.json() == whole
    lines = (await client.get(f"{EVENTS}/download?format=ndjson")).text.splitlines()
    assert [json.loads(line) for line in lines] == whole


async def test_downloads_of_an_empty_store_are_whole_files(client):
    for form, text in (("json", "[]"), ("ndjson", ""), ("csv", "\ufefftitle,")):
        answer = await client.get(f"{EVENTS}/download", params={"format": form})
        assert answer.status_code == 200
        assert answer.text.startswith(text), form
    assert (await client.get(f"{EVENTS}/download?format=ics")).text.endswith("END:VCALENDAR\r\n")


async def test_csv_guards_formulas_and_changes_nothing_else(client):
    cells = ["=1+1", "+1", "-1", "@x", "fine", "'quoted", "'=1"]
    await client.post(f"{EVENTS}/lote", json=[event(n, description=cell) for n, cell in enumerate(cells)])
    content = (await client.get(f"{EVENTS}/download?format=csv")).content
    text = content.removeprefix(BOM_UTF8).decode()
    read = [row["description"] for row in csv.DictReader(io.StringIO(text))]
    assert read == ["'=1+1", "'+1", "'-1", "'@x", "fine", "'quoted", "''=1"]


async def test_download_applies_filters_and_refuses_unknown_ones(client):
    await client.post(f"{EVENTS}/lote", json=[event(1), event(2, city="Olinda")])
    olinda = await client.get(f"{EVENTS}/download", params={"city": "olinda"})
    assert [one["title"] for one in olinda.json()] == ["Evento 2"]
    for query in ("format=docx", "limit=5", "from=x", "lang=fr", "format=csv&delimiter=x"):
        assert (await client.get(f"{EVENTS}/download?{query}")).status_code == 400


async def test_head_of_a_download_has_no_body(client):
    await client.post(EVENTS, json=event(1))
    head = await client.head(f"{EVENTS}/download")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == "application/json"


async def test_a_download_whose_client_disconnects_leaves_nothing_open(client):
    for _ in range(3):
        await client.post(f"{EVENTS}/lote", json=[event(n, description="x" * 4000) for n in range(1000)])
    for _ in range(20):
        async with client.stream("GET", f"{EVENTS}/download") as answer:
            await answer.aiter_raw().__anext__()
    # Every snapshot is back: there are fewer readers than downloads that were left.
    assert (await client.get(EVENTS)).json()["total"] == 3000
    assert len((await client.get(f"{EVENTS}/download")).json()) == 3000
