import base64
from email.utils import parsedate_to_datetime

import anyio
import pytest

from api.services.identity import Identity
from tests.api.services.imports.conftest import HOUR_MS
from tests.api.services.imports.site import site_of
from tests.serving import serving

pytestmark = pytest.mark.anyio

TUS = {"Tus-Resumable": "1.0.0"}
BYTES = TUS | {"Content-Type": "application/offset+octet-stream"}


def metadata(**texts):
    return ",".join(f"{key} {base64.b64encode(text.encode()).decode()}" for key, text in texts.items())


async def create(site, length, **texts):
    headers = TUS | {"Upload-Length": str(length), "Upload-Metadata": metadata(upload_id="x", **texts)}
    return await site.http.post("/uploads/tus", headers=headers)


async def send(site, content, offset, **headers):
    return await site.http.patch(
        "/uploads/tus/x", content=content, headers=BYTES | {"Upload-Offset": str(offset)} | headers
    )


async def ended(world, state="completed"):
    with anyio.fail_after(60):
        while (await world.upload()).state != state:  # noqa: ASYNC110  # across a socket
            await anyio.sleep(0.005)


async def test_options_returns_version_and_extensions(world):
    async with site_of(world) as site:
        answer = await site.http.options("/uploads/tus")
        assert answer.status_code == 204
        assert answer.headers["Tus-Version"] == "1.0.0"
        assert answer.headers["Tus-Extension"] == "creation,creation-with-upload,expiration,termination"
        assert answer.headers["Tus-Max-Size"] == str(world.limit)


async def test_an_upload_in_three_patches_is_one_import(world):
    async with site_of(world) as site:
        created = await create(site, 18, filename="agenda.csv")
        assert created.status_code == 201
        assert created.headers["Location"] == "/api/v1/uploads/tus/x"
        assert "Upload-Expires" in created.headers
        assert (await send(site, b"row 1\nro", 0)).headers["Upload-Offset"] == "8"
        told = await site.http.head("/uploads/tus/x", headers=TUS)
        assert (told.headers["Upload-Offset"], told.headers["Upload-Length"]) == ("8", "18")
        assert told.headers["Cache-Control"] == "no-store"
        assert (await send(site, b"w 2\n", 8)).status_code == 204
        assert (await send(site, b"row 3\n", 12)).headers["Upload-Offset"] == "18"
        await ended(world)
        assert await world.titles() == ["row 1", "row 2", "row 3"]
        assert (await world.upload()).filename == "agenda.csv"
        told = await site.http.head("/uploads/tus/x", headers=TUS)
        assert told.headers["Upload-Offset"] == "18"


async def test_rows_are_stored_between_two_patches(world):
    async with site_of(world) as site:
        await create(site, 12)
        await send(site, b"row 1\n", 0)
        with anyio.fail_after(60):
            while await world.titles() != ["row 1"]:  # noqa: ASYNC110  # across a socket
                await anyio.sleep(0.005)
        assert (await world.upload()).state == "receiving"
        await send(site, b"row 2\n", 6)
        await ended(world)


async def test_creation_with_upload_stores_the_first_bytes(world):
    async with site_of(world) as site:
        headers = BYTES | {"Upload-Length": "6", "Upload-Metadata": metadata(upload_id="x")}
        created = await site.http.post("/uploads/tus", headers=headers, content=b"row 1\n")
        assert created.headers["Upload-Offset"] == "6"
        await ended(world)


async def test_an_empty_upload_is_complete_at_once(world):
    async with site_of(world) as site:
        await create(site, 0)
        await ended(world)


