import json
import re

import anyio
import msgspec
import pytest
from litestar import Request

from api.routes.uploads import WAIT_LIMIT_SECONDS, wait_seconds
from api.services.identity import Identity
from domain.ports.errors import StorageFullError, StorageUnavailableError
from tests.api.services.imports.site import BOUNDARY, CLOSING, OPENING, site_of

pytestmark = pytest.mark.anyio

PROBLEM = "application/problem+json"


async def test_an_upload_with_prefer_wait_answers_201_with_counts_and_links(world):
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
            "created": 2,
            "updated": 0,
            "unchanged": 0,
            "skipped": 0,
            "rows_stay": True,
        }


async def test_an_upload_without_preference_answers_202(world):
    async with site_of(world) as site:
        answer = await site.upload(b"row 1\n")
        assert answer.status_code == 202
        assert answer.json()["links"]["self"] == answer.headers["Location"]


async def test_an_action_invalid_in_the_current_state_is_refused_and_changes_nothing(world):
    async with site_of(world) as site:
        body = await world.begin("running")
        await body.write(b"row 1\n")
        await world.until(body.running, lambda running: running.upload.record == 1)
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
        await body.complete()
        assert (await world.ended(body)).state == "completed"


async def test_a_repeated_idempotency_key_returns_the_first_import(world):
    async with site_of(world) as site:
        key = {"Idempotency-Key": "k-1", "Prefer": "wait=20"}
        first = await site.upload(b"row 1\n", key)
        again = await site.upload(b"row 1\n", key)
        assert (first.status_code, again.status_code) == (201, 200)
        assert again.json() == first.json()
        assert await world.titles() == ["row 1"]


@pytest.mark.parametrize(
    ("first", "repeated", "other"),
    [
        ({}, {}, []),
        ({}, {"mode": "partial"}, []),
        ({"mode": "atomic"}, {}, []),
        ({"mode": "atomic"}, {"mode": "atomic"}, []),
        ({"mode": "atomic"}, {"mode": "partial"}, ["mode"]),
        ({}, {"dry_run": "true"}, ["dry_run"]),
        ({}, {"stage": "true"}, ["stage"]),
        ({}, {"upload_id": "other"}, ["upload_id"]),
        ({"upload_id": "x"}, {"upload_id": "x"}, []),
        ({"stage": "true"}, {"stage": "true"}, []),
        ({}, {"mode": "atomic", "delimiter": ";"}, ["delimiter", "mode"]),
    ],
)
@pytest.mark.parametrize("place", ["URL", "before the file", "after the file"])
async def test_a_repeated_key_obeys_no_other_options_and_so_refuses_them(
    world, first, repeated, other, place
):
    key = {"Idempotency-Key": "k-1", "Prefer": "wait=20"}

    async def send(site, options):
        if place == "URL":
            return await site.upload(b"row 1\n", key, **options)
        fields = [(name, (None, value)) for name, value in options.items()]
        file = [("file", ("a.csv", b"row 1\n"))]
        return await site.http.post(
            "/uploads", files=fields + file if place == "before the file" else file + fields, headers=key
        )

    async with site_of(world) as site:
        begun = await site.upload(b"row 1\n", key, **first)
        again = await send(site, repeated)
        assert again.status_code == (422 if other else 200), again.text
        if other:
            errors = again.json()["errors"]
            assert [error["field"] for error in errors] == other
            assert {(error["code"], error["rule"]) for error in errors} == {("late_option", "repeated")}
        else:
            assert again.json()["upload_id"] == begun.json()["upload_id"]
        assert await world.titles() == ([] if first.get("stage") else ["row 1"])


async def test_a_repeated_key_goes_by_the_options_that_a_file_was_staged_with(world):
    async with site_of(world) as site:
        key = {"Idempotency-Key": "k-1"}
        await site.upload(b"row 1\n", key, upload_id="x", stage="true")
        upload = await world.upload()
        await world.imports.start_staged(
            "x", msgspec.structs.replace(upload.options, stage=False, mode="atomic")
        )
        again = await site.upload(b"row 1\n", key, upload_id="x", stage="true")
        other = await site.upload(b"row 1\n", key, upload_id="x", mode="atomic")
        assert (again.status_code, other.status_code) == (200, 422)


async def test_idempotency_keys_of_two_people_are_independent(world):
    async with site_of(world) as site:
        key = {"Idempotency-Key": "k-1", "Prefer": "wait=20"}
        first = await site.upload(b"row 1\n", key)
        site.identity = Identity("eva", "editor", "eva")
        other = await site.upload(b"row 2\n", key)
        assert (first.status_code, other.status_code) == (201, 201)
        assert await world.titles() == ["row 1", "row 2"]


async def test_concurrent_repeats_start_one_import_and_all_get_it(world):
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


async def test_an_empty_file_completes_with_no_rows(world):
    async with site_of(world) as site:
        answer = await site.upload(b"", {"Prefer": "wait=20"})
        assert answer.json()["status"] == "completed"


