import gzip

import httpx
import pytest

pytestmark = pytest.mark.anyio

EVENTS = "/api/v1/eventos"
FESTA = {
    "title": "Festa Junina",
    "description": "Forró",
    "event_date": "2026-06-24T18:00:00",
    "city": "Recife",
    "participants": ["Ana", "Bob"],
    "local_info": {"location_name": "Marco Zero", "capacity": 900},
}


async def created(client: httpx.AsyncClient, **members: object) -> dict:
    answer = await client.post(EVENTS, json={**FESTA, **members})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_create_returns_the_event_its_location_and_its_etag(client):
    answer = await client.post(EVENTS, json=FESTA)
    event = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{EVENTS}/{event['id']}"
    assert answer.headers["etag"]
    assert event["local_info"] == {
        "location_name": "Marco Zero",
        "capacity": 900,
        "venue_type": None,
        "is_accessible": False,
        "address": None,
        "past_events": [],
        "manually_edited": False,
    }
    assert (await client.get(answer.headers["location"])).json() == event


async def test_all_errors_of_a_body_are_reported_at_once_with_their_codes(client):
    answer = await client.post(
        EVENTS, json={"title": "", "event_date": "24/06/2026", "local_info": {"capacity": -5}, "x": 1}
    )
    problem = answer.json()
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert {(error["field"], error["code"]) for error in problem["errors"]} == {
        ("x", "unknown_member"),
        ("title", "required"),
        ("event_date", "invalid_date"),
        ("city", "required"),
        ("local_info.location_name", "required"),
        ("local_info.capacity", "out_of_range"),
    }
    assert (await client.get(EVENTS)).json()["total"] == 0


@pytest.mark.parametrize(
    ("body", "content_type", "status", "kind"),
    [
        (b"{", "application/json", 400, "invalid-json"),
        (b'{"title":"a","title":"b"}', "application/json", 400, "invalid-json"),
        (b"\xff", "application/json", 400, "invalid-json"),
        (b"[" * 100_000, "application/json", 400, "invalid-json"),
        (b"[]", "application/json", 422, "validation"),
        (b"null", "application/json", 422, "validation"),
        (b"title=a", "application/x-www-form-urlencoded", 415, "unsupported-media-type"),
        (b"{}", "application/json; charset=utf-16", 415, "unsupported-media-type"),
        (b" " * 2_000_000, "application/json", 413, "too-large"),
    ],
)
async def test_a_body_that_is_not_an_event_is_refused_with_a_fitting_error(
    serving, body, content_type, status, kind
):
    async with serving(max_body_bytes=1_000_000) as client:
        answer = await client.post(EVENTS, content=body, headers={"Content-Type": content_type})
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{kind}")


async def test_a_change_with_an_old_version_is_refused(client):
    event = await created(client)
    # Whoever has the event, of a list too, has its tag.
    path, tag = f"{EVENTS}/{event['id']}", f'"{event["id"]}-1-{event["updated_at"]}"'
    changed = await client.patch(path, json={"title": "Nova"}, headers={"If-Match": f'"other", {tag}'})
    assert changed.status_code == 200
    for method, body in (("PATCH", {"title": "Velha"}), ("PUT", FESTA), ("DELETE", None)):
        stale = await client.request(method, path, json=body, headers={"If-Match": tag})
        assert stale.status_code == 412, method
    assert (
        await client.patch(path, json={"title": "W"}, headers={"If-Match": f"W/{tag}"})
    ).status_code == 412
    assert (await client.patch(path, json={"city": "Olinda"}, headers={"If-Match": "*"})).status_code == 200
    assert (await client.get(path)).json()["title"] == "Nova"


async def test_get_answers_304_for_a_known_version(client):
    event = await created(client)
    path = f"{EVENTS}/{event['id']}"
    tag = (await client.get(path)).headers["etag"]
    for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        answer = await client.get(path, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content) == (304, b""), known
    assert (await client.get(path, headers={"If-None-Match": '"x"'})).status_code == 200


async def test_patch_merges_the_venue_and_null_removes(client):
    event = await created(client)
    path = f"{EVENTS}/{event['id']}"
    merged = await client.patch(path, json={"local_info": {"address": "Rua 1", "capacity": None}})
    assert merged.json()["local_info"] | {} == {
        **event["local_info"],
        "address": "Rua 1",
        "capacity": 1,
    }
    removed = await client.patch(path, json={"local_info": None, "description": None})
    assert (removed.json()["local_info"], removed.json()["description"]) == (None, "")
    required = await client.patch(path, json={"title": None, "nope": 1})
    assert {(e["field"], e["code"]) for e in required.json()["errors"]} == {
        ("title", "required"),
        ("nope", "unknown_member"),
    }


async def test_an_event_may_be_put_as_it_was_read_but_not_with_another_id(client):
    event = await created(client)
    path = f"{EVENTS}/{event['id']}"
    assert (await client.put(path, json={**event, "city": "Olinda"})).json()["city"] == "Olinda"
    other = await client.patch(path, json={"id": event["id"] + 1})
    assert other.status_code == 422
    assert other.json()["errors"][0]["code"] == "read_only"