@pytest.mark.parametrize(
    ("headers", "content", "status"),
    [
        ({"Upload-Offset": "3"}, b"x", 409),
        ({"Upload-Offset": "-1"}, b"x", 400),
        ({"Upload-Offset": "0", "Content-Type": "text/csv"}, b"x", 415),
        ({"Upload-Offset": "0", "Tus-Resumable": "0.2.2"}, b"x", 412),
        ({"Upload-Offset": "0"}, b"x" * 99, 413),
    ],
)
async def test_an_invalid_patch_is_refused(world, headers, content, status):
    async with site_of(world) as site:
        await create(site, 12)
        answer = await site.http.patch("/uploads/tus/x", content=content, headers=BYTES | headers)
        assert answer.status_code == status
        assert answer.headers["Tus-Resumable"] == "1.0.0"
        told = await site.http.head("/uploads/tus/x", headers=TUS)
        assert told.headers["Upload-Offset"] == "0"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 400),
        ({"Upload-Length": "x"}, 400),
        ({"Upload-Defer-Length": "1"}, 400),
        ({"Upload-Length": "9", "Upload-Metadata": "mode !"}, 400),
        ({"Upload-Length": "9", "Upload-Metadata": metadata(mode="some")}, 422),
        ({"Upload-Length": "99999999999"}, 413),
        ({"Upload-Length": "9", "Tus-Resumable": "2.0.0"}, 412),
    ],
)
async def test_an_invalid_creation_is_refused(world, headers, status):
    async with site_of(world) as site:
        assert (await site.http.post("/uploads/tus", headers=TUS | headers)).status_code == status


@pytest.mark.parametrize(
    ("version", "code"),
    [(None, "required"), ("0.2.2", "unknown_value"), ("", "unknown_value"), ("x" * 500, "unknown_value")],
)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/uploads/tus"), ("PATCH", "/uploads/tus/x"), ("DELETE", "/uploads/tus/x")]
)
async def test_another_version_of_tus_is_told_which_one_is_spoken(world, method, path, version, code):
    """Source: tus 1.0, Tus-Version: 412, and the request is not processed."""
    async with site_of(world) as site:
        await create(site, 6)
        headers = BYTES | {"Upload-Length": "6", "Upload-Offset": "0"} | {"Tus-Resumable": version}
        sent = {name: value for name, value in headers.items() if value is not None}
        answer = await site.http.request(method, path, headers=sent)
        assert (answer.status_code, answer.headers["Tus-Version"]) == (412, "1.0.0")
        told = answer.json()
        assert (told["type"], told["title"]) == ("/problems/tus-version", "Another version of tus")
        (error,) = told["errors"]
        shown = None if version is None else version[:80]
        assert (error["field"], error["code"], error["value"]) == ("Tus-Resumable", code, shown)
        assert error["message"].startswith("Tus-Resumable must be 1.0.0")
        assert (await site.http.head("/uploads/tus/x", headers=TUS)).headers["Upload-Offset"] == "0"


NOT_OFFERED = [
    ({"Upload-Concat": "partial"}, 400, "without parallel uploads"),
    ({"Upload-Concat": "final;/api/v1/uploads/tus/a /api/v1/uploads/tus/b"}, 400, "Upload-Concat"),
    ({"Upload-Checksum": "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0="}, 400, "Upload-Checksum"),
    ({"Upload-Defer-Length": "1"}, 400, "Upload-Defer-Length"),
    ({"Upload-Complete": "?0"}, 400, "Upload-Complete"),
    ({"Content-Range": "bytes 0-5/6"}, 400, "Upload-Offset"),
    ({"Content-Encoding": "gzip"}, 415, "Content-Encoding"),
    ({"X-HTTP-Method-Override": "DELETE"}, 400, "X-HTTP-Method-Override"),
]
"""Of requests that are complete without: each gives the body, or the request, another meaning."""


@pytest.mark.parametrize(("headers", "status", "told"), NOT_OFFERED)
async def test_what_is_not_offered_is_refused_and_nothing_is_created(world, headers, status, told):
    async with site_of(world) as site:
        good = BYTES | {"Upload-Length": "6", "Upload-Metadata": metadata(upload_id="x")}
        answer = await site.http.post("/uploads/tus", content=b"row 1\n", headers=good | headers)
        assert (answer.status_code, told in answer.json()["detail"]) == (status, True)
        assert (await site.http.head("/uploads/tus/x", headers=TUS)).status_code == 404
        assert (await create(site, 6)).status_code == 201
        answer = await send(site, b"row 1\n", 0, **headers)
        assert (answer.status_code, told in answer.json()["detail"]) == (status, True)
        assert (await site.http.head("/uploads/tus/x", headers=TUS)).headers["Upload-Offset"] == "0"
        same = {"Content-Encoding": "identity", "X-HTTP-Method-Override": "PATCH", "Upload-Length": "6"}
        assert (await send(site, b"row 1\n", 0, **same)).status_code == 204
        await ended(world)


