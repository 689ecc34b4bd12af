"""The calendar that programs poll: unchanged it costs a 304, and its address is read as every other."""

import gzip
import zlib
from pathlib import Path
from typing import Any

import httpx
import pytest
import vobject

from tests.serving import serving

pytestmark = pytest.mark.anyio

EVENTS = "/api/v1/eventos"
EVENT = {"title": "Festa", "event_date": "2027-06-24T18:00:00", "city": "Recife"}
OTHER = {**EVENT, "title": "Mostra", "city": "Olinda"}
CSV = b"title,event_date,city\na,2027-01-01,Recife\n"


async def stored(client: httpx.AsyncClient, *events: dict[str, Any]) -> list[int]:
    answers = [await client.post(EVENTS, json=event) for event in events]
    return [answer.raise_for_status().json()["id"] for answer in answers]


async def address(client: httpx.AsyncClient, **filters: str) -> str:
    made = await client.post("/api/v1/calendars", json={"filters": filters})
    url: str = made.raise_for_status().json()["url"]
    return "/eventos.ics?" + url.partition("?")[2]


async def imported(client: httpx.AsyncClient, content: bytes = CSV, **options: str) -> str:
    files = {"file": ("a.csv", content, "text/csv")}
    upload = (await client.post("/api/v1/uploads", files=files, params=options)).raise_for_status().json()
    name: str = upload["upload_id"]
    while (await client.get(f"/api/v1/uploads/{name}")).json()["status"] not in ("completed", "failed"):
        await client.get(f"/poll/upload/{name}", params={"wait": 1})
    return name


async def test_a_poll_of_an_unchanged_calendar_is_a_304_until_something_changes(
    client: httpx.AsyncClient,
) -> None:
    tags = []

    async def new_tag() -> str:
        """Return the tag of the calendar, which is another one than each before it, and answers 304."""
        answer = await client.get("/eventos.ics")
        assert answer.status_code == 200
        tag: str = answer.headers["ETag"]
        same = await client.get("/eventos.ics", headers={"If-None-Match": tag})
        assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", tag)
        assert tag not in tags
        tags.append(tag)
        return tag

    await new_tag()
    one, two = await stored(client, EVENT, OTHER)
    await new_tag()
    (await client.patch(f"{EVENTS}/{one}", json={"title": "Outra"})).raise_for_status()
    await new_tag()
    # What it was before, but not the same version.
    (await client.patch(f"{EVENTS}/{one}", json={"title": "Festa"})).raise_for_status()
    await new_tag()
    (await client.delete(f"{EVENTS}/{two}")).raise_for_status()
    await new_tag()
    (await client.post(f"{EVENTS}/lote", json=[EVENT, OTHER])).raise_for_status()
    await new_tag()
    upload = await imported(client)
    await new_tag()
    await imported(
        client, b"title,event_date,city,id\nFesta,2027-01-02,Recife,%d\n" % one, on_duplicate="update"
    )
    await new_tag()
    (await client.post(f"/api/v1/uploads/{upload}/undo")).raise_for_status()
    await new_tag()
    (await client.put(EVENTS, json=[EVENT])).raise_for_status()
    await new_tag()
    (await client.delete(EVENTS, params={"city": "Recife"})).raise_for_status()
    await new_tag()
    assert tags[0] != tags[-1]


async def test_what_changes_no_event_changes_no_tag(client: httpx.AsyncClient) -> None:
    await stored(client, EVENT)
    tag = (await client.get("/eventos.ics")).headers["ETag"]
    await imported(client, dry_run="true")
    await client.post("/api/v1/calendars", json={})
    assert (await client.get("/eventos.ics", headers={"If-None-Match": tag})).status_code == 304


async def test_calendars_of_other_filters_have_other_tags(client: httpx.AsyncClient) -> None:
    await stored(client, EVENT)
    urls = [
        "/eventos.ics",
        "/eventos.ics?city=Recife",
        "/eventos.ics?q=Recife",
        "/eventos.ics?from=2020-01-01",
    ]
    tags = {(await client.get(url)).headers["ETag"] for url in urls}
    assert len(tags) == len(urls)


async def test_a_tag_is_of_the_zone_in_which_the_times_are_written(tmp_path: Path) -> None:
    tags = []
    for zone in ("America/Recife", "Europe/Lisbon"):
        async with serving(tmp_path, timezone=zone) as served, served.client() as client:
            answer = await client.get("/eventos.ics")
            tags.append(answer.headers["ETag"])
            assert f"TZID:{zone}" in answer.text
    assert tags[0] != tags[1]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("accepted", [None, "gzip", "br, gzip;q=0.5", "gzip;q=0", "identity"])
async def test_a_calendar_is_compressed_where_that_is_accepted(
    client: httpx.AsyncClient, method: str, accepted: str | None
) -> None:
    await client.post(f"{EVENTS}/lote", json=[EVENT] * 600)
    plain = (await client.get("/eventos.ics", headers={"Accept-Encoding": "identity"})).content
    request = client.build_request(method, "/eventos.ics", headers={"Accept-Encoding": accepted or ""})
    answer = await client.send(request, stream=True)
    content = b"".join([part async for part in answer.aiter_raw()])
    await answer.aclose()
    is_compressed = accepted in ("gzip", "br, gzip;q=0.5")
    assert answer.headers.get("Content-Encoding") == ("gzip" if is_compressed else None)
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert answer.headers["ETag"].startswith("W/")
    if method == "HEAD":
        assert content == b""
    else:
        assert (gzip.decompress(content) if is_compressed else content) == plain
    if is_compressed and method == "GET":
        assert zlib.decompressobj(31).decompress(content[:200])
        assert len(content) * 5 < len(plain)


