"""Imports of ten thousand rows through the whole application: all or nothing, and taking one back."""

import pytest

from tests.serving import serving

pytestmark = pytest.mark.anyio

WAIT = {"Prefer": "wait=120"}
UPLOADS = "/api/v1/uploads"
ROWS = 10_000
EDITED = [17, 5_000, 10_000]


def agenda(bad=()):
    rows = [f"Evento {n},{'-' if n in bad else '2026-01-02'},Recife" for n in range(1, ROWS + 1)]
    return "\n".join(["title,event_date,city", *rows]).encode()


async def upload(http, content, **params):
    files = {"file": ("agenda.csv", content)}
    answer = await http.post(UPLOADS, params=params, files=files, headers=WAIT, timeout=180)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def messages(http, feed):
    """Return all that a feed has kept."""
    told, params = [], {"replay": "all", "wait": "0"}
    while True:
        answer = (await http.get(f"/poll/{feed}", params=params)).json()
        news = [message for message in answer["messages"] if "id" in message and message["type"] != "hello"]
        if not news and "last_event_id" in params:
            return told
        told, params = told + news, {"last_event_id": answer["cursor"], "wait": "0"}
        if any(message["type"] == "finished" for message in news):
            return told


async def test_one_bad_row_in_10000_refuses_an_atomic_import(tmp_path):
    async with serving(tmp_path) as served, served.client() as http:
        done = await upload(http, agenda(bad={123, 9_999}), upload_id="x", mode="atomic")
        assert (done["status"], done["rows"], done["accepted"], done["rejected"]) == ("failed", ROWS, 0, 2)
        assert (await http.get("/api/v1/eventos")).json()["total"] == 0
        assert await messages(http, "eventos") == []
        errors = (await http.get(f"{UPLOADS}/x/errors")).json()["items"]
        assert [(row["line"], row["errors"][0]["code"]) for row in errors] == [
            (124, "invalid_date"),
            (10_000, "invalid_date"),
        ]
        story = await messages(http, "upload/x")
        assert [message["record"] for message in story if message["type"] == "row_error"] == [123, 9_999]
        assert [message["error"]["code"] for message in story if message["type"] == "finished"] == [
            "rows_rejected"
        ]
        assert (await http.post(f"{UPLOADS}/x/undo")).status_code == 409


async def test_undo_keeps_and_lists_edited_events_and_updates_the_dashboard(tmp_path):
    async with serving(tmp_path) as served, served.client() as http:
        await upload(http, agenda(), upload_id="x")
        assert (await http.get("/api/v1/dashboard")).json()["events"] == ROWS
        for event_id in EDITED:
            patched = await http.patch(f"/api/v1/eventos/{event_id}", json={"city": "Olinda"})
            assert patched.status_code == 200
        undone = (await http.post(f"{UPLOADS}/x/undo", timeout=120)).json()
        assert undone["status"] == "undone"
        told = {"deleted": 9_997, "restored": 0, "kept": 3, "kept_ids": EDITED, "at": ""}
        assert undone["undone"] | {"at": ""} == told
        counts = (await http.get("/api/v1/dashboard")).json()
        assert (counts["events"], counts["cities"]) == (3, 1)
        changed = [m for m in await messages(http, "eventos") if m.get("reason") == "undo"]
        assert sum(one["count"] for one in changed) == 9_997
        notice = (await messages(http, "admin"))[-1]
        assert notice["kind"] == "bulk_change"
        assert "17, 5000, 10000" in notice["message"]
        left = (await http.get("/api/v1/eventos")).json()
        assert [event["id"] for event in left["items"]] == EDITED
        assert (await http.post(f"{UPLOADS}/x/undo")).status_code == 409