@pytest.mark.parametrize(
    "headers",
    [{"Upload-Length": "7"}, {"Upload-Metadata": metadata(upload_id="x", dry_run="true")}],
)
async def test_a_patch_cannot_contradict_the_creation(world, headers):
    async with site_of(world) as site:
        await create(site, 6)
        assert (await send(site, b"row 1\n", 0, **headers)).status_code == 400
        assert (await site.http.head("/uploads/tus/x", headers=TUS)).headers["Upload-Offset"] == "0"


@pytest.mark.parametrize(
    "lines",
    [
        ["dry_run dHJ1ZQ== ZmFsc2U="],
        ["dry_run dHJ1ZQ==,dry_run ZmFsc2U="],
        ["dry_run dHJ1ZQ==", "dry_run ZmFsc2U="],
        ["dry_run dHJ1ZQ"],
        ["dry_run dHJ1\xa0ZQ=="],
        ["dry_run true!"],
    ],
)
async def test_malformed_metadata_is_refused(world, lines):
    async with site_of(world) as site:
        head = ["Tus-Resumable: 1.0.0", "Upload-Length: 9", "Content-Length: 0", "Connection: close"]
        head += [f"Upload-Metadata: {line}" for line in lines]
        async with site.raw(head, path="/uploads/tus") as (reader, _):
            answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("upload_id eA==, dry_run dHJ1ZQ==", (True, "")),
        ("upload_id eA==,dry_run\tdHJ1ZQ== , ,filename YS5jc3Y=", (True, "a.csv")),
        ("upload_id eA==,filename", (False, "")),
    ],
)
async def test_metadata_may_have_blanks_and_keys_without_a_value(world, value, read):
    async with site_of(world) as site:
        headers = TUS | {"Upload-Length": "9", "Upload-Metadata": value}
        assert (await site.http.post("/uploads/tus", headers=headers)).status_code == 201
        upload = await world.upload()
        assert (upload.options.dry_run, upload.filename) == read


@pytest.mark.parametrize("length", [0, 5])
async def test_a_body_longer_than_announced_creates_nothing(world, length):
    async with site_of(world) as site:
        headers = BYTES | {"Upload-Length": str(length), "Upload-Metadata": metadata(upload_id="x")}
        refused = await site.http.post("/uploads/tus", headers=headers, content=b"row 1\n")
        assert refused.status_code == 413
        assert (await site.http.head("/uploads/tus/x", headers=TUS)).status_code == 404
        assert (await create(site, 6)).status_code == 201


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("OPTIONS", "/uploads/tus", {}, 204),
        ("POST", "/uploads/tus", {"Tus-Resumable": "0.2.2"}, 412),
        ("POST", "/uploads/tus", {"Upload-Length": "9", "Upload-Metadata": metadata(mode="some")}, 422),
        ("POST", "/uploads/tus?mode=some", {"Upload-Length": "9"}, 422),
        ("POST", "/uploads/tus/x", {}, 405),
        ("GET", "/uploads/tus", {}, 405),
        ("PUT", "/uploads/tus/x", {}, 405),
        ("HEAD", "/uploads/tus/nowhere", {}, 404),
        ("GET", "/uploads/tus/x/y", {}, 404),
    ],
)
async def test_every_answer_names_the_version(world, method, path, headers, status):
    async with site_of(world) as site:
        answer = await site.http.request(method, path, headers=TUS | headers)
        assert answer.status_code == status
        assert answer.headers.get_list("Tus-Resumable") == ["1.0.0"]


