import csv
import io
import json
from contextlib import asynccontextmanager

import anyio
import pytest

from api.services.identity import Identity
from domain.events import EventFields
from tests.api.imports.site import serve

pytestmark = pytest.mark.anyio

BOUNDARY = "xYz"
FORM = f"Content-Type: multipart/form-data; boundary={BOUNDARY}"
PROBLEM = "application/problem+json"
OPENING = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'.encode()
CLOSING = f"\r\n--{BOUNDARY}--\r\n".encode()
CHUNKED = "Transfer-Encoding: chunked"


def chunk(content):
    return b"%x\r\n%b\r\n" % (len(content), content)


@asynccontextmanager
async def site_of(world):
    async with world.process() as imports, serve(world, imports) as site:
        yield site


async def endless_form():
    yield OPENING
    for _ in range(1000):
        yield b"row\n"
    yield CLOSING


async def status_of(reader):
    with anyio.fail_after(20):
        return int((await reader.readline()).split()[1])


async def test_an_upload_under_wait_answers_201_with_counts_and_links(world):
    async with site_of(world) as site:
        answer = await site.upload(b"row 1\nbad\nrow 2\n", {"Prefer": "wait=20"}, upload_id="arquivo1")
        assert answer.status_code == 201
        assert answer.headers["Preference-Applied"] == "wait=20"
        assert answer.json() == {
            "upload_id": "arquivo1",
            "status": "completed",
            "rows": 3,
            "accepted": 2,
            "rejected": 1,
            "links": {
                "self": "/api/v1/uploads/arquivo1",
                "sse": "/sse/upload/arquivo1",
                "ws": "/ws/upload/arquivo1",
                "poll": "/poll/upload/arquivo1",
                "rejected": "/api/v1/uploads/arquivo1/rejected.csv",
            },
        }


async def test_an_upload_without_preference_answers_202(world):
    async with site_of(world) as site:
        answer = await site.upload(b"row 1\n")
        assert answer.status_code == 202
        assert answer.json()["links"]["self"] == answer.headers["Location"]


async def test_options_come_as_fields_before_the_file(world):
    async with site_of(world) as site:
        form = {"upload_id": "x", "dry_run": "true"}
        answer = await site.http.post("/eventos/upload", data=form, files={"file": ("a", b"row 1\n")})
        assert answer.json()["upload_id"] == "x"
        assert (await world.upload()).options.dry_run


async def test_an_option_behind_the_file_is_told_as_too_late(world):
    async with site_of(world) as site:
        late = b'--xYz\r\nContent-Disposition: form-data; name="mode"\r\n\r\natomic'
        body = OPENING + b"row 1\r\n" + late + CLOSING
        headers = {"Content-Type": FORM.partition(": ")[2], "Prefer": "wait=20"}
        answer = await site.http.post("/uploads?upload_id=x", content=body, headers=headers)
        assert answer.json()["status"] == "completed"
        warnings = (await site.http.get("/uploads/x")).json()["warnings"]
        assert [warning["code"] for warning in warnings] == ["late_option"]
        told = [one for one in await world.feed("upload/x") if one.get("level") == "warning"]
        assert [one["message"] for one in told] == [warnings[0]["message"]]


@pytest.mark.parametrize("path", ["/uploads", "/eventos/upload"])
@pytest.mark.parametrize(
    ("query", "field", "suggestion"),
    [("dryrun=true", "dryrun", "dry_run"), ("mode=atomic&mode=partial", "mode", None)],
)
async def test_a_parameter_that_would_not_be_obeyed_is_refused(world, path, query, field, suggestion):
    async with site_of(world) as site:
        answer = await site.http.post(f"{path}?{query}", files={"file": ("a.csv", b"row 1\n")})
        assert answer.status_code == 422
        told = [(one["field"], one["code"], one["suggestion"]) for one in answer.json()["errors"]]
        assert told == [(field, "invalid_option", suggestion)]
        assert (await site.http.get("/uploads")).json()["items"] == []


async def test_defaults_are_as_a_cell_would_have_them(world):
    async with site_of(world) as site:
        defaults = {"city": "Madrid", "local_info.capacity": 300, "local_info.is_accessible": True}
        await site.upload(b"row 1\n", {"Prefer": "wait=20"}, upload_id="x", defaults=json.dumps(defaults))
        assert (await site.http.get("/uploads/x")).json()["options"]["defaults"] == {
            "city": "Madrid",
            "local_info.capacity": "300",
            "local_info.is_accessible": "true",
        }


