"""Files read in another process: the same rows, and a clear word when that process is gone."""

import os
import signal
from zoneinfo import ZoneInfo

import anyio
import msgspec
import pytest
from anyio import to_thread

from api.parsing.pool import IDLE_SECONDS, STANDBY_AFTER_SECONDS, ParserPool
from api.parsing.process import ParserProcess, ParsingFailedError
from api.services.imports.file_source import MOST_REJECTED, FileSource
from api.services.imports.row_source import Checkpoint, ReaderLostError
from api.storage.event_packing import pack
from domain.imports import ImportOptions
from tests.domain.corpus import CASES

ZONE = "America/Recife"
HEADER = b"title,event_date,city\n"

pytestmark = pytest.mark.anyio


def pieces_of(content, size):
    starts = range(0, len(content), size)
    return [(content[start : start + size], start + size >= len(content)) for start in starts]


def told(portion):
    return msgspec.structs.replace(portion, cpu_seconds=0.0)


async def take(source, piece, *, last):
    await source.give(piece, last=last)
    return await source.portion()


async def read_all(source, pieces):
    return [told(await take(source, piece, last=last)) for piece, last in pieces]


async def read_ahead(source, pieces):
    """Read as a job does: where it may, it gives the next piece before it asks for the last portion."""
    portions, owed = [], 0
    for piece, last in pieces:
        if owed > (1 if source.reads_ahead else 0):
            portions.append(told(await source.portion()))
            owed -= 1
        await source.give(piece, last=last)
        owed += 1
    return portions + [told(await source.portion()) for _ in range(owed)]


@pytest.mark.parametrize("read", [read_all, read_ahead])
@pytest.mark.parametrize("here", [0, 50, 10_000_000])
async def test_portions_are_the_same_in_either_process(here, read):
    async with ParserPool(ZONE, pack, read_here_bytes=here).running() as readers:
        for case in CASES.values():
            options = ImportOptions(**case.options)
            pieces = pieces_of(case.content[:200_000], 1_000)
            local = FileSource(options, Checkpoint(), ZoneInfo(ZONE), pack)
            expected = [told(local.take(piece, last=last)) for piece, last in pieces]
            async with readers.open_source(options, Checkpoint()) as source:
                assert await read(source, pieces) == expected


async def test_repeated_rows_are_counted_across_a_change_of_process():
    rows = [b"T%d,2025-07-01,Recife\n" % (number % 40) for number in range(80)]
    small = ParserPool(ZONE, pack, read_here_bytes=500)
    async with small.running(), small.open_source(ImportOptions(), Checkpoint()) as source:
        portions = await read_all(source, pieces_of(HEADER + b"".join(rows), 100))
    assert [warning["count"] for warning in portions[-1].warnings] == [40]


async def test_a_reader_resumes_at_a_checkpoint():
    content = HEADER + b"".join(b"T%d,2025-07-01,Recife\n" % number for number in range(50))
    async with ParserPool(ZONE, pack, read_here_bytes=0).running() as readers:
        async with readers.open_source(ImportOptions(), Checkpoint()) as source:
            first = await take(source, content[:400], last=False)
        behind = Checkpoint(first.offset, first.state)
        async with readers.open_source(ImportOptions(), behind) as source:
            assert source.offset == first.offset
            rest = await take(source, content[first.offset :], last=True)
    assert first.rows.events.count + rest.rows.events.count == 50


async def test_a_process_is_kept_for_the_next_file_and_ends_with_the_server():
    async with ParserPool(ZONE, pack, read_here_bytes=0).running() as readers:
        pids = []
        for _ in range(2):
            async with readers.open_source(ImportOptions(), Checkpoint()) as source:
                await take(source, HEADER, last=True)
                pids.append(source.processes[0].pid)
    assert pids[0] == pids[1]
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


async def test_a_package_named_api_in_the_working_folder_is_ignored(tmp_path, monkeypatch):
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "__init__.py").write_text("raise SystemExit('not ours')")
    monkeypatch.chdir(tmp_path)
    readers = ParserPool(ZONE, pack, read_here_bytes=0)
    async with readers.running(), readers.open_source(ImportOptions(), Checkpoint()) as source:
        assert (await take(source, HEADER, last=True)).ended


async def test_files_are_read_in_the_server_when_no_process_can_be_started(monkeypatch, caplog):
    def refuse():
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("api.parsing.pool.ParserProcess", refuse)
    content = HEADER + b"".join(b"T%d,2025-07-01,Recife\n" % number for number in range(50))
    readers = ParserPool(ZONE, pack, read_here_bytes=300)
    async with readers.running(), readers.open_source(ImportOptions(), Checkpoint()) as source:
        portions = await read_all(source, pieces_of(content, 100))
    assert sum(portion.rows.events.count for portion in portions) == 50
    assert [record.levelname for record in caplog.records] == ["WARNING"]


