"""A reader of the simplest file there is, one title a line, for tests of the job around it."""

from collections import deque
from contextlib import asynccontextmanager

import msgspec

from api.services.imports.row_source import Digest, FileFacts, Portion
from api.storage.event_packing import pack
from domain.events import EventFields
from domain.problems import Problem
from domain.rows.row_batch import RowBatch
from domain.rows.row_parser import Row

DIALECT = {"encoding": "utf-8"}
COLUMNS = [{"name": "title", "field": "title"}]


def digested(rows):
    digest = Digest(pack)
    digest.add(RowBatch.of(rows))
    return digest.rows()


@asynccontextmanager
async def open_source(options, checkpoint):
    record, knows = msgspec.json.decode(checkpoint.state) if checkpoint.state else (0, False)
    yield PlainRows(checkpoint.offset, record, knows)


class PlainRows:
    reads_ahead = False

    def __init__(self, offset, record, knows):
        self.offset = offset
        self._read_up_to = self._row_start = offset
        self._record = record
        self._knows = knows
        self._tail = b""
        self._given = deque()

    async def give(self, piece, *, last):
        self.offset += len(piece)
        self._given.append((piece, last))

    async def portion(self):
        piece, last = self._given.popleft()
        if b"explode" in piece:
            raise RuntimeError("a fault of the reader")
        self._read_up_to += len(piece)
        *lines, self._tail = (self._tail + piece).split(b"\n")
        if last and self._tail:
            lines.append(self._tail)
        rows = [self._row(line.decode(errors="replace")) for line in lines]
        facts = None
        fault = Problem("", "not_text", "no text") if b"\x89PNG" in piece else None
        if fault:
            return Portion(digested([]), self._read_up_to, b"", fault=fault)
        if rows and not self._knows:
            self._knows, facts = True, FileFacts(DIALECT, COLUMNS)
        state = msgspec.json.encode((self._record, self._knows))
        return Portion(
            digested(rows),
            min(self._row_start, self._read_up_to),
            state,
            ended=last,
            facts=facts,
        )

    def _row(self, title):
        self._record += 1
        self._row_start += len(title.encode()) + 1
        end = min(self._row_start, self._read_up_to)
        if title.startswith("bad"):
            error = Problem("title", "required", "bad row", title)
            return Row(self._record, self._record, end, None, (title,), (error,))
        fields = EventFields(title, "", "2025-07-01T10:00:00", "Recife", (), None, 1751374800000000)
        return Row(self._record, self._record, end, fields)
