"""Webhooks over HTTP: made, listed, changed, removed, tried, and refused."""

from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.api.conftest import Serving
from tests.api.services.webhooks.receiver import receiving, status
from tests.serving import serving as serving_in

pytestmark = pytest.mark.anyio

EVENT = {"title": "Festa", "event_date": "2027-01-01", "city": "Recife"}
PATH = "/api/v1/webhooks"


async def test_a_webhook_receives_an_event_and_its_secret_is_shown_once(serving: Serving) -> None:
    async with receiving() as receiver, serving(webhook_private_addresses=True) as client:
        made = await client.post(PATH, json={"url": receiver.url, "feeds": ["eventos"]})
        assert made.status_code == 201
        webhook = made.json()
        assert made.headers["location"] == f"{PATH}/{webhook['id']}"
        assert webhook["secret"].startswith("whsec_")
        assert (webhook["enabled"], webhook["format"], webhook["feeds"]) == (True, "json", ["eventos"])
        assert (await client.post("/api/v1/eventos", json=EVENT)).status_code == 201
        arrived = await receiver.until_arrived(1)
        assert arrived[0].message["event"]["title"] == "Festa"
        tried = await client.post(f"{PATH}/{webhook['id']}/test")
        assert (tried.status_code, tried.json()["status"]) == (200, 204)
        listed = await client.get(PATH)
        one = await client.get(f"{PATH}/{webhook['id']}")
        assert not any("secret" in shown for shown in (*listed.json()["items"], one.json()))
        assert webhook["secret"] not in listed.text + one.text
        assert [item["id"] for item in listed.json()["items"]] == [webhook["id"]]
        assert arrived[1].id in {attempt["message_id"] for attempt in one.json()["attempts"]}


async def test_a_webhook_is_changed_disabled_and_removed(serving: Serving) -> None:
    async with receiving() as receiver, serving(webhook_private_addresses=True) as client:
        secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        asked = {"url": receiver.url, "feeds": ["admin"], "secret": secret, "format": "cloudevents"}
        made = (await client.post(PATH, json=asked)).json()
        assert (made["secret"], made["format"]) == (secret, "cloudevents")
        one = f"{PATH}/{made['id']}"
        changed = await client.patch(one, json={"feeds": ["eventos", "eventos/progresso"], "enabled": False})
        assert changed.status_code == 200
        assert changed.json()["feeds"] == ["eventos", "eventos/progresso"]
        assert (changed.json()["enabled"], changed.json()["disabled_because"]) == (False, "admin")
        assert (await client.patch(one, json={"enabled": True})).json()["enabled"]
        assert (await client.delete(one)).status_code == 204
        for method, path in (("GET", one), ("PATCH", one), ("DELETE", one), ("POST", f"{one}/test")):
            answer = await client.request(method, path, json={} if method == "PATCH" else None)
            assert (method, answer.status_code) == (method, 404)


async def test_all_errors_are_reported_at_once(serving: Serving) -> None:
    async with serving(webhook_private_addresses=True) as client:
        answer = await client.post(
            PATH, json={"url": 1, "feeds": ["nothing"], "format": "xml", "secret": "whsec_mine", "more": 1}
        )
        assert answer.status_code == 422
        assert {error["field"] for error in answer.json()["errors"]} == {
            *("url", "feeds", "format", "secret", "more"),
        }
        assert "whsec_mine" not in answer.text
        missing = await client.post(PATH, json={})
        assert [error["field"] for error in missing.json()["errors"]] == ["url", "feeds"]


async def test_a_secret_is_replaced_and_shown_once(serving: Serving) -> None:
    async with serving(webhook_private_addresses=True) as client:
        made = (await client.post(PATH, json={"url": "http://127.0.0.1:9/", "feeds": ["upload/x"]})).json()
        one = f"{PATH}/{made['id']}"
        assert made["old_secrets_until"] is None
        drawn = await client.post(f"{one}/secret")
        assert drawn.status_code == 200
        assert drawn.json()["secret"] not in {"", made["secret"]}
        shown = await client.get(one)
        assert shown.json()["old_secrets_until"] == drawn.json()["old_secrets_until"] > made["created_at"]
        assert not {"secret", "old_secrets"} & shown.json().keys()
        own = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        given = await client.post(f"{one}/secret", json={"secret": own, "keep_old_hours": 0})
        assert (given.json()["secret"], given.json()["old_secrets_until"]) == (own, None)
        refused = await client.post(f"{one}/secret", json={"secret": "mine", "keep_old_hours": True, "x": 1})
        assert refused.status_code == 422
        assert {error["field"] for error in refused.json()["errors"]} == {"secret", "keep_old_hours", "x"}
        assert "mine" not in refused.text
        assert (await client.post(f"{PATH}/unknown/secret")).status_code == 404


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"feeds": ["EVENTOS"]}, "there is no feed EVENTOS; there are upload/{id}, tarefas/{id}, eventos,"),
        ({"format": "xml"}, "format must be one of json, cloudevents"),
        ({"filter": 1}, "there is no member filter; known are url, feeds, format, secret"),
        ({"url": "http://münchen.example/"}, "write a host such as münchen.example as xn--"),
    ],
    ids=str,
)
async def test_a_refusal_says_what_would_be_right(client: Any, asked: dict[str, Any], said: str) -> None:
    answer = await client.post(PATH, json={"url": "https://8.8.8.8/", "feeds": ["eventos"], **asked})
    assert answer.status_code == 422
    assert said in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize("host", ["xn--n3h.example", "xn--", "xn--a"])