async def test_every_wrong_option_is_told_at_once(world):
    async with site_of(world) as site:
        wrong = {
            "upload_id": "a/b",
            "mode": "some",
            "dry_run": "maybe",
            "date_format": "mdy",
            "encoding": "rot13",
            "delimiter": "#",
            "mapping": "[]",
            "defaults": '{"city": [1]}',
            "sheet": "",
        }
        answer = await site.upload(b"row 1\n", **wrong)
        assert answer.status_code == 422
        assert {error["field"] for error in answer.json()["errors"]} == set(wrong)
        assert await world.store.blobs.ids() == []


@pytest.mark.parametrize(
    ("headers", "content", "status"),
    [
        ({"Content-Type": "text/csv"}, b"title\n", 415),
        ({}, b"title\n", 400),
        ({"Content-Type": "multipart/form-data"}, b"title\n", 400),
        ({"Content-Type": "multipart/form-data; boundary=xYz"}, b"title\n", 400),
        ({"Content-Type": "multipart/form-data; boundary=xYz"}, b"--xYz--\r\n", 400),
        ({"Content-Type": "multipart/form-data; boundary=xYz"}, OPENING + b"x" + CLOSING, 202),
        (
            {"Content-Type": "multipart/form-data; boundary=xYz", "Content-Encoding": "gzip"},
            OPENING + CLOSING,
            415,
        ),
        (
            {"Content-Type": "multipart/form-data; boundary=xYz", "Idempotency-Key": "a b"},
            OPENING + CLOSING,
            422,
        ),
        (
            {"Content-Type": "multipart/form-data; boundary=xYz", "Upload-Offset": "-1"},
            OPENING + b"x" + CLOSING,
            422,
        ),
        (
            {"Content-Type": "multipart/form-data; boundary=xYz", "Upload-Offset": "5"},
            OPENING + b"x" + CLOSING,
            404,
        ),
    ],
)
async def test_a_body_is_taken_or_refused_by_its_form(world, headers, content, status):
    async with site_of(world) as site:
        answer = await site.http.post("/uploads", content=content, headers=headers)
        assert answer.status_code == status
        assert (answer.headers["Content-Type"] == "application/problem+json") == (status >= 400)


async def test_what_makes_no_sense_in_the_present_state_is_refused_and_changes_nothing(world):
    async with site_of(world) as site:
        running = await world.begin("running")
        await running.write(b"row 1\n")
        await world.until(running.live, lambda live: live.upload.record == 1)
        await site.upload(b"row 2\n", {"Prefer": "wait=20"}, upload_id="done")
        await site.upload(b"row 3\n", {"Prefer": "wait=20"}, upload_id="dry", dry_run="true")
        before = {name: await world.upload(name) for name in ("running", "done", "dry")}
        calls = {
            "/uploads/running/undo": 409,
            "/uploads/dry/undo": 409,
            "/uploads/done/cancel": 409,
            "/uploads/nowhere/cancel": 404,
            "/uploads/nowhere/undo": 404,
        }
        for path, status in calls.items():
            answer = await site.http.post(path)
            assert (answer.status_code, answer.headers["Content-Type"]) == (status, PROBLEM), path
        for upload_id, offset, had in (("done", "6", "6"), ("done", "3", "6"), ("running", "3", "6")):
            answer = await site.upload(b"row 9\n", {"Upload-Offset": offset}, upload_id=upload_id)
            assert (answer.status_code, answer.headers["Upload-Offset"]) == (409, had)
        assert await world.titles() == ["row 1", "row 2"]
        assert {name: (await world.upload(name)).state for name in before} == {
            name: upload.state for name, upload in before.items()
        }
        await running.complete()
        assert (await world.ended(running)).state == "completed"


async def test_two_files_in_one_form_are_refused_and_the_import_is_over(world):
    async with site_of(world) as site:
        files = [("file", ("a", b"row 1\n")), ("file", ("b", b"row 2\n"))]
        answer = await site.http.post("/uploads?upload_id=x", files=files)
        assert answer.status_code == 400
        assert (await world.upload()).error.code == "two_files"


async def test_a_repeat_with_the_same_key_answers_with_the_first_import(world):
    async with site_of(world) as site:
        key = {"Idempotency-Key": "k-1", "Prefer": "wait=20"}
        first = await site.upload(b"row 1\n", key)
        again = await site.upload(b"row 1\n", key)
        assert (first.status_code, again.status_code) == (201, 200)
        assert again.json() == first.json()
        assert await world.titles() == ["row 1"]


async def test_a_key_is_one_persons_own(world):
    async with site_of(world) as site:
        key = {"Idempotency-Key": "k-1", "Prefer": "wait=20"}
        first = await site.upload(b"row 1\n", key)
        site.identity = Identity("eva", "editor", "eva")
        other = await site.upload(b"row 2\n", key)
        assert (first.status_code, other.status_code) == (201, 201)
        assert await world.titles() == ["row 1", "row 2"]