async def test_polls_that_are_answered_304_do_not_count(tmp_path: Path) -> None:
    async with serving(tmp_path) as server, server.client() as client:
        url = await address(client)
        tag = (await client.get(url)).headers["ETag"]
        for _ in range(40):
            assert (await client.get(url, headers={"If-None-Match": tag})).status_code == 304
        assert [(await client.get(url)).status_code for _ in range(30)] == [200] * 29 + [429]
        # One that has it all the same learns that nothing was changed.
        assert (await client.get(url, headers={"If-None-Match": tag})).status_code == 304


async def test_secrets_that_open_nothing_are_counted(client: httpx.AsyncClient) -> None:
    answers = [await client.get("/eventos.ics?key=fc_wrong") for _ in range(31)]
    assert [answer.status_code for answer in answers] == [401] * 30 + [429]


NAMES = [
    ({}, "FastTrack"),
    ({"city": "Recife"}, "FastTrack \u2013 Recife"),
    (
        {"city": "Recife", "q": "festa; ou, não", "venue_type": "Praça"},
        "FastTrack \u2013 Recife, Praça, festa; ou, não",
    ),
    ({"from": "2020-01-01"}, "FastTrack"),
]


@pytest.mark.parametrize(("filters", "name"), NAMES, ids=str)
async def test_a_calendar_is_named_by_what_it_is_of(
    client: httpx.AsyncClient, filters: dict[str, str], name: str
) -> None:
    await stored(client, EVENT)
    for answer in (
        await client.get("/eventos.ics", params=filters),
        await client.get(await address(client, **filters)),
    ):
        (line,) = [line for line in unfolded(answer.text) if line.startswith("X-WR-CALNAME:")]
        assert line.partition(":")[2] == name.replace(",", "\\,").replace(";", "\\;")
    assert vobject.readOne((await client.get("/eventos.ics")).text).vevent.dtstart.value.tzinfo


def unfolded(text: str) -> list[str]:
    return text.replace("\r\n ", "").split("\r\n")


REFUSED = {
    "Latin-1": "city=S%E3o%20Paulo",
    "too many": "&".join(f"a{n}=1" for n in range(101)),
    "many unknown": "&".join(f"a{n}=1" for n in range(65)),
    "unknown": "cidade=Recife",
    "twice": "city=a&city=b",
    "no date": "from=amanh%C3%A3",
}


@pytest.mark.parametrize("query", REFUSED.values(), ids=REFUSED)
async def test_an_address_refuses_the_parameters_that_the_list_refuses(
    client: httpx.AsyncClient, query: str
) -> None:
    url = await address(client)
    answers = [
        await client.get(f"{EVENTS}?{query}"),
        await client.get(f"/eventos.ics?{query}"),
        await client.get(f"{url}&{query}"),
    ]
    assert {answer.status_code for answer in answers} == {400}
    told = [{key: answer.json().get(key) for key in ("type", "title")} for answer in answers]
    assert told[1:] == told[:-1]
    codes = [[error["code"] for error in answer.json().get("errors", [])] for answer in answers]
    assert codes[1:] == codes[:-1]


@pytest.mark.parametrize("query", ["Latin-1", "too many"])
async def test_a_stranger_meets_no_error_of_the_server(tmp_path: Path, query: str) -> None:
    async with serving(tmp_path, auth="token") as server, server.client() as stranger:
        assert (await stranger.get(f"/eventos.ics?{REFUSED[query]}")).status_code == 400


TRACKED = ["fbclid=1", "gclid=x", "utm_source=mail&utm_campaign=a", "_=1", "fbclid="]


@pytest.mark.parametrize("query", TRACKED)
async def test_what_programs_add_to_a_shared_address_is_passed_over(
    client: httpx.AsyncClient, query: str
) -> None:
    await stored(client, EVENT)
    url = await address(client)
    answer = await client.get(f"{url}&{query}")
    assert (answer.status_code, "SUMMARY:Festa" in answer.text) == (200, True)
    # Elsewhere no name is passed over: a misspelt filter would show everything.
    assert (await client.get(f"/eventos.ics?{query}")).status_code == 400


@pytest.mark.parametrize("zone", ["America/Recife", "Europe/Lisbon", "UTC"])
async def test_a_downloaded_calendar_is_read_back_unchanged_by_a_server_of_another_zone(
    tmp_path: Path, zone: str
) -> None:
    dates = ["2025-07-01", "2025-07-01T10:00:00", "2018-12-01T23:30:00", "2025-07-01T10:00:00-03:00"]
    members = ("title", "event_date", "city")
    found = []
    async with serving(tmp_path / "one", timezone="America/Sao_Paulo") as one, one.client() as client:
        await stored(client, *[{**EVENT, "event_date": date} for date in dates])
        content = (await client.get(f"{EVENTS}/download?format=ics")).content
        found.append((await client.get(f"{EVENTS}?sort=id")).json()["items"])
    assert b"DTSTART;VALUE=DATE:20250701\r\n" in content
    assert b"DTSTART;TZID=America/Sao_Paulo:20181201T233000\r\n" in content
    async with serving(tmp_path / "two", timezone=zone) as two, two.client() as client:
        await imported(client, content)
        found.append((await client.get(f"{EVENTS}?sort=id")).json()["items"])
    first, second = ([{name: one[name] for name in members} for one in items] for items in found)
    assert second == first