@pytest.mark.parametrize(
    ("lines", "seconds"),
    [
        ([], None),
        (["wait=20"], 20),
        (["Wait = 20"], 20),
        (['wait="20"'], 20),
        (["wait=20; x=1"], 20),
        (["respond-async, wait=20"], 20),
        (["respond-async", "wait=20"], 20),
        (["handling=lenient, wait=20, return=minimal"], 20),
        (["wait=0"], 0),
        (["wait=99999"], WAIT_LIMIT_SECONDS),
        (["wait=1e9"], None),
        (["wait=1.5"], None),
        (["wait=-1"], None),
        (['wait="20'], None),
        (["wait=20s"], None),
        (["await=20"], None),
        (["wait=" + "9" * 5000], None),
        (["x; wait=20"], None),
    ],
    ids=lambda one: str(one)[:40],
)
def test_wait_is_a_whole_number_on_any_line_of_prefer(lines: list[str], seconds: int | None) -> None:
    headers = [(b"prefer", line.encode()) for line in lines]
    assert wait_seconds(Request({"type": "http", "headers": headers})) == seconds


@pytest.mark.parametrize(
    ("error", "status", "rule"),
    [
        (StorageUnavailableError("away"), 503, "store"),
        (StorageFullError("full"), 507, None),
    ],
)
@pytest.mark.parametrize("is_away_for_long", [False, True])
async def test_an_upload_that_the_store_ends_is_named_with_what_is_kept_of_it(
    world, monkeypatch, error, status, rule, is_away_for_long
):
    async def fails(*_args, **_kwargs):
        raise error

    monkeypatch.setattr("api.services.imports.upload_body.UploadBody.complete", fails)
    if is_away_for_long:
        monkeypatch.setattr("api.services.imports.upload_body.UploadBody.break_off", fails)
    async with site_of(world) as site:
        answer = await site.upload(b"row 1\nrow 2\n", upload_id="x")
        told = answer.json()
        assert (answer.status_code, told.get("rule")) == (status, rule)
        known = told["params"]["offset_bytes"]
        assert known <= 12 if is_away_for_long else known == 12
        assert told["params"] == {"upload_id": "x", "offset_bytes": known, "rows_stay": False}
        assert answer.headers["Upload-Offset"] == str(known)
        assert answer.headers["Location"] == "/api/v1/uploads/x"
        assert "HEAD /api/v1/uploads/x says from where to continue it" in told["detail"]


async def test_an_upload_that_never_began_is_not_named(world, monkeypatch):
    async def fails(*_args, **_kwargs):
        raise StorageUnavailableError("away")

    monkeypatch.setattr("api.services.imports.service.Imports.begin", fails)
    async with site_of(world) as site:
        answer = await site.upload(b"row 1\nrow 2\n", upload_id="x")
        assert answer.status_code == 503
        assert "params" not in answer.json()
        assert "Upload-Offset" not in answer.headers


async def test_the_length_of_a_file_is_told_when_it_is_known(world):
    async with site_of(world) as site:
        # What the length of a form let one expect of its file may be less than came, or more.
        for upload_id, expected in (("less", 10), ("more", 99)):
            body = await world.begin(upload_id, expected)
            await body.write(b"row 1\nrow 2\n")
            await world.until(body.running, lambda running: running.upload.record == 2)
            await body.break_off()
            told = await site.http.head(f"/uploads/{upload_id}")
            assert told.headers["upload-offset"] == "12"
            assert "upload-length" not in told.headers
        assert (await site.upload(b"row 1\nrow 2\n", upload_id="whole")).status_code == 202
        told = await site.http.head("/uploads/whole")
        assert (told.headers["upload-offset"], told.headers["upload-length"]) == ("12", "12")


@pytest.mark.parametrize(
    ("query", "options", "status", "stay"),
    [
        ("", "", "cancelled", True),
        ("?undo=true", "", "undone", False),
        ("", "&dry_run=true", "cancelled", False),
    ],
)
async def test_who_waits_for_an_import_that_is_cancelled_meanwhile_learns_what_stays(
    world, monkeypatch, query, options, status, stay
):
    # Rows are read as they come, and not at the end of the form.
    monkeypatch.setattr("api.routes.uploads_body.HOLD_BYTES", 4)
    async with site_of(world) as site:
        rows = b"row 1\nbad\nrow 2\n"
        whole = OPENING + rows + b"row 3\n" + CLOSING
        head = [
            f"Content-Type: multipart/form-data; boundary={BOUNDARY}",
            f"Content-Length: {len(whole)}",
            "Prefer: wait=20",
        ]
        async with site.raw(head, path=f"/uploads?upload_id=x{options}") as (reader, writer):
            writer.write(OPENING + rows)
            with anyio.fail_after(60):
                while (await site.http.get("/uploads/x")).json().get("rows") != 3:  # noqa: ASYNC110 - across a socket
                    await anyio.sleep(0.01)
            cancelled = await site.http.post(f"/uploads/x/cancel{query}")
            assert (cancelled.status_code, cancelled.json()["status"]) == (200, status)
            writer.write(whole[len(OPENING + rows) :])
            with anyio.fail_after(60):
                answer_head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = int(re.search(r"content-length: (\d+)", answer_head, re.IGNORECASE)[1])
                told = json.loads(await reader.readexactly(length))
        assert " 409 " in answer_head.splitlines()[0]
        assert "location: /api/v1/uploads/x" in answer_head.lower()
        counts = {name: cancelled.json()[name] for name in ("rows", "accepted", "rejected", "created")}
        assert told["rule"] == "cancelled"
        others = dict.fromkeys(("updated", "unchanged", "skipped"), 0)
        said = {"upload_id": "x", "status": status, **counts, **others, "rows_stay": stay}
        if told["params"]["status"] == "undoing":  # The undo goes on, and may keep rows yet.
            said["status"] = "undoing"
            del said["rows_stay"]
        assert told["params"] == said
