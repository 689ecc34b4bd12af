"""Files read in another process: the same rows, and a clear word when that process is gone."""

import os
import signal
from zoneinfo import ZoneInfo

import msgspec
import pytest
from anyio import to_thread

from api.reading.process import ReadingFailedError
from api.reading.readers import Readers
from api.services.imports.csv_source import CsvSource
from api.services.imports.portions import Checkpoint, ReaderLostError
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


async def read_all(source, pieces):
    return [told(await source.take(piece, last=last)) for piece, last in pieces]


@pytest.mark.parametrize("here", [0, 50, 10_000_000])
async def test_wherever_a_file_is_read_its_portions_are_the_same(here):
    async with Readers(ZONE, pack, read_here_bytes=here).running() as readers:
        for case in CASES.values():
            options = ImportOptions(**case.options)
            pieces = pieces_of(case.content[:200_000], 1_000)
            local = CsvSource(options, Checkpoint(), ZoneInfo(ZONE), pack)
            expected = [told(local.take(piece, last=last)) for piece, last in pieces]
            async with readers.open_source(options, Checkpoint()) as source:
                assert await read_all(source, pieces) == expected


async def test_repeats_are_known_across_the_change_of_process():
    rows = [b"T%d,2025-07-01,Recife\n" % (number % 40) for number in range(80)]
    small = Readers(ZONE, pack, read_here_bytes=500)
    async with small.running(), small.open_source(ImportOptions(), Checkpoint()) as source:
        portions = await read_all(source, pieces_of(HEADER + b"".join(rows), 100))
    assert [warning["count"] for warning in portions[-1].warnings] == [40]


async def test_a_reader_goes_on_at_a_checkpoint():
    content = HEADER + b"".join(b"T%d,2025-07-01,Recife\n" % number for number in range(50))
    async with Readers(ZONE, pack, read_here_bytes=0).running() as readers:
        async with readers.open_source(ImportOptions(), Checkpoint()) as source:
            first = await source.take(content[:400], last=False)
        behind = Checkpoint(first.offset, first.state)
        async with readers.open_source(ImportOptions(), behind) as source:
            assert source.offset == first.offset
            rest = await source.take(content[first.offset :], last=True)
    assert first.rows.events.count + rest.rows.events.count == 50


async def test_a_process_is_kept_for_the_next_file_and_ends_with_the_server():
    async with Readers(ZONE, pack, read_here_bytes=0).running() as readers:
        pids = []
        for _ in range(2):
            async with readers.open_source(ImportOptions(), Checkpoint()) as source:
                await source.take(HEADER, last=True)
                pids.append(source.processes[0].pid)
    assert pids[0] == pids[1]
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


async def test_another_api_in_the_working_folder_is_not_mistaken_for_ours(tmp_path, monkeypatch):
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "__init__.py").write_text("raise SystemExit('not ours')")
    monkeypatch.chdir(tmp_path)
    readers = Readers(ZONE, pack, read_here_bytes=0)
    async with readers.running(), readers.open_source(ImportOptions(), Checkpoint()) as source:
        assert (await source.take(HEADER, last=True)).ended


async def test_where_no_process_can_be_started_files_are_read_all_the_same(monkeypatch, caplog):
    def refuse():
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("api.reading.readers.ReadingProcess", refuse)
    content = HEADER + b"".join(b"T%d,2025-07-01,Recife\n" % number for number in range(50))
    readers = Readers(ZONE, pack, read_here_bytes=300)
    async with readers.running(), readers.open_source(ImportOptions(), Checkpoint()) as source:
        portions = await read_all(source, pieces_of(content, 100))
    assert sum(portion.rows.events.count for portion in portions) == 50
    assert [record.levelname for record in caplog.records] == ["WARNING"]


async def test_signals_for_the_whole_service_leave_the_end_to_the_server():
    readers = Readers(ZONE, pack, read_here_bytes=0)
    async with readers.running(), readers.open_source(ImportOptions(), Checkpoint()) as source:
        await source.take(HEADER, last=False)
        for one in (signal.SIGINT, signal.SIGTERM):
            os.kill(source.processes[0].pid, one)
        portion = await source.take(b"T,2025-07-01,Recife\n", last=True)
    assert portion.rows.events.count == 1


async def read_with_a_killed_process(readers):
    async with readers.open_source(ImportOptions(), Checkpoint()) as source:
        await source.take(HEADER, last=False)
        os.kill(source.processes[0].pid, signal.SIGKILL)
        await source.take(b"T,2025-07-01,Recife\n", last=True)


async def test_a_killed_reader_is_told_and_not_used_again():
    async with Readers(ZONE, pack, read_here_bytes=0).running() as readers:
        with pytest.raises(ReaderLostError):
            await read_with_a_killed_process(readers)
        async with readers.open_source(ImportOptions(), Checkpoint()) as source:
            portion = await source.take(HEADER + b"T,2025-07-01,Recife\n", last=True)
            assert portion.rows.events.count == 1


async def test_a_fault_of_the_reader_comes_back_with_its_traceback():
    async with Readers(ZONE, pack, read_here_bytes=0).running() as readers:
        process = await readers.process()
        try:
            await to_thread.run_sync(process.begin, ImportOptions(), ZONE, Checkpoint(state=b"no state"))
            with pytest.raises(ReadingFailedError, match="Traceback"):
                await to_thread.run_sync(lambda: process.take(HEADER, last=True))
        finally:
            await to_thread.run_sync(process.end)
