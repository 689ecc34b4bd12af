"""Files sent again to a real server: updated, skipped, undone, found by key and by id."""

import json

import anyio
import pytest

from tests.serving import serving

pytestmark = pytest.mark.anyio

UPLOADS = "/api/v1/uploads"
HEAD = "title,description,event_date,city\n"


async def send(http, text, name="a.csv", **params):
    answer = await http.post(
        UPLOADS,
        params=params,
        files={"file": (name, text.encode() if isinstance(text, str) else text)},
        headers={"Prefer": "wait=30"},
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


def counts(answer):
    return [answer[name] for name in ("created", "updated", "unchanged", "skipped", "rejected")]


async def events(http):
    return (await http.get("/api/v1/eventos?sort=id&limit=500")).json()["items"]


async def finished(http):
    cursor = ""
    while True:
        page = (await http.get(f"/poll/upload/x?wait=0{cursor}")).json()
        ends = [message for message in page["messages"] if message["type"] == "finished"]
        if ends:
            return ends[0]
        cursor = f"&last_event_id={page['cursor']}"


async def test_a_corrected_file_sent_again_creates_no_duplicates(tmp_path):
    async with serving(tmp_path) as served, served.client() as http:
        rows = "".join(f"Evento {n},,2025-07-01T10:00:00,Recife\n" for n in range(1500))
        assert counts(await send(http, HEAD + rows, on_duplicate="update")) == [1500, 0, 0, 0, 0]
        mended = HEAD + rows.replace("Evento 7,,", "Evento 7,novo,") + "Evento X,,2025-07-02,Olinda\n"
        answer = await send(http, mended, upload_id="m", on_duplicate="update")
        assert counts(answer) == [1, 1, 1499, 0, 0]
        assert (answer["accepted"], answer["rows_stay"]) == (1501, True)
        assert counts(await send(http, mended, on_duplicate="skip")) == [0, 0, 0, 1501, 0]
        [changed] = [e for e in await events(http) if e["description"]]
        assert (changed["title"], changed["version"]) == ("Evento 7", 2)
        undone = (await http.post(f"{UPLOADS}/m/undo")).json()
        assert (undone["undone"]["deleted"], undone["undone"]["restored"]) == (1, 1)
        assert undone["rows_stay"] is False
        assert [e for e in await events(http) if e["description"]] == []


async def test_rows_find_their_events_by_id(tmp_path):
    async with serving(tmp_path) as served, served.client() as http:
        await send(http, HEAD + "A,,2025-07-01,Recife\nB,,2025-07-01,Recife\n")
        ids = {event["title"]: event["id"] for event in await events(http)}
        mended = (
            f'id,{HEAD}{ids["A"]},A2,"nova, com vírgula",2025-07-01,Recife\n{ids["B"]},B,,2025-07-01,Recife\n'
        )
        assert counts(await send(http, mended, on_duplicate="update")) == [0, 1, 1, 0, 0]
        assert [event["title"] for event in await events(http)] == ["A2", "B"]
        as_json = json.dumps([{"id": ids["B"], "title": "B2", "event_date": "2025-07-01", "city": "Recife"}])
        assert counts(await send(http, as_json, "a.json", on_duplicate="update")) == [0, 1, 0, 0, 0]
        assert [event["title"] for event in await events(http)] == ["A2", "B2"]
        assert counts(await send(http, mended)) == [2, 0, 0, 0, 0]


@pytest.mark.parametrize("mode", ["partial", "atomic"])
async def test_both_modes_update_and_report_a_repeated_key(tmp_path, mode):
    async with serving(tmp_path) as served, served.client() as http:
        text = HEAD + "A,1,2025-07-01,Recife\nA,2,2025-07-01,Recife\n"
        answer = await send(http, text, upload_id="x", on_duplicate="update", mode=mode)
        assert counts(answer) == [1, 1, 0, 0, 0]
        warnings = (await http.get(f"{UPLOADS}/x")).json()["warnings"]
        assert [one["code"] for one in warnings] == ["repeated_key"]
        assert [event["description"] for event in await events(http)] == ["2"]
        end = await finished(http)
        assert (end["created"], end["updated"], end["rows_stay"]) == (1, 1, True)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"on_duplicate": "update", "key": "id"}, "id"),
        ({"on_duplicate": "skip", "key": "title,participants"}, "participants"),
        ({"on_duplicate": "update", "key": "title,city", "mapping": '{"city":null}'}, ""),
        ({"key": "title"}, "on_duplicate=update"),
    ],
)
@pytest.mark.parametrize("mode", ["partial", "atomic"])
async def test_a_key_that_cannot_be_applied_is_refused_and_nothing_stored(tmp_path, options, told, mode):
    async with serving(tmp_path) as served, served.client() as http:
        text = HEAD + "A,1,2025-07-01,Recife\n"
        files = {"file": ("a.csv", text.encode())}
        answer = await http.post(UPLOADS, params={**options, "mode": mode}, files=files)
        assert answer.status_code == 422
        [error] = answer.json()["errors"]
        assert error["code"] == ("invalid_option" if told else "missing_columns")
        assert told in error["message"]
        assert await events(http) == []