async def test_answers_that_no_route_gives_name_the_version(tmp_path):
    async with serving(tmp_path, auth="token", calls_per_minute=2) as served, served.client() as http:
        path, seen = "/api/v1/uploads/tus/x", []
        for headers in [
            {},
            {},
            {},
            {"Host": "elsewhere.example"},
            {"Cookie": "a=b", "Origin": "http://x.example"},
        ]:
            answer = await http.patch(path, headers=BYTES | {"Upload-Offset": "0"} | headers)
            assert answer.headers.get_list("Tus-Resumable") == ["1.0.0"]
            seen.append(answer.status_code)
        assert {401, 421, 403} <= set(seen)
        assert "Tus-Resumable" not in (await http.get("/api/v1/uploads")).headers


async def test_termination_cancels_the_import(world):
    async with site_of(world) as site:
        await create(site, 12)
        await send(site, b"row 1\n", 0)
        with anyio.fail_after(60):
            while (await world.upload()).record < 1:  # noqa: ASYNC110 - the store sends no events
                await anyio.sleep(0.01)
        site.identity = Identity("eva", "editor", "eva")
        assert (await site.http.delete("/uploads/tus/x", headers=TUS)).status_code == 403
        site.identity = Identity("ana", "editor", "ana")
        assert (await site.http.delete("/uploads/tus/x", headers=TUS)).status_code == 204
        assert (await world.upload()).state == "cancelled"
        assert (await site.http.delete("/uploads/tus/x", headers=TUS)).status_code == 410
        assert (await site.http.head("/uploads/tus/x", headers=TUS)).status_code == 410
        assert (await send(site, b"row 2\n", 6)).status_code == 410
        assert await world.titles() == ["row 1"]


async def test_an_abandoned_upload_answers_410(world):
    async with site_of(world) as site:
        created = await create(site, 12)
        assert parsedate_to_datetime(created.headers["Upload-Expires"]).timestamp() == pytest.approx(
            world.now_ms / 1000 + 24 * 60 * 60, abs=1
        )
        await send(site, b"row 1\n", 0)
        await world.until(
            world.imports._held.get("x"), lambda running: running.upload.record == 1 and not running.at_work
        )
        world.now_ms += 25 * HOUR_MS
        await world.imports._expiry.expire()
        answer = await send(site, b"row 2\n", 6)
        assert (answer.status_code, answer.headers["Tus-Resumable"]) == (410, "1.0.0")
        assert "24 hours" in answer.json()["detail"]
        assert (await site.http.head("/uploads/tus/x", headers=TUS)).status_code == 410
        assert await world.titles() == ["row 1"]


async def test_a_finished_upload_cannot_be_appended_to_or_terminated(world):
    async with site_of(world) as site:
        await create(site, 6)
        await send(site, b"row 1\n", 0)
        await ended(world)
        had = await site.http.head("/uploads/tus/x", headers=TUS)
        assert (had.status_code, had.headers["Upload-Offset"], had.headers["Upload-Length"]) == (
            200,
            "6",
            "6",
        )
        assert (await send(site, b"x", 6)).status_code == 409
        assert (await site.http.delete("/uploads/tus/x", headers=TUS)).status_code == 409
        assert (await site.http.head("/uploads/tus/nowhere", headers=TUS)).status_code == 404
        assert (await world.upload()).state == "completed"


async def test_a_post_acts_as_the_method_that_overrides_it(world):
    async with site_of(world) as site:
        await create(site, 12)

        async def act(method, content=b"", **headers):
            headers = BYTES | {"X-HTTP-Method-Override": method} | headers
            return await site.http.post("/uploads/tus/x", content=content, headers=headers)

        sent = await act("PATCH", b"row 1\n", **{"Upload-Offset": "0"})
        assert (sent.status_code, sent.headers["Upload-Offset"]) == (204, "6")
        told, really = await act("HEAD"), await site.http.head("/uploads/tus/x", headers=TUS)
        assert (told.status_code, told.content) == (200, b"")
        names = ("Upload-Offset", "Upload-Length", "Upload-Metadata", "Upload-Expires", "Cache-Control")
        assert [told.headers[name] for name in names] == [really.headers[name] for name in names]
        assert (await act("POST")).status_code == 405
        assert (await act("DELETE")).status_code == 204
        assert (await world.upload()).state == "cancelled"
        assert (await act("HEAD")).status_code == 410


