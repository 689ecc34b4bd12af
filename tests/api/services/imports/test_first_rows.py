"""What is known of a file before its first row is stored: its encoding, its kind, its columns."""

import anyio
import pytest

from api.parsing.pool import ParserPool
from api.storage.event_packing import pack
from domain.csv.dialect import FIRST_LOOK_BYTES
from tests.api.services.imports.site import site_of

pytestmark = pytest.mark.anyio

HEADER = "title,event_date,city\n"
ACCENTS = "São João,2025-07-01,Ribeirão\n" * 3


def plain(count):
    return "".join(f"Festa {number},2025-07-01,Recife\n" for number in range(count))


@pytest.fixture
async def real(world, monkeypatch):
    """Imports of real files: parsed in this process where they are small."""
    monkeypatch.setattr("domain.files.kinds.DECIDED_BYTES", 64)
    world.limit = 1 << 30
    async with ParserPool("America/Recife", pack).running() as readers:
        world.open_source = readers.open_source
        yield world


OTHERS = {
    "mac_roman": ACCENTS,
    "cp850": ACCENTS,
    "cp1251": "Лекция,2025-07-01,Москва\n" * 3,
}


@pytest.mark.parametrize(
    ("rows", "options"),
    [
        *((rows, {}) for rows in (0, 5, 1_000, 30_000)),
        *((5, options) for options in ({"mode": "atomic"}, {"dry_run": "true"}, {"on_duplicate": "skip"})),
    ],
)
@pytest.mark.parametrize("encoding", OTHERS)
async def test_the_encoding_is_asked_for_before_a_row_is_stored(real, rows, options, encoding):
    content = (HEADER + plain(rows) + OTHERS[encoding]).encode(encoding)
    assert len(content) < FIRST_LOOK_BYTES
    async with site_of(real) as site:
        answer = await site.upload(content, {"Prefer": "wait=60"}, upload_id="x", **options)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "unclear_encoding")
        assert await real.titles() == []
        assert [one for one in await real.feed("eventos") if one["type"] == "events.changed"] == []
        asked = answer.json()["errors"][0]["suggestion"]
        answer = await site.upload(content, {"Prefer": "wait=60"}, encoding=asked, **options)
        assert answer.json()["accepted"] == rows + 3


async def test_rows_that_are_in_before_the_encoding_is_in_doubt_are_taken_out_again(real):
    async with real.process() as imports:
        body = await real.begin("x")
        await body.write((HEADER + plain(3_000)).encode())
        await real.until(body.running, lambda running: running.upload.accepted > 0)
        assert await real.titles() != []
        await body.write(ACCENTS.encode("mac_roman") * 4_000)
        assert (await real.ended(body)).state in ("undoing", "failed")
        upload, has_ended = await imports.outcome("x", None)
        assert (upload.state, upload.error.code, has_ended) == ("failed", "unclear_encoding", True)
        assert (upload.accepted, upload.has_rows_in) == (0, False)
        assert await real.titles() == []
        assert [one["status"] for one in await real.feed() if one["type"] == "finished"] == ["failed"]


async def test_nobody_has_to_ask_for_them_to_be_taken_out(real):
    async with real.process():
        body = await real.begin("x")
        await body.write((HEADER + plain(3_000)).encode())
        await real.until(body.running, lambda running: running.upload.accepted > 0)
        await body.write(ACCENTS.encode("cp850") * 4_000)
        with anyio.fail_after(60):
            while (await real.upload()).state != "failed":  # noqa: ASYNC110 - nobody is told here
                await anyio.sleep(0.02)
        assert await real.titles() == []


async def test_a_fault_of_the_header_goes_ahead_of_the_doubt(real):
    async with site_of(real) as site:
        content = ("nome,dia\n" + plain(5) + ACCENTS).encode("mac_roman")
        answer = await site.upload(content, {"Prefer": "wait=60"})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "missing_columns")


def rows_of(header, count, date="2025-07-01"):
    return header + "".join(f"Festa {number},{date},Recife\n" for number in range(count))


WHOLE = {
    "under 64 bytes": (rows_of(HEADER, 1), 1),
    "names that may mean something else": (rows_of("evento,data,cidade\n", 50), 50),
    "another one of them": (rows_of("Nome;Fecha;Localidad\n".replace(";", ","), 3), 3),
    # What is waited for, so that nothing is guessed.
    "days that may be months": (rows_of(HEADER, 50, "01/07/2025"), 0),
    "a column of numbers so far": ("evento,data,cidade\n" + "1,2025-07-01,Recife\n" * 5, 0),
}


@pytest.mark.parametrize("name", WHOLE)
async def test_rows_that_arrived_whole_are_stored_when_the_body_breaks_off(real, name):
    text, stored = WHOLE[name]
    async with real.process():
        body = await real.begin("x")
        await body.write((text + "Sobra,2025-").encode())
        await body.break_off()
        await real.until(body.running, lambda running: running.upload.state == "interrupted")
        assert (len(await real.titles()), body.running.upload.accepted) == (stored, stored)