async def test_a_put_of_equal_values_does_not_raise_the_version(client):
    event = await created(client)
    same = await client.put(f"{EVENTS}/{event['id']}", json=FESTA)
    assert same.json() == event


async def test_put_sets_absent_members_to_their_defaults(client):
    event = await created(client)
    bare = {name: FESTA[name] for name in ("title", "event_date", "city")}
    replaced = (await client.put(f"{EVENTS}/{event['id']}", json=bare)).json()
    assert (replaced["participants"], replaced["local_info"], replaced["version"]) == ([], None, 2)


@pytest.mark.parametrize("event_id", ["0", "99", "-1", "1.0", "x", "\uff11", "9" * 30, "%00", "1_0"])
async def test_an_id_without_an_event_is_not_found(client, event_id):
    await created(client)
    for method in ("GET", "DELETE"):
        answer = await client.request(method, f"{EVENTS}/{event_id}")
        assert answer.status_code == 404, method


async def test_a_deleted_event_is_gone_and_its_id_is_never_reused(client):
    event = await created(client)
    path = f"{EVENTS}/{event['id']}"
    assert (await client.delete(path)).status_code == 204
    assert (await client.delete(path)).status_code == 404
    assert (await created(client))["id"] > event["id"]


async def test_pages_have_no_gap_or_repeat(client):
    for number in range(7):
        await created(client, title=f"Evento {number}", event_date=f"2026-01-0{7 - number}")
    for sort in ("id", "-id", "event_date", "-event_date", "title"):
        seen, url = [], f"{EVENTS}?limit=3&sort={sort}&city=recife"
        while url:
            page = await client.get(url)
            assert page.json()["total"] == 7
            seen += [event["id"] for event in page.json()["items"]]
            url = page.links["next"]["url"] if "next" in page.links else None
        assert sorted(seen) == list(range(1, 8)), sort
        assert (seen == sorted(seen)) is (sort in ("id", "title", "-event_date"))


async def test_a_page_in_the_middle_of_a_list_leads_on_from_there(client):
    for _ in range(7):
        await created(client)
    page = await client.get(EVENTS, params={"sort": "-id", "limit": 2, "skip": 3})
    assert ([event["id"] for event in page.json()["items"]], page.json()["total"]) == ([4, 3], 7)
    following = await client.get(page.links["next"]["url"])
    assert [event["id"] for event in following.json()["items"]] == [2, 1]
    beyond = await client.get(EVENTS, params={"skip": 7})
    assert beyond.json() == {"items": [], "next": None, "total": 7}


async def test_each_filter_selects_the_documented_events(client):
    praca = {"location_name": "Praça da Sé", "venue_type": "Praça"}
    await created(client, title="Cedo", event_date="2026-01-01T08:00:00", city="São Paulo", local_info=praca)
    await created(client, title="Tarde", event_date="2026-01-31T23:00:00-03:00", city="Olinda")
    await created(client, title="Fora", event_date="2026-02-01", city="Olinda")

    async def titles(**filters: str) -> list[str]:
        answer = await client.get(EVENTS, params=filters)
        assert answer.status_code == 200, answer.text
        return [event["title"] for event in answer.json()["items"]]

    assert await titles(city="sao paulo") == ["Cedo"]
    assert await titles(city="SÃO PAULO") == ["Cedo"]
    assert await titles(venue_type="Praça") == ["Cedo"]
    assert await titles(venue_type="praca") == ["Cedo"]
    assert await titles(venue_type="Museu") == []
    assert await titles(q="tard") == ["Tarde"]
    assert await titles(**{"from": "2026-01-01", "to": "2026-01-31"}) == ["Cedo", "Tarde"]
    assert await titles(**{"from": "2026-01-31T23:00:00-03:00"}) == ["Tarde", "Fora"]
    assert await titles(to="2026-01-01T08:00:00") == ["Cedo"]
    assert await titles(upload_id="none") == []


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("sort=banana", "sort", "unknown_value"),
        ("limit=0", "limit", "out_of_range"),
        ("limit=501", "limit", "out_of_range"),
        ("limit=x", "limit", "invalid_type"),
        ("skip=-1", "skip", "out_of_range"),
        ("skip=1.5", "skip", "invalid_type"),
        ("skip=100000001", "skip", "out_of_range"),
        ("limit=" + "9" * 50, "limit", "out_of_range"),
        ("from=soon", "from", "invalid_date"),
        ("to=2026-13-01", "to", "invalid_date"),
        ("cursor=abc", "cursor", "invalid_cursor"),
        ("cursor=%F0%9F", "", None),
        ("cursor=%C3%A9", "cursor", "invalid_cursor"),
        ("limit=%D9%A3", "limit", "invalid_type"),
        ("citty=Recife", "citty", "unknown_parameter"),
        ("city=a&city=b", "city", "repeated"),
        ("q=%00", "q", "control_character"),
        ("q=" + "a" * 300, "q", "too_long"),
        ("venue_type=Praia", "venue_type", "unknown_venue_type"),
        ("venue_type=theatre", "venue_type", "unknown_venue_type"),
    ],
)
async def test_a_wrong_query_names_its_parameter(client, query, field, code):
    answer = await client.get(f"{EVENTS}?{query}")
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (400, "/problems/invalid-query")
    if code:
        assert [(error["field"], error["code"]) for error in problem["errors"]] == [(field, code)]