async def test_a_parser_process_ignores_sigint_and_sigterm():
    readers = ParserPool(ZONE, pack, read_here_bytes=0)
    async with readers.running(), readers.open_source(ImportOptions(), Checkpoint()) as source:
        await take(source, HEADER, last=False)
        for one in (signal.SIGINT, signal.SIGTERM):
            os.kill(source.processes[0].pid, one)
        portion = await take(source, b"T,2025-07-01,Recife\n", last=True)
    assert portion.rows.events.count == 1


async def read_with_a_killed_process(readers):
    async with readers.open_source(ImportOptions(), Checkpoint()) as source:
        await take(source, HEADER, last=False)
        os.kill(source.processes[0].pid, signal.SIGKILL)
        await take(source, b"T,2025-07-01,Recife\n", last=True)


async def test_a_killed_parser_is_reported_and_not_used_again():
    async with ParserPool(ZONE, pack, read_here_bytes=0).running() as readers:
        with pytest.raises(ReaderLostError):
            await read_with_a_killed_process(readers)
        async with readers.open_source(ImportOptions(), Checkpoint()) as source:
            portion = await take(source, HEADER + b"T,2025-07-01,Recife\n", last=True)
            assert portion.rows.events.count == 1


async def lose_with_a_piece_given(readers):
    async with readers.open_source(ImportOptions(), Checkpoint()) as source:
        await take(source, HEADER, last=False)
        process = source.processes[0]
        # Stopped, it can answer nothing of what is given now.
        os.kill(process.pid, signal.SIGSTOP)
        await source.give(b"T,2025-07-01,Recife\n", last=False)
        await source.give(b"U,2025-07-01,Recife\n", last=True)
        os.kill(process.pid, signal.SIGKILL)
        await source.portion()


async def test_losing_a_parser_is_reported_to_everyone_who_waits_for_its_pieces():
    async with ParserPool(ZONE, pack, read_here_bytes=0).running() as readers:
        with anyio.fail_after(60), pytest.raises(ReaderLostError):
            await lose_with_a_piece_given(readers)
        async with readers.open_source(ImportOptions(), Checkpoint()) as source:
            assert (await take(source, HEADER, last=True)).ended


@pytest.mark.parametrize("call", ["give", "portion"])
async def test_a_parser_that_reads_or_answers_nothing_counts_as_lost(call, monkeypatch):
    monkeypatch.setattr("api.parsing.process.ANSWER_SECONDS", 1)
    process = await to_thread.run_sync(ParserProcess)
    try:
        await to_thread.run_sync(process.begin, ImportOptions(), ZONE, Checkpoint())
        os.kill(process.pid, signal.SIGSTOP)
        larger_than_any_buffer = b"x" * 16_000_000
        calls = {"give": lambda: process.give(larger_than_any_buffer, last=True), "portion": process.portion}
        with anyio.fail_after(60), pytest.raises(ReaderLostError):
            await to_thread.run_sync(calls[call])
    finally:
        await to_thread.run_sync(process.end)
    assert not process.is_alive


async def test_an_abandoned_file_leaves_no_portion_for_the_next_file():
    rows = b"".join(b"T%d,2025-07-01,Recife\n" % number for number in range(20_000))
    async with ParserPool(ZONE, pack, read_here_bytes=0).running() as readers:
        async with readers.open_source(ImportOptions(), Checkpoint()) as source:
            await source.give(HEADER + rows, last=False)
            await source.give(rows, last=False)
            await source.portion()
            given_up = source.processes[0].pid
        async with readers.open_source(ImportOptions(), Checkpoint()) as source:
            portion = await take(source, HEADER + b"T,2025-07-01,Recife\n", last=True)
            assert portion.rows.events.count == 1
        with pytest.raises(ProcessLookupError):
            os.kill(given_up, 0)


async def test_an_answer_larger_than_any_buffer_does_not_block_the_next_piece():
    rows = b"".join(b"T%d,2025-07-01,Recife\n" % number for number in range(40_000))
    pieces = [(HEADER + rows, False), (rows, False), (rows, True)]
    readers = ParserPool(ZONE, pack, read_here_bytes=0)
    with anyio.fail_after(60):
        async with readers.running(), readers.open_source(ImportOptions(), Checkpoint()) as source:
            for piece, last in pieces:
                await source.give(piece, last=last)
            counts = [(await source.portion()).rows.events.count for _ in pieces]
    assert counts == [40_000] * 3


async def test_an_exception_in_the_parser_process_is_raised_with_its_traceback():
    async with ParserPool(ZONE, pack, read_here_bytes=0).running() as readers:
        process = await readers.process()
        try:
            await to_thread.run_sync(process.begin, ImportOptions(), ZONE, Checkpoint(state=b"no state"))
            await to_thread.run_sync(lambda: process.give(HEADER, last=True))
            with pytest.raises(ParsingFailedError, match="Traceback"):
                await to_thread.run_sync(process.portion)
        finally:
            await to_thread.run_sync(process.end)


