import anyio
import pytest

from api.services.identity import Identity
from tests.api.services.imports.conftest import nothing_staged
from tests.api.services.imports.site import BOUNDARY, CLOSING, OPENING, site_of

pytestmark = pytest.mark.anyio

FORM = f"Content-Type: multipart/form-data; boundary={BOUNDARY}"
CHUNKED = "Transfer-Encoding: chunked"


def chunk(content):
    return b"%x\r\n%b\r\n" % (len(content), content)


async def endless_form():
    yield OPENING
    for _ in range(1000):
        yield b"row\n"
    yield CLOSING


async def status_of(reader):
    with anyio.fail_after(60):
        return int((await reader.readline()).split()[1])


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
async def test_each_form_of_upload_body_is_accepted_or_refused(world, headers, content, status):
    async with site_of(world) as site:
        answer = await site.http.post("/uploads", content=content, headers=headers)
        assert answer.status_code == status
        assert (answer.headers["Content-Type"] == "application/problem+json") == (status >= 400)


async def test_two_files_in_one_form_are_refused_and_the_import_ends(world):
    async with site_of(world) as site:
        files = [("file", ("a", b"row 1\n")), ("file", ("b", b"row 2\n"))]
        answer = await site.http.post("/uploads?upload_id=x", files=files)
        assert answer.status_code == 400
        assert (await world.upload()).error.code == "two_files"


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
        await nothing_staged(world.store)


async def test_continue_100_is_sent_only_for_a_valid_head(world):
    async with site_of(world) as site:
        expects = "Expect: 100-continue"
        async with site.raw([FORM, expects, "Content-Length: 10"]) as (reader, _):
            assert await status_of(reader) == 100
        async with site.raw(["Content-Type: text/csv", expects, "Content-Length: 10"]) as (reader, _):
            assert await status_of(reader) == 415


async def test_rows_of_a_larger_file_are_stored_while_the_body_stalls(world, monkeypatch):
    monkeypatch.setattr("api.routes.uploads_body.HOLD_BYTES", 80)
    titles = [f"row {number}" for number in range(10, 30)]
    async with site_of(world) as site, site.raw([FORM, CHUNKED], path="/uploads?upload_id=x") as raw:
        reader, writer = raw
        for byte in OPENING + "\n".join([*titles, "ro"]).encode():
            writer.write(chunk(bytes([byte])))
        with anyio.fail_after(60):
            while await world.titles() != titles:  # noqa: ASYNC110  # across a socket
                await anyio.sleep(0.005)
        writer.write(chunk(b"w 3" + CLOSING) + b"0\r\n\r\n")
        assert await status_of(reader) == 202


async def test_no_row_of_a_small_file_is_stored_before_its_form_ends(world):
    async with site_of(world) as site, site.raw([FORM, CHUNKED], path="/uploads?upload_id=x") as raw:
        reader, writer = raw
        writer.write(chunk(OPENING + b"row 1\nrow 2"))
        with anyio.fail_after(60):
            while (await site.http.head("/uploads/x")).headers.get("Upload-Offset") != "11":  # noqa: ASYNC110
                await anyio.sleep(0.005)
        late = (
            CLOSING.removesuffix(b"--\r\n") + b'\r\nContent-Disposition: form-data; name="dry_run"\r\n\r\n1'
        )
        writer.write(chunk(late) + chunk(CLOSING) + b"0\r\n\r\n")
        assert await status_of(reader) == 202
        with anyio.fail_after(60):
            while (await world.upload()).state != "completed":  # noqa: ASYNC110  # across a socket
                await anyio.sleep(0.005)
        assert await world.titles() == []


