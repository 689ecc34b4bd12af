"""Tasks over HTTP, on a real server."""

from typing import Any

import anyio
import httpx
import pytest

pytestmark = pytest.mark.anyio

EVENT = {"title": "Show", "event_date": "2025-07-01T10:00:00", "city": "Recife"}


async def ended(client: httpx.AsyncClient, task: dict[str, Any]) -> dict[str, Any]:
    with anyio.fail_after(60):
        while True:
            found: dict[str, Any] = (await client.get(task["links"]["self"])).json()
            if found["finished_at"]:
                return found
            await anyio.sleep(0.01)


async def test_an_analysis_can_be_started_found_and_read(client: httpx.AsyncClient) -> None:
    await client.post("/api/v1/eventos", json=EVENT)
    answer = await client.post("/api/v1/eventos/analise")
    assert answer.status_code == 202
    task = answer.json()
    assert answer.headers["Location"] == task["links"]["self"] == f"/api/v1/tarefas/{task['task_id']}"
    assert task["links"]["sse"] == f"/sse/tarefas/{task['task_id']}"
    done = await ended(client, task)
    assert (done["status"], done["progresso"]) == ("completed", 100)
    assert done["result"]["by_city"] == [{"city": "Recife", "events": 1}]
    listed = (await client.get("/api/v1/tarefas")).json()
    assert [one["task_id"] for one in listed["items"]] == [task["task_id"]]


@pytest.mark.parametrize("where", ["params", "json"])
@pytest.mark.parametrize(
    "options",
    [
        {"format": "json"},
        {"format": "csv"},
        {"format": "csv", "lang": "pt"},
        {"format": "csv", "lang": "en", "delimiter": "tab"},
        {"format": "csv", "delimiter": ";"},
        {"format": "ndjson"},
        {"format": "ics"},
    ],
    ids=str,
)
async def test_an_export_equals_the_download(
    client: httpx.AsyncClient, options: dict[str, str], where: str
) -> None:
    await client.post("/api/v1/eventos", json=EVENT)
    answer = await client.request("POST", "/api/v1/eventos/exportar", **{where: options})  # type: ignore[arg-type]
    done = await ended(client, answer.json())
    file = await client.get(done["links"]["file"])
    download = await client.get("/api/v1/eventos/download", params=options)
    assert file.content == download.content
    assert file.headers["Content-Type"] == download.headers["Content-Type"]
    assert file.headers["Content-Disposition"] == download.headers["Content-Disposition"]