async def test_ids_that_cannot_be_read_and_defaults_that_are_not_taken_are_counted(tmp_path):
    async with serving(tmp_path) as served, served.client() as http:
        await send(http, HEAD + "A,1,2025-07-01,Recife\nB,2,2025-07-01,Recife\n")
        [first, _] = await events(http)
        text = (
            f'id,title,event_date,city\n"{first["id"]},0",A2,2025-07-01,Recife\nEV-12,B,2025-07-01,Recife\n'
        )
        defaults = '{"description":"novo"}'
        answer = await send(http, text, upload_id="x", on_duplicate="update", defaults=defaults)
        assert counts(answer) == [0, 1, 1, 0, 0]
        told = (await http.get(f"{UPLOADS}/x")).json()["warnings"]
        warnings = {one["code"]: one["count"] for one in told}
        assert warnings == {"unknown_id": 1, "default_not_used": 2}
        assert [(event["title"], event["description"]) for event in await events(http)] == [
            ("A2", "1"),
            ("B", "2"),
        ]


async def test_the_same_file_after_an_undo_gives_no_warning(tmp_path):
    async with serving(tmp_path) as served, served.client() as http:
        text = HEAD + "A,1,2025-07-01,Recife\n"
        await send(http, text, upload_id="x")
        assert (await http.post(f"{UPLOADS}/x/undo")).json()["status"] == "undone"
        await send(http, text, upload_id="y")
        assert (await http.get(f"{UPLOADS}/y")).json()["warnings"] == []


async def test_a_late_option_of_a_large_file_removes_its_rows(tmp_path):
    async with serving(tmp_path) as served, served.client() as http:
        rows = "".join(f"Evento {n},{'x' * 90},2025-07-01T10:00:00,Recife\n" for n in range(30_000))
        body = (
            b'--B\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
            + (HEAD + rows + "bad\n").encode()
            + b'\r\n--B\r\nContent-Disposition: form-data; name="dry_run"\r\n\r\ntrue\r\n--B--\r\n'
        )
        headers = {"Content-Type": "multipart/form-data; boundary=B"}

        async def slowly():
            yield body[:2_000_000]
            while not await events(http):  # noqa: ASYNC110  # another connection's rows
                await anyio.sleep(0.01)
            yield body[2_000_000:]

        answer = await http.post(f"{UPLOADS}?upload_id=x", content=slowly(), headers=headers, timeout=120)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["code"] == "late_option"
        told = (await http.get(f"{UPLOADS}/x")).json()
        assert (told["status"], told["accepted"], told["rejected"]) == ("failed", 0, 0)
        assert told["rows_stay"] is False
        assert await events(http) == []
        end = await finished(http)
        assert (end["status"], end["error"]["code"]) == ("failed", "late_option")