async def test_of_repeats_at_the_same_time_one_imports_and_all_are_answered_with_it(world):
    async with site_of(world) as site:
        answers = []

        async def send():
            answers.append(await site.upload(b"row 1\n", {"Idempotency-Key": "k-1", "Prefer": "wait=20"}))

        async with anyio.create_task_group() as tasks:
            for _ in range(6):
                tasks.start_soon(send)
        assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
        assert len({answer.json()["upload_id"] for answer in answers}) == 1
        assert await world.titles() == ["row 1"]


async def test_an_upload_id_in_use_is_a_conflict(world):
    async with site_of(world) as site:
        await site.upload(b"row 1\n", upload_id="x")
        assert (await site.upload(b"row 2\n", upload_id="x")).status_code == 409


async def test_a_file_that_cannot_be_imported_answers_422_and_its_feed_ends(world):
    async with site_of(world) as site:
        answer = await site.upload(b"\x89PNG\n", upload_id="x")
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["code"] == "not_text"
        assert (await world.feed())[-1]["error"]["code"] == "not_text"


async def test_a_file_over_the_limit_is_refused_by_its_announced_length(world):
    world.limit = 1000
    async with site_of(world) as site, site.raw([FORM, "Content-Length: 10000000"]) as (reader, _):
        assert await status_of(reader) == 413


async def test_a_file_over_the_limit_is_refused_while_it_streams(world):
    world.limit = 1000
    async with site_of(world) as site:
        assert (await site.upload(b"row\n" * 1000)).status_code == 413
        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        answer = await site.http.post("/uploads?upload_id=x", content=endless_form(), headers=headers)
        assert answer.status_code == 413
        assert (await world.upload()).error.code == "too_large"
        # The answer comes when the import has ended; its bytes go right after.
        with anyio.fail_after(10):
            while await world.store.blobs.ids():  # noqa: ASYNC110 - a store sets no event.
                await anyio.sleep(0.01)


async def test_the_body_is_asked_for_only_when_the_head_is_good(world):
    async with site_of(world) as site:
        expects = "Expect: 100-continue"
        async with site.raw([FORM, expects, "Content-Length: 10"]) as (reader, _):
            assert await status_of(reader) == 100
        async with site.raw(["Content-Type: text/csv", expects, "Content-Length: 10"]) as (reader, _):
            assert await status_of(reader) == 415


async def test_rows_are_stored_while_the_body_stalls(world):
    async with site_of(world) as site, site.raw([FORM, CHUNKED], path="/uploads?upload_id=x") as raw:
        reader, writer = raw
        for byte in OPENING + b"row 1\nrow 2\nro":
            writer.write(chunk(bytes([byte])))
        with anyio.fail_after(20):
            while await world.titles() != ["row 1", "row 2"]:  # noqa: ASYNC110  # across a socket
                await anyio.sleep(0.005)
        writer.write(chunk(b"w 3" + CLOSING) + b"0\r\n\r\n")
        assert await status_of(reader) == 202


async def test_a_body_that_breaks_off_can_go_on_from_its_offset(world):
    async with site_of(world) as site:
        content = OPENING + b"row 1\nro"
        async with site.raw([FORM, "Content-Length: 1000"], path="/uploads?upload_id=x") as (_, writer):
            writer.write(content)
            await writer.drain()
            with anyio.fail_after(20):
                while not await world.titles():  # noqa: ASYNC110  # across a socket
                    await anyio.sleep(0.005)
        with anyio.fail_after(20):
            while (await world.upload()).state != "interrupted":  # noqa: ASYNC110  # across a socket
                await anyio.sleep(0.005)
        had = await site.http.head("/uploads/x")
        assert had.headers["Upload-Offset"] == "8"
        wrong = await site.upload(b"w 2\n", {"Upload-Offset": "3"}, upload_id="x")
        assert (wrong.status_code, wrong.headers["Upload-Offset"]) == (409, "8")
        site.identity = Identity("eva", "editor", "eva")
        assert (await site.upload(b"w 2\n", {"Upload-Offset": "8"}, upload_id="x")).status_code == 403
        site.identity = Identity("ana", "editor", "ana")
        rest = await site.upload(b"w 2\n", {"Upload-Offset": "8", "Prefer": "wait=20"}, upload_id="x")
        assert (rest.status_code, rest.json()["accepted"]) == (201, 2)
        assert await world.titles() == ["row 1", "row 2"]