@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE"])
async def test_an_override_of_another_method_than_post_is_refused(world, method):
    async with site_of(world) as site:
        await create(site, 6)
        other = "PATCH" if method != "PATCH" else "DELETE"
        headers = BYTES | {"Upload-Offset": "0", "X-HTTP-Method-Override": other}
        assert (await site.http.request(method, "/uploads/tus/x", headers=headers)).status_code == 400
        headers["X-HTTP-Method-Override"] = method.lower()
        assert (await site.http.request(method, "/uploads/tus/x", headers=headers)).is_success


@pytest.mark.parametrize("rest", [b"", b"row 2\n", b"row 2\nrow 3\n"], ids=["silent", "more", "all"])
@pytest.mark.parametrize("creates", [False, True])
async def test_a_body_whose_upload_is_cancelled_meanwhile_gets_410(world, rest, creates):
    async with site_of(world) as site:
        head = ["Tus-Resumable: 1.0.0", "Content-Type: application/offset+octet-stream", "Content-Length: 18"]
        if creates:
            head += ["Upload-Length: 18", f"Upload-Metadata: {metadata(upload_id='x')}"]
            where = {"path": "/uploads/tus", "method": "POST"}
        else:
            await create(site, 18)
            head += ["Upload-Offset: 0"]
            where = {"path": "/uploads/tus/x", "method": "PATCH"}
        async with site.raw(head, **where) as (reader, writer):
            writer.write(b"row 1\n")
            with anyio.fail_after(60):
                while not await world.titles():  # noqa: ASYNC110  # across a socket
                    await anyio.sleep(0.005)
                assert (await site.http.delete("/uploads/tus/x", headers=TUS)).status_code == 204
                writer.write(rest)
                answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 410 ")
        assert (await world.upload()).state == "cancelled"


async def test_a_patch_that_breaks_off_keeps_the_received_bytes(world):
    async with site_of(world) as site:
        await create(site, 1000)
        head = [
            "Tus-Resumable: 1.0.0",
            "Content-Type: application/offset+octet-stream",
            "Upload-Offset: 0",
            "Content-Length: 1000",
        ]
        async with site.raw(head, path="/uploads/tus/x", method="PATCH") as (_, writer):
            writer.write(b"row 1\nro")
            await writer.drain()
            with anyio.fail_after(60):
                while not await world.titles():  # noqa: ASYNC110  # across a socket
                    await anyio.sleep(0.005)
        await ended(world, "interrupted")
        told = await site.http.head("/uploads/tus/x", headers=TUS)
        assert told.headers["Upload-Offset"] == "8"
        rest = b"w 2\n".ljust(992, b"\n")
        assert (await send(site, rest, 8)).status_code == 204
        await ended(world)
        assert (await world.titles())[:2] == ["row 1", "row 2"]


async def test_head_returns_the_upload_metadata_unchanged(world):
    async with site_of(world) as site:
        created = await create(site, 6, filename="agenda.csv", filetype="text/csv")
        assert (created.status_code, created.content) == (201, b"")
        told = await site.http.head("/uploads/tus/x", headers=TUS)
        sent = metadata(upload_id="x", filename="agenda.csv", filetype="text/csv")
        assert told.headers["Upload-Metadata"] == sent
        await send(site, b"row 1\n", 0)
        await ended(world)
        told = await site.http.head("/uploads/tus/x", headers=TUS)
        assert told.headers["Upload-Metadata"] == sent


async def test_an_empty_patch_at_the_end_gets_the_same_answer_again(world):
    async with site_of(world) as site:
        await create(site, 6)
        assert (await send(site, b"row 1\n", 0)).status_code == 204
        for _ in range(2):
            again = await send(site, b"", 6)
            assert (again.status_code, again.headers["Upload-Offset"]) == (204, "6")
            await ended(world)

        async def nothing():
            yield b""

        assert (await send(site, nothing(), 6)).status_code == 204
        assert (await send(site, b"row 2\n", 6)).status_code == 409
        assert (await send(site, b"", 3)).status_code == 409
        assert await world.titles() == ["row 1"]