async def test_a_type_of_venue_that_is_none_names_the_one_that_may_be_meant(client):
    error = (await client.get(EVENTS, params={"venue_type": "Teatr"})).json()["errors"][0]
    assert (error["value"], error["suggestion"]) == ("Teatr", "Teatro")
    assert "Auditório" in error["message"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("citty", "city"),
        ("cidade", "city"),
        ("CITY", "city"),
        ("page", "cursor"),
        ("offset", "skip"),
        ("per-page", "limit"),
        ("order_by", "sort"),
        ("search", "q"),
        ("desde", "from"),
        ("banana", None),
        ("%C3%A9" * 300, None),
    ],
)
async def test_a_parameter_that_does_not_exist_names_the_one_that_may_be_meant(client, name, meant):
    error = (await client.get(f"{EVENTS}?{name}=1")).json()["errors"][0]
    assert (error["code"], error["suggestion"]) == ("unknown_parameter", meant)
    assert ("may be meant" in error["message"]) == (meant is not None)


async def test_a_parameter_is_only_suggested_where_it_exists(client):
    error = (await client.get("/api/v1/uploads?cidade=1&per_page=2")).json()["errors"]
    assert [each["suggestion"] for each in error] == [None, "limit"]


async def test_another_media_type_is_named_with_the_one_that_is_read(client):
    for content, sent in (
        ({"data": {"title": "A"}}, "application/x-www-form-urlencoded"),
        (
            {"content": b"{}", "headers": {"Content-Type": "application/json; charset=latin1"}},
            "charset=latin1",
        ),
    ):
        answer = await client.post(EVENTS, **content)
        assert (answer.status_code, answer.headers["accept"]) == (415, "application/json")
        assert sent in answer.json()["detail"]
        assert "application/json, in UTF-8" in answer.json()["detail"]


async def test_a_cursor_is_refused_for_another_list(client):
    for _ in range(3):
        await created(client)
    cursor = (await client.get(EVENTS, params={"limit": 1})).json()["next"]
    assert (await client.get(EVENTS, params={"limit": 2, "cursor": cursor})).status_code == 200
    for other in ({"sort": "-id"}, {"city": "Recife"}):
        refused = await client.get(EVENTS, params={**other, "cursor": cursor})
        assert refused.json()["errors"][0]["code"] == "invalid_cursor"


async def test_a_compressed_body_is_refused(client):
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    answer = await client.post(EVENTS, content=gzip.compress(b"{}"), headers=headers)
    assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "identity")


CONDITIONS = [
    ({"If-None-Match": "*"}, 412),
    ({"If-None-Match": "TAG"}, 412),
    ({"If-None-Match": "W/TAG"}, 412),
    ({"If-None-Match": '"other"'}, 200),
    ({"If-Match": "TAG", "If-None-Match": "TAG"}, 412),
    ({"If-Match": "1-1"}, 400),
    ({"If-Match": "TAG, 1-1"}, 400),
    ({"If-Match": "TAG,, TAG,"}, 200),
    ({"If-None-Match": "1-1"}, 400),
    ({"If-Match": "TAG", "If-None-Match": '"other"'}, 200),
    ([("If-None-Match", '"other"'), ("If-None-Match", "TAG")], 412),
    ([("If-Match", '"other"'), ("If-Match", "TAG")], 200),
    ([("If-Match", '"other"'), ("If-Match", '"another"')], 412),
]


@pytest.mark.parametrize(("conditions", "status"), CONDITIONS, ids=str)
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_a_change_keeps_to_every_line_of_its_conditions(client, method, conditions, status):
    event = await created(client)
    path, tag = f"{EVENTS}/{event['id']}", f'"{event["id"]}-1-{event["updated_at"]}"'
    pairs = conditions.items() if isinstance(conditions, dict) else conditions
    headers = [(name, value.replace("TAG", tag)) for name, value in pairs]
    body = None if method == "DELETE" else {**FESTA, "title": "Nova"}
    answer = await client.request(method, path, json=body, headers=headers)
    assert answer.status_code == (204 if (method, status) == ("DELETE", 200) else status)
    after = await client.get(path)
    changed = after.status_code == 404 or after.json()["title"] == "Nova"
    assert changed == (status == 200)


async def test_every_line_of_if_none_match_is_read_for_a_304(client):
    event = await created(client)
    headers = [("If-None-Match", '"x"'), ("If-None-Match", f'"{event["id"]}-1-{event["updated_at"]}"')]
    assert (await client.get(f"{EVENTS}/{event['id']}", headers=headers)).status_code == 304