async def test_a_body_without_its_last_boundary_is_kept_and_told(world):
    async with site_of(world) as site:
        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        answer = await site.http.post("/uploads?upload_id=x", content=OPENING + b"row 1\n", headers=headers)
        assert (answer.status_code, answer.headers["Upload-Offset"]) == (400, "6")


async def test_an_empty_file_is_an_import_of_no_rows(world):
    async with site_of(world) as site:
        answer = await site.upload(b"", {"Prefer": "wait=20"})
        assert answer.json()["status"] == "completed"


async def test_details_history_and_errors_are_paged(world):
    async with site_of(world) as site:
        for name in ("a", "b", "c"):
            world.now_ms += 1
            await site.upload(b"row\nbad 1\nbad 2\nbad 3\n", {"Prefer": "wait=20"}, upload_id=name)
        first = (await site.http.get("/uploads?limit=2")).json()
        rest = (await site.http.get("/uploads", params={"limit": 2, "cursor": first["next"]})).json()
        assert [item["upload_id"] for item in first["items"] + rest["items"]] == ["c", "b", "a"]
        details = (await site.http.get("/uploads/a")).json()
        assert (details["status"], details["dialect"], details["mapping"]) == (
            "completed",
            {"encoding": "utf-8"},
            {"title": "title"},
        )
        errors = (await site.http.get("/uploads/a/errors?limit=2")).json()
        more = (await site.http.get(f"/uploads/a/errors?limit=2&cursor={errors['next']}")).json()
        assert [row["record"] for row in errors["items"] + more["items"]] == [2, 3, 4]
        assert (errors["total"], more["next"]) == (3, None)
        assert errors["items"][0]["errors"][0]["code"] == "required"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/uploads/none", 404),
        ("/uploads/none/errors", 404),
        ("/uploads/none/rejected.csv", 404),
        ("/uploads?limit=0", 400),
        ("/uploads?limit=x", 400),
        ("/uploads?cursor=x", 400),
        ("/uploads/x/errors?cursor=x", 400),
        ("/uploads/x/errors?limit=501", 400),
    ],
)
async def test_reads_that_make_no_sense_are_refused(world, path, status):
    async with site_of(world) as site:
        await site.upload(b"row\n", upload_id="x")
        assert (await site.http.get(path)).status_code == status


async def test_rejected_rows_leave_harmless_with_their_reasons(world):
    async with site_of(world) as site:
        await site.upload(b'bad =1\nbad "q"\nok\n', {"Prefer": "wait=20"}, upload_id="x")
        answer = await site.http.get("/uploads/x/rejected.csv")
        assert "attachment" in answer.headers["Content-Disposition"]
        assert list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))) == [
            ["title", "_line", "_errors"],
            ["bad =1", "1", "required: bad row"],
            ['bad "q"', "2", "required: bad row"],
        ]


async def test_undo_deletes_what_nobody_edited_and_names_the_rest(world):
    async with site_of(world) as site:
        await site.upload(b"one\ntwo\nthree\n", {"Prefer": "wait=20"}, upload_id="x")
        async with world.store.transaction() as tx:
            fields = EventFields("edited", "", "2025-07-01T10:00:00", "Recife", (), None, 0)
            await tx.events.replace(2, fields, at_ms=1, if_version=None)
        undone = await site.http.post("/uploads/x/undo")
        assert undone.json()["undone"] | {"at": None} == {
            "deleted": 2,
            "kept": 1,
            "kept_ids": [2],
            "at": None,
        }
        changed = (await world.feed("eventos"))[-1]
        assert (changed["reason"], changed["count"]) == ("undo", 2)
        assert (await site.http.post("/uploads/x/undo")).status_code == 409
        assert (await site.http.post("/uploads/x/cancel")).status_code == 409


async def test_another_persons_import_is_not_cancelled_or_undone(world):
    async with site_of(world) as site:
        await site.upload(b"one\n", {"Prefer": "wait=20"}, upload_id="x")
        site.identity = Identity("eva", "editor", "eva")
        assert (await site.http.post("/uploads/x/undo")).status_code == 403
        assert (await site.http.post("/uploads/x/cancel")).status_code == 403
        site.identity = Identity("root", "admin", "root")
        assert (await site.http.post("/uploads/x/undo")).status_code == 200


async def test_the_template_has_the_documented_columns(world):
    async with site_of(world) as site:
        text = (await site.http.get("/uploads/template.csv")).content.decode("utf-8-sig")
        names, row = csv.reader(io.StringIO(text))
        assert names == ["title", "description", "event_date", "city", "participants", "local_info"]
        assert json.loads(row[5])["capacity"] == 300
