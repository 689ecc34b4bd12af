"""A calendar's secret address: shown once, read-only, revocable, limited."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving import Served, serving

pytestmark = pytest.mark.anyio

EVENT = {"title": "Festa", "event_date": "2027-06-24T18:00:00", "city": "Recife"}
OTHER = {"title": "Mostra", "event_date": "2027-06-25T18:00:00", "city": "Olinda"}


async def signed_in(server: Served) -> tuple[httpx.AsyncClient, Any]:
    """Return a client of a new editor, and the editor."""
    services = server.app.state["services"]
    token = await services.people.add("ana", "editor", actor="test")
    return server.client(token), services.people


async def test_a_calendar_address_serves_its_filtered_events_until_it_is_revoked(tmp_path: Path) -> None:
    async with serving(tmp_path, auth="token") as server, server.client() as stranger:
        ana, _ = await signed_in(server)
        async with ana:
            for event in (EVENT, OTHER):
                (await ana.post("/api/v1/eventos", json=event)).raise_for_status()
            made = await ana.post("/api/v1/calendars", json={"filters": {"city": "Recife"}})
            assert made.status_code == 201
            url = made.json()["url"]
            assert url.startswith(f"{server.url}/eventos.ics?key=fc_")
            calendar = await stranger.get(url)
            narrowed = await stranger.get(url, params={"key": url.partition("key=")[2], "q": "nothing"})
            listed = (await ana.get("/api/v1/calendars")).json()["items"]
            assert [one["id"] for one in listed] == [made.json()["id"]]
            assert "fc_" not in str(listed)
            revoked = await ana.delete(f"/api/v1/calendars/{made.json()['id']}")
            again = await ana.delete(f"/api/v1/calendars/{made.json()['id']}")
        gone = await stranger.get(url)
    assert calendar.headers["Content-Type"].startswith("text/calendar")
    assert "SUMMARY:Festa" in calendar.text
    assert "Mostra" not in calendar.text
    assert "SUMMARY" not in narrowed.text
    assert (revoked.status_code, again.status_code, gone.status_code) == (204, 404, 401)


SHOWN = [
    ({}, {"in"}),
    ({"city": "recife"}, {"in"}),
    ({"city": ""}, {"in"}),
    ({"city": "Olinda"}, None),
    ({"city": "Recife,Olinda"}, None),
    ({"q": "festa"}, {"in"}),
    ({"q": "mostra"}, None),
    ({"q": ""}, {"in"}),
    ({"venue_type": "museu"}, set()),
    ({"venue_type": "theater"}, None),
    ({"from": "2020-01-01"}, {"in"}),
    ({"to": "2030-01-01"}, {"in"}),
    ({"from": "2020-01-01", "to": "2030-01-01"}, {"in"}),
    ({"from": "2027-06-25"}, set()),
    ({"to": "2027-06-22"}, set()),
    ({"filters": "x"}, None),
]


@pytest.mark.parametrize(("parameters", "expected"), SHOWN, ids=str)
async def test_parameters_in_the_url_of_an_address_show_no_more_than_it_was_made_for(
    client: httpx.AsyncClient, parameters: dict[str, str], expected: set[str] | None
) -> None:
    day = "2027-06-23T18:00:00"
    events = {
        "in": {"title": "Festa in", "event_date": day, "city": "Recife"},
        "city": {"title": "Festa city", "event_date": day, "city": "Olinda"},
        "q": {"title": "Mostra q", "event_date": day, "city": "Recife"},
        "early": {"title": "Festa early", "event_date": "2027-01-01T18:00:00", "city": "Recife"},
        "late": {"title": "Festa late", "event_date": "2027-12-01T18:00:00", "city": "Recife"},
    }
    for event in events.values():
        (await client.post("/api/v1/eventos", json=event)).raise_for_status()
    filters = {"city": "Recife", "q": "festa", "from": "2027-06-01", "to": "2027-06-30"}
    made = await client.post("/api/v1/calendars", json={"filters": filters})
    key = made.json()["url"].partition("key=")[2]
    answer = await client.get("/eventos.ics", params={"key": key, **parameters})
    if expected is None:
        assert answer.status_code == 400
        (name,) = parameters
        assert [error["field"] for error in answer.json()["errors"]] == [name]
    else:
        assert answer.status_code == 200
        shown = {name for name, event in events.items() if f"SUMMARY:{event['title']}" in answer.text}
        assert shown == expected


async def test_the_secret_of_a_calendar_opens_nothing_else(tmp_path: Path) -> None:
    async with serving(tmp_path, auth="token") as server, server.client() as stranger:
        ana, _ = await signed_in(server)
        async with ana:
            url = (await ana.post("/api/v1/calendars", json={})).json()["url"]
        key = url.partition("key=")[2]
        answers = [
            await stranger.get("/api/v1/eventos", params={"key": key}),
            await stranger.get("/api/v1/calendars", headers={"Authorization": f"Bearer {key}"}),
            await stranger.get("/eventos.ics"),
            await stranger.post("/api/v1/eventos", json=EVENT, params={"key": key}),
        ]
    assert {answer.status_code for answer in answers} == {401}


async def test_an_address_that_opens_nothing_says_so_and_asks_for_no_password(tmp_path: Path) -> None:
    async with serving(tmp_path, auth="token") as server, server.client() as stranger:
        ana, people = await signed_in(server)
        async with ana:
            made = [(await ana.post("/api/v1/calendars", json={})).json() for _ in range(2)]
            await ana.delete(f"/api/v1/calendars/{made[0]['id']}")
        urls = [made[0]["url"], f"{server.url}/eventos.ics?key=fc_wrong", f"{server.url}/eventos.ics?key="]
        answers = [await stranger.get(url) for url in urls]
        await people.set_disabled("ana", disabled=True, actor="test")
        answers.append(await stranger.get(made[1]["url"]))
    assert {answer.status_code for answer in answers} == {401}
    assert not any("Basic" in answer.headers["WWW-Authenticate"] for answer in answers)
    # Nor does it say whether there was one.
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].json()["rule"] == "calendar_address"


async def test_a_calendar_address_has_a_rate_limit(tmp_path: Path) -> None:
    async with serving(tmp_path, auth="token") as server, server.client() as stranger:
        ana, _ = await signed_in(server)
        async with ana:
            url = (await ana.post("/api/v1/calendars", json={})).json()["url"]
        answers = [await stranger.get(url) for _ in range(31)]
    assert [answer.status_code for answer in answers] == [200] * 30 + [429]
    assert int(answers[-1].headers["Retry-After"]) >= 1


FAULTY = [
    ({"filters": {"citty": "x"}}, [("filters.citty", "unknown_member", "city")]),
    ({"foo": 1}, [("foo", "unknown_member", None)]),
    ({"filters": {"q": 5}, "foo": 1}, [("foo", "unknown_member", None), ("filters.q", "invalid_type", None)]),
    ({"filters": {"from": "abc"}}, [("filters.from", "invalid_date", None)]),
]


@pytest.mark.parametrize(("body", "expected"), FAULTY, ids=str)
async def test_each_fault_of_a_new_address_has_its_field_and_code(tmp_path: Path, body, expected) -> None:
    async with serving(tmp_path) as server, server.client() as client:
        answer = await client.post("/api/v1/calendars", json=body)
    assert answer.status_code == 422
    found = [(error["field"], error["code"], error["suggestion"]) for error in answer.json()["errors"]]
    assert found == expected


@pytest.mark.parametrize(
    "body",
    [
        {"filters": {"sort": "id"}},
        {"filters": {"city": 5}},
        {"filters": {"city": ""}},
        {"filters": {"city": "Recife", "from": ""}},
        {"filter": {}},
        [],
        {"filters": []},
        {"filters": {"from": "amanhã"}},
    ],
)
async def test_an_unknown_filter_of_a_calendar_is_refused(body: Any, client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/calendars", json=body)
    assert answer.status_code in {400, 422}
    assert answer.json()["errors"]


async def test_notifications_are_read_up_to_a_mark_that_every_device_sees(client: httpx.AsyncClient) -> None:
    for count in (1, 2):
        (await client.post("/api/v1/eventos/lote", json=[EVENT] * count)).raise_for_status()
    assert (await client.get("/api/v1/notifications/read")).json() == {"cursor": None}
    head = (await client.get("/poll/admin", params={"replay": "none", "wait": 0})).json()["cursor"]
    epoch, seq = head.split(".")[0], int(head.split(".")[1])
    # Another device may tell late what it has read before.
    for told, kept in ((1, 1), (seq, seq), (1, seq)):
        marked = await client.post("/api/v1/notifications/read", json={"cursor": f"{epoch}.{told}"})
        assert marked.json() == {"cursor": f"{epoch}.{kept}"}
    odd = (
        {"cursor": "no cursor"},
        {},
        {"cursor": 7},
        [],
        {"cursor": f"{epoch}.{seq + 1}"},
        {"cursor": "abcd.1"},
    )
    for body in odd:
        answer = await client.post("/api/v1/notifications/read", json=body)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "invalid_cursor")
    assert (await client.get("/api/v1/notifications/read")).json() == {"cursor": f"{epoch}.{seq}"}


async def test_the_newest_notifications_come_with_the_mark_in_one_answer(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/notifications")).json() == {"items": [], "read": None}
    for count in (1, 2):
        answer = await client.post("/api/v1/eventos/lote", json=[EVENT] * count)
        assert answer.is_success, answer.text
    newest = (await client.get("/api/v1/notifications")).json()["items"][0]["id"]
    (await client.post("/api/v1/notifications/read", json={"cursor": newest})).raise_for_status()
    told = (await client.get("/api/v1/notifications")).json()
    assert told["read"] == newest
    assert [one["params"]["count"] for one in told["items"]] == [2, 1]
    feed = (await client.get("/poll/admin", params={"replay": "all", "wait": 0})).json()["messages"]
    assert told["items"][::-1] == [one for one in feed if one["type"] == "notification"]


async def test_cities_are_found_without_case_and_accents(client: httpx.AsyncClient) -> None:
    for city in ("São Paulo", "São Paulo", "Recife", "Santos"):
        (await client.post("/api/v1/eventos", json={**EVENT, "city": city})).raise_for_status()
    found = (await client.get("/api/v1/eventos/cidades", params={"q": "sao"})).json()
    every = (await client.get("/api/v1/eventos/cidades")).json()
    assert found == {"items": [{"city": "São Paulo", "count": 2}]}
    assert [one["city"] for one in every["items"]] == ["São Paulo", "Recife", "Santos"]


async def test_cities_are_found_by_plain_letters(client: httpx.AsyncClient) -> None:
    for city in ("Łódź", "Gießen", "København"):
        (await client.post("/api/v1/eventos", json={**EVENT, "city": city})).raise_for_status()
    for q, city in {"lodz": "Łódź", "GIESSEN": "Gießen", "benhavn ": "København", "ŁÓ": "Łódź"}.items():
        found = (await client.get("/api/v1/eventos/cidades", params={"q": q})).json()
        assert found == {"items": [{"city": city, "count": 1}]}


async def test_an_address_takes_its_city_in_plain_letters(client: httpx.AsyncClient) -> None:
    made = await client.post("/api/v1/calendars", json={"filters": {"city": "Łódź"}})
    url = made.raise_for_status().json()["url"]
    for city, status in {"lodz": 200, "ŁÓDŹ ": 200, "Lod": 400, "lodz" + "\u0301" * 31: 400}.items():
        assert (await client.get(url, params={**httpx.URL(url).params, "city": city})).status_code == status


@pytest.mark.parametrize("second", ["key=x", "key=", "%6Bey=x"])
async def test_an_address_with_two_keys_is_refused(client: httpx.AsyncClient, second: str) -> None:
    url = (await client.post("/api/v1/calendars", json={})).json()["url"]
    assert (await client.get(url)).status_code == 200
    path, _, key = url.partition("?")
    for query in (f"{key}&{second}", f"{second}&{key}"):
        answer = await client.get(f"{path}?{query}")
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "repeated")
        assert key.partition("=")[2] not in answer.text