async def test_the_format_of_an_export_may_be_in_the_body(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/eventos/exportar", json={"format": "ndjson"})
    assert (answer.status_code, answer.json()["params"]) == (202, {"format": "ndjson"})
    assert (await client.post("/api/v1/eventos/exportar", json={})).json()["params"] == {"format": "json"}
    wrong = await client.post("/api/v1/eventos/exportar", json={"format": ["csv"], "form": "csv"})
    assert wrong.status_code == 422
    assert [error["field"] for error in wrong.json()["errors"]] == ["form", "format"]
    for odd in (["csv"], {"csv": 1}, None, 7):
        wrong = await client.post("/api/v1/eventos/exportar", json={"format": odd, "lang": "en"})
        assert wrong.status_code == 422
    both = await client.post(
        "/api/v1/eventos/exportar?delimiter=%3B&lang=", json={"format": "csv", "lang": "pt"}
    )
    assert both.json()["params"] == {"format": "csv", "lang": "pt", "delimiter": ";"}


@pytest.mark.parametrize(
    ("options", "fields"),
    [
        ({"format": "xls"}, ["format"]),
        ({"format": "csv", "lang": "fr", "delimiter": "x"}, ["lang", "delimiter"]),
        ({"format": "json", "lang": "pt"}, ["lang"]),
        ({"format": "xlsx", "delimiter": ";"}, ["delimiter"]),
        ({"lang": "pt", "delimiter": ";"}, ["lang", "delimiter"]),
    ],
)
async def test_options_that_mean_nothing_are_refused_alike_wherever_they_stand(
    client: httpx.AsyncClient, options: dict[str, str], fields: list[str]
) -> None:
    answers = [
        await client.get("/api/v1/eventos/download", params=options),
        await client.post("/api/v1/eventos/exportar", params=options),
        await client.post("/api/v1/eventos/exportar", json=options),
    ]
    assert [answer.status_code for answer in answers] == [400, 400, 422]
    for answer in answers:
        assert [error["field"] for error in answer.json()["errors"]] == fields


async def test_a_body_completes_the_url_and_does_not_contradict_it(client: httpx.AsyncClient) -> None:
    path = "/api/v1/eventos/exportar"
    answer = await client.post(path, params={"format": "csv"}, json={"lang": "pt", "delimiter": "tab"})
    assert answer.json()["params"] == {"format": "csv", "lang": "pt", "delimiter": "\t"}
    wrong = await client.post(path, params={"format": "csv", "lang": "pt"}, json={"lang": "en"})
    assert [(error["field"], error["code"]) for error in wrong.json()["errors"]] == [("lang", "repeated")]


async def test_the_calendar_can_be_downloaded_with_a_filter(client: httpx.AsyncClient) -> None:
    await client.post("/api/v1/eventos", json=EVENT)
    for path in ("/eventos.ics", "/api/v1/eventos.ics"):
        answer = await client.get(path, params={"city": "recife"})
        assert answer.headers["Content-Type"].startswith("text/calendar")
        assert answer.text.count("BEGIN:VEVENT") == 1
        assert "DTSTART;TZID=America/Recife:20250701T100000\r\n" in answer.text


async def test_tasks_are_paged_newest_first(client: httpx.AsyncClient) -> None:
    started = [(await client.post("/api/v1/eventos/analise")).json()["task_id"] for _ in range(3)]
    page = await client.get("/api/v1/tarefas", params={"limit": 2})
    assert 'rel="next"' in page.headers["Link"]
    rest = await client.get("/api/v1/tarefas", params={"limit": 2, "cursor": page.json()["next"]})
    ids = [one["task_id"] for one in page.json()["items"] + rest.json()["items"]]
    assert sorted(ids) == sorted(started)
    assert rest.json()["next"] is None


async def test_an_invalid_task_request_is_refused_by_name(client: httpx.AsyncClient) -> None:
    done = await ended(client, (await client.post("/api/v1/eventos/analise")).json())
    refusals = [
        await client.post(f"{done['links']['self']}/cancel"),
        await client.get(f"{done['links']['self']}/file"),
        await client.get("/api/v1/tarefas/nobody"),
        await client.post("/api/v1/eventos/exportar", params={"format": "xls"}),
        await client.get("/api/v1/tarefas", params={"limit": "0", "cursor": "x"}),
    ]
    assert [one.status_code for one in refusals] == [409, 404, 404, 400, 400]
    assert all(one.headers["Content-Type"] == "application/problem+json" for one in refusals)
    assert [error["field"] for error in refusals[-1].json()["errors"]] == ["limit", "cursor"]


@pytest.mark.parametrize(
    ("query", "body", "status"),
    [
        ("", None, 202),
        ("?format=csv", None, 202),
        ("", {"format": "csv"}, 202),
        ("?format=csv", {"format": "csv"}, 202),
        ("?format=csv", {}, 202),
        ("?format=json", {"format": "csv"}, 422),
        ("?format=csv", {"format": "json"}, 422),
    ],
)
async def test_an_export_is_not_asked_for_in_two_formats(client, query, body, status):
    answer = await client.post(f"/api/v1/eventos/exportar{query}", json=body)
    assert answer.status_code == status, answer.text
    if status == 422:
        assert [error["field"] for error in answer.json()["errors"]] == ["format"]