async def standing_by(readers):
    with anyio.fail_after(60):
        while not readers._idle:  # noqa: ASYNC110 - nobody is told of it.
            await anyio.sleep(0.01)
    return [process.pid for process in readers._idle]


async def test_the_standby_process_reads_the_first_file_and_stays(monkeypatch):
    monkeypatch.setattr("api.parsing.pool.STANDBY_AFTER_SECONDS", 0)
    monkeypatch.setattr("api.parsing.pool.IDLE_SECONDS", 0.02)
    async with ParserPool(ZONE, pack, standby=1, read_here_bytes=0).running() as readers:
        (pid,) = await standing_by(readers)
        options = ImportOptions()
        async with (
            readers.open_source(options, Checkpoint()) as first,
            readers.open_source(options, Checkpoint()) as second,
        ):
            assert (await take(first, HEADER, last=True)).ended
            assert (await take(second, HEADER, last=True)).ended
            assert first.processes[0].pid == pid
            both = [first.processes[0], second.processes[0]]
        with anyio.fail_after(60):
            while all(process.is_alive for process in both):  # noqa: ASYNC110 - nobody is told of it.
                await anyio.sleep(0.01)
        (kept,) = [process for process in both if process.is_alive]
        assert readers._idle == [kept]
    assert not kept.is_alive


async def test_a_process_that_a_file_needed_sooner_stands_by(monkeypatch):
    """None is started beside it: everybody comes back at once after a restart, and needs the core."""
    waits = []

    async def wait(seconds):
        waits.append(seconds)
        if len(waits) > 1:
            await anyio.sleep_forever()
        await has_read.wait()

    has_read = anyio.Event()
    pool = ParserPool(ZONE, pack, standby=1, read_here_bytes=0)
    monkeypatch.setattr("api.parsing.pool.anyio.sleep", wait)
    async with pool.running():
        async with pool.open_source(ImportOptions(), Checkpoint()) as source:
            assert not pool._idle
            assert (await take(source, HEADER, last=True)).ended
            (pid,) = [process.pid for process in source.processes]
        has_read.set()
        while len(waits) < 2:
            await anyio.lowlevel.checkpoint()
        assert [process.pid for process in pool._idle] == [pid]
    assert waits == [STANDBY_AFTER_SECONDS, IDLE_SECONDS / 2]


async def test_a_standby_process_that_cannot_start_is_logged(monkeypatch, caplog):
    def refuse():
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("api.parsing.pool.STANDBY_AFTER_SECONDS", 0)
    monkeypatch.setattr("api.parsing.pool.ParserProcess", refuse)
    readers = ParserPool(ZONE, pack, standby=1)
    async with readers.running(), readers.open_source(ImportOptions(), Checkpoint()) as source:
        with anyio.fail_after(60):
            while not caplog.records:  # noqa: ASYNC110 - nobody is told of it.
                await anyio.sleep(0.01)
        assert (await take(source, HEADER, last=True)).ended


@pytest.mark.parametrize("here", [0, 10_000_000])
async def test_a_portion_is_bounded_where_a_quote_never_closes(here):
    lines = 30_000
    content = HEADER + b'"' + b"a;b\n" * lines
    portions = []
    async with ParserPool(ZONE, pack, read_here_bytes=here).running() as readers:
        async with readers.open_source(ImportOptions(), Checkpoint()) as source:
            await source.give(content, last=True)
            while not portions or not portions[-1].ended:
                portions.append(await source.portion())
                assert portions[-1].ended != portions[-1].has_more
        # Nothing is owed: the process reads the next file.
        async with readers.open_source(ImportOptions(), Checkpoint()) as source:
            assert (await take(source, HEADER + b"A,2027-01-01,B\n", last=True)).rows.events.count == 1
    assert len(portions) > 2
    assert all(len(portion.rows.rejected) <= MOST_REJECTED + 1_000 for portion in portions)
    rejected = [row for portion in portions for row in portion.rows.rejected]
    assert [row.record for row in rejected] == list(range(1, lines + 1))
    assert [portion.offset for portion in portions] == sorted(portion.offset for portion in portions)


async def test_reading_goes_on_from_the_state_of_any_portion():
    content = HEADER + b'"' + b"a;b\n" * 25_000
    async with ParserPool(ZONE, pack, read_here_bytes=0).running() as readers:
        async with readers.open_source(ImportOptions(), Checkpoint()) as source:
            await source.give(content, last=True)
            first = await source.portion()
            assert first.has_more
            rest = []
            while not rest or rest[-1].has_more:
                rest.append(await source.portion())
        again = []
        checkpoint = Checkpoint(offset=first.offset, state=first.state)
        async with readers.open_source(ImportOptions(), checkpoint) as source:
            await source.give(content[first.offset :], last=True)
            while not again or again[-1].has_more:
                again.append(await source.portion())
    assert [row for portion in again for row in portion.rows.rejected] == [
        row for portion in rest for row in portion.rows.rejected
    ]