@pytest.mark.parametrize("is_read", [False, True])
@pytest.mark.parametrize(
    ("repairs_of", "status", "code"),
    [("unknown", 404, "not_found"), ("whole", 409, "wrong_state"), ("kept", 409, "wrong_state")],
)
async def test_nothing_stays_of_a_request_whose_late_repairs_of_is_refused(
    world, monkeypatch, is_read, repairs_of, status, code
):
    if is_read:
        monkeypatch.setattr("api.routes.uploads_body.HOLD_BYTES", 80)
    titles = [f"row {number}" for number in range(10, 30)]
    async with site_of(world) as site:
        await site.upload(b"bad 1\n", {"Prefer": "wait=20"}, upload_id="whole", mode="atomic")
        await site.upload(b"bad 1\n", upload_id="kept", stage="true")
        async with site.raw([FORM, CHUNKED], path="/uploads?upload_id=x") as (reader, writer):
            writer.write(chunk(OPENING + "\n".join([*titles, "ro"]).encode()))
            with anyio.fail_after(60):
                while (await site.http.head("/uploads/x")).headers.get("Upload-Offset") != "142":  # noqa: ASYNC110
                    await anyio.sleep(0.005)
                while is_read and await world.titles() != titles:  # noqa: ASYNC110  # across a socket
                    await anyio.sleep(0.005)
            late = f'Content-Disposition: form-data; name="repairs_of"\r\n\r\n{repairs_of}'.encode()
            writer.write(chunk(CLOSING.removesuffix(b"--\r\n") + b"\r\n" + late) + chunk(CLOSING))
            writer.write(b"0\r\n\r\n")
            assert await status_of(reader) == (422 if is_read else status)
        code = "late_option" if is_read else code
        upload = await world.upload()
        assert (upload.state, upload.accepted, upload.has_rows_in) == ("failed", 0, False)
        assert (upload.error.code, upload.bytes_received) == (code, 142)
        assert (await world.titles(), await world.rejected()) == ([], [])
        ends = [one["error"]["code"] for one in await world.feed() if one["type"] == "finished"]
        assert ends == [code]


async def test_a_body_that_breaks_off_can_be_resumed_from_its_offset(world):
    async with site_of(world) as site:
        content = OPENING + b"row 1\nro"
        async with site.raw([FORM, "Content-Length: 1000"], path="/uploads?upload_id=x") as (_, writer):
            writer.write(content)
            await writer.drain()
            with anyio.fail_after(60):
                while (await site.http.head("/uploads/x")).headers.get("Upload-Offset") != "8":  # noqa: ASYNC110
                    await anyio.sleep(0.005)
        with anyio.fail_after(60):
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


@pytest.mark.parametrize(
    "given", [{"dry_run": "true"}, {"mode": "atomic"}, {"delimiter": ";", "mode": "partial"}]
)
@pytest.mark.parametrize("place", ["url", "form before", "form after"])
async def test_a_body_that_resumes_with_other_options_is_told_to_send_the_first_ones(world, given, place):
    async with site_of(world) as site:
        whole = OPENING + b"row 1\nro"
        headers = {"Content-Type": FORM.split(": ", 1)[1]}
        await site.http.post("/uploads?upload_id=x&mode=partial", content=whole, headers=headers)
        fields = "".join(
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
            for name, text in given.items()
        ).encode()
        content = OPENING + b"w 2\n\r\n"
        content = fields + content if place == "form before" else content
        content = content + fields if place == "form after" else content
        answer = await site.http.post(
            "/uploads",
            params={"upload_id": "x"} | (given if place == "url" else {}),
            content=content + f"--{BOUNDARY}--\r\n".encode(),
            headers=headers | {"Upload-Offset": "8"},
        )
        told = [(one["code"], one.get("rule"), one["field"]) for one in answer.json()["errors"]]
        changed = next(name for name in given if given[name] != "partial")
        assert (answer.status_code, told) == (422, [("late_option", "resumed", changed)])
        assert "send the same options as the first request" in answer.json()["detail"]


async def test_a_body_without_its_last_boundary_is_kept_and_reported(world):
    async with site_of(world) as site:
        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        answer = await site.http.post("/uploads?upload_id=x", content=OPENING + b"row 1\n", headers=headers)
        assert (answer.status_code, answer.headers["Upload-Offset"]) == (400, "6")
