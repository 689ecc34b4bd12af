"""However an import ends, its feed has the message of the last row that it counted, and then one end."""

import pytest

from api.services.imports.expiry import KEEP_INTERRUPTED_MS
from domain.problems import Problem

pytestmark = pytest.mark.anyio

GOOD = b"".join(b"row %d\n" % number for number in range(1, 1501))
BAD = b"".join(b"bad %d\n" % number for number in range(1, 1501))
TOO_LATE = Problem("mode", "late_option", "too late")


async def cancelled(world, body):
    await world.imports.cancel("x")


async def cancelled_with_its_undo(world, body):
    await world.imports.cancel("x", undo_by="ana")


async def expired(world, body):
    await body.break_off()
    await world.until(body.running, lambda running: running.upload.state == "interrupted")
    world.now_ms += KEEP_INTERRUPTED_MS
    await world.imports._expiry.expire()


async def failed_by_its_file(world, body):
    await body.write(b"\x89PNG\n")
    await world.ended(body)


async def failed_by_a_fault_of_ours(world, body):
    await body.write(b"explode\n")
    await world.ended(body)


async def given_up(world, body):
    await world.imports.give_up(body, TOO_LATE)


async def completed(world, body):
    await body.complete()
    await world.ended(body)


ENDS = [
    (cancelled, "cancelled"),
    (cancelled_with_its_undo, "cancelled"),
    (expired, "failed"),
    (failed_by_its_file, "failed"),
    (failed_by_a_fault_of_ours, "failed"),
    (given_up, "failed"),
    (completed, "completed"),
]


@pytest.mark.parametrize(("end", "status"), ENDS)
@pytest.mark.parametrize(
    "content", [GOOD, BAD, BAD + GOOD, GOOD + BAD], ids=["good", "bad", "bad+good", "good+bad"]
)
@pytest.mark.parametrize("mode", ["partial", "atomic"])
async def test_the_last_row_has_its_message_and_then_the_import_ends_once(
    world, monkeypatch, end, status, content, mode
):
    # None of the rows after the first thousand is due.
    monkeypatch.setattr("api.services.imports.progress.THIN_SECONDS", 1e9)
    rows = content.count(b"\n")
    async with world.process():
        body = await world.begin(mode=mode)
        await body.write(content)
        await world.until(body.running, lambda running: running.upload.record == rows)
        await end(world, body)
        told = await world.feed()
    of_rows = [message for message in told if message["type"] in ("progress", "row_error")]
    last = of_rows[-1]
    assert [message["record"] for message in of_rows] == sorted({message["record"] for message in of_rows})
    assert (last["record"], last["accepted"] + last["rejected"]) == (rows, rows)
    assert last["type"] == ("row_error" if content.endswith(b"bad 1500\n") else "progress")
    finished = [message for message in told if message["type"] == "finished"]
    refused = mode == "atomic" and b"bad" in content and status == "completed"
    assert [message["status"] for message in finished] == ["failed" if refused else status]
    assert told.index(last) < told.index(finished[0])
    assert last["progresso"] < 100 or status == "completed"
    if mode == "atomic" and finished[0]["status"] != "completed":
        assert finished[0]["accepted"] == finished[0]["created"] == 0