async def test_a_host_that_is_no_name_of_idna_2008_is_taken_or_refused(client: Any, host: str) -> None:
    answer = await client.post(PATH, json={"url": f"https://{host}/", "feeds": ["eventos"]})
    assert answer.status_code in (201, 422), answer.text


async def test_a_change_says_which_members_it_knows(client: Any) -> None:
    answer = await client.patch(f"{PATH}/any", json={"format": "json"})
    assert answer.json()["errors"][0]["message"] == "there is no member format; known are url, feeds, enabled"


async def test_webhooks_of_a_disabled_administrator_are_marked(tmp_path: Path) -> None:
    async with serving_in(tmp_path, auth="token", webhook_private_addresses=True) as served:
        people = served.app.state.services.people
        ana, bia = [await people.add(name, "admin", actor="test") for name in ("ana", "bia")]
        for token in (ana, bia):
            async with served.client(token) as client:
                made = await client.post(PATH, json={"url": "http://127.0.0.1:9/", "feeds": ["upload/x"]})
                assert made.json()["created_by_disabled"] is False
        await people.set_disabled("ana", disabled=True, actor="bia")
        async with served.client(bia) as client:
            listed = (await client.get(PATH)).json()["items"]
            assert {one["created_by"]: one["created_by_disabled"] for one in listed} == {
                "ana": True,
                "bia": False,
            }
            first = f"{PATH}/{next(one['id'] for one in listed if one['created_by'] == 'ana')}"
            for answer in (
                await client.get(first),
                await client.patch(first, json={"enabled": False}),
                await client.post(f"{first}/secret"),
            ):
                assert (answer.status_code, answer.json()["created_by_disabled"]) == (200, True)


@pytest.mark.parametrize("feeds", [[], ["dashboard"], ["eventos", "presenca"], "eventos", [1], ["x"] * 33])
async def test_feeds_that_cannot_be_delivered_are_refused(client: Any, feeds: object) -> None:
    answer = await client.post(PATH, json={"url": "https://192.0.2.1/", "feeds": feeds})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["feeds"]


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "http://[::ffff:10.0.0.1]/", "http://2130706433/"])
async def test_private_addresses_are_refused_at_the_creation_and_at_a_change(client: Any, url: str) -> None:
    answer = await client.post(PATH, json={"url": url, "feeds": ["eventos"]})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "url"
    assert "FASTTRACK_WEBHOOK_PRIVATE_ADDRESSES" in answer.json()["detail"]
    made = await client.post(PATH, json={"url": "https://8.8.8.8/", "feeds": ["upload/never"]})
    assert made.status_code == 201
    assert (await client.patch(f"{PATH}/{made.json()['id']}", json={"url": url})).status_code == 422


async def test_only_administrators_see_webhooks(tmp_path: Path) -> None:
    async with serving_in(tmp_path, auth="token") as served:
        token = await served.app.state.services.people.add("eva", "editor", actor="test")
        async with served.client(token) as client:
            assert (await client.get(PATH)).status_code == 403


async def test_a_webhook_answered_410_is_shown_as_gone(serving: Serving) -> None:
    async with receiving() as receiver, serving(webhook_private_addresses=True) as client:
        receiver.answer = lambda _: status(410)
        made = (await client.post(PATH, json={"url": receiver.url, "feeds": ["admin"]})).json()
        with anyio.fail_after(60):
            while (shown := (await client.get(f"{PATH}/{made['id']}")).json())["enabled"]:  # noqa: ASYNC110
                await anyio.sleep(0.02)
        assert (shown["enabled"], shown["disabled_because"]) == (False, "gone")
        assert shown["attempts"][0]["error"] == "answered 410"
