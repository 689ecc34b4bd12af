"""The check of a staged file as a task: validates the whole file, stores nothing."""

from collections import Counter
from typing import Any

import msgspec

from api.services.imports.blob_names import blob_id
from api.services.imports.container import convert, staged_content
from api.services.imports.row_source import Checkpoint, OpenSource, Portion, RowSource, Table
from api.services.store import Store
from api.services.task_report import Report, TaskFailedError
from api.unpacking.request import Request
from domain.files.kinds import MARKUP_BYTES, sniff
from domain.imports import ImportOptions, MergeCounts, Upload
from domain.merge import merge_rule
from domain.problems import Problem, problem
from domain.seen_rows import SeenRows
from domain.tasks import Task

KIND = "check"
PIECE_BYTES = 256 * 1024
GROUPS_LIMIT = 200
VALUES_LIMIT = 100


class CheckTask:
    """Reads a staged file like an import, and reports the outcome of its rows."""

    def __init__(self, store: Store, open_source: OpenSource) -> None:
        """Check files of a store."""
        self._store = store
        self._open_source = open_source

    async def run(self, task: Task, report: Report) -> dict[str, Any]:
        """Return counts, problems by field and code, what is stored already, and what was detected."""
        upload = await self._upload(task.params["upload_id"])
        options = msgspec.convert(task.params["options"], ImportOptions)
        await report.log("check.reading", filename=upload.filename)
        findings = _Findings(options)
        try:
            checkpoint, blob = await self._opened(upload, options, task.id)
            await self._read(findings, options, checkpoint, blob, report)
        finally:
            await self.discard(task)
        result = findings.result(upload.id)
        await report.log("check.found", accepted=result["accepted"], rejected=result["rejected"])
        return result

    async def discard(self, task: Task) -> None:
        """Delete the table of a workbook that this task created."""
        await self._store.blobs.delete(_table_id(task.id))

    async def _upload(self, upload_id: str) -> Upload:
        async with self._store.snapshot() as snapshot:
            upload = await snapshot.uploads.get(upload_id)
        if upload is None or upload.state != "staged":
            raise TaskFailedError(problem("not_staged", value=upload_id))
        return upload

    async def _opened(self, upload: Upload, options: ImportOptions, task_id: str) -> tuple[Checkpoint, str]:
        """Return how the file is read from its beginning, and the blob that has its rows."""
        blobs, blob = self._store.blobs, blob_id(upload.id)
        head = await blobs.read(blob, 0, MARKUP_BYTES)
        kind = sniff(head, closed=len(head) < MARKUP_BYTES, filename=upload.filename)
        if isinstance(kind, Problem):
            raise TaskFailedError(kind)
        if kind != "packed":
            return Checkpoint(kind=kind or "csv"), blob
        size = 0

        async def write(piece: bytes) -> None:
            nonlocal size
            size = await blobs.append(_table_id(task_id), size, piece)

        opened = await convert(staged_content(blobs, blob), write, Request(options))
        if opened.fault:
            raise TaskFailedError(opened.fault)
        table = Table(size, upload.bytes_received, opened.kind or "sheet", opened.file)
        return Checkpoint(table=table), _table_id(task_id)

    async def _read(
        self, findings: "_Findings", options: ImportOptions, start: Checkpoint, blob: str, report: Report
    ) -> None:
        size = await self._store.blobs.size(blob)
        # The rows are compared as an update would, whatever the import will do.
        compared = msgspec.structs.replace(options, on_duplicate="update")
        async with self._open_source(compared, start) as source:
            ended = has_more = False
            while not ended:
                portion = await (source.portion() if has_more else self._portion(source, blob, size))
                has_more = portion.has_more
                findings.add(portion)
                await self._compare(findings, portion)
                await report.progress(100 * source.offset / max(size, 1), "check.reading")
                ended = portion.ended or portion.fault is not None

    async def _portion(self, source: RowSource, blob: str, size: int) -> Portion:
        piece = await self._store.blobs.read(blob, source.offset, PIECE_BYTES)
        await source.give(piece, last=source.offset + len(piece) >= size)
        return await source.portion()

    async def _compare(self, findings: "_Findings", portion: Portion) -> None:
        """Find out which rows are stored already: what an update by the key would do."""
        rule = findings.rule()
        if rule is None or not portion.rows.events.count:
            return
        async with self._store.transaction() as tx:
            merged = await tx.events.merge_batch(
                portion.rows.events, rule, upload_id="", at_ms=0, dry_run=findings.seen
            )
        findings.compared += merged.counts()


class _Findings:
    """What was found so far; bounded, however long the file is."""

    def __init__(self, options: ImportOptions) -> None:
        self.compared = MergeCounts()
        self.seen = SeenRows()
        self._options = options
        self._accepted = 0
        self._rejected = 0
        self._groups: dict[tuple[str, str], _Group] = {}
        self._dialect: dict[str, Any] | None = None
        self._columns: list[dict[str, Any]] = []
        self._warnings: list[dict[str, Any]] = []
        self._fault: Problem | None = None

    def add(self, portion: Portion) -> None:
        self._accepted += portion.rows.events.count
        self._rejected += len(portion.rows.rejected)
        for row in portion.rows.rejected:
            for one in row.errors:
                self._group(one).add(row.line, one)
        if portion.facts is not None:
            self._dialect, self._columns = portion.facts.dialect, portion.facts.columns
        self._warnings = list(portion.warnings)
        self._fault = self._fault or portion.fault

    def rule(self) -> Any:
        fields = [column["field"] for column in self._columns if column["field"]]
        return merge_rule("update", self._options.key, fields)

    def result(self, upload_id: str) -> dict[str, Any]:
        same = self.compared
        rule = self.rule()
        return {
            "upload_id": upload_id,
            "rows": self._accepted + self._rejected,
            "accepted": self._accepted,
            "rejected": self._rejected,
            "problems": [
                group.report(field, code)
                for (field, code), group in sorted(self._groups.items(), key=lambda one: -one[1].count)
            ],
            "existing": {
                "key": ["id", *rule.key] if rule and rule.has_ids else list(rule.key if rule else ()),
                "new": same.created,
                "changed": same.updated,
                "same": same.unchanged,
            },
            "dialect": self._dialect,
            "columns": self._columns,
            "unused": [column for column in self._columns if not column["field"]],
            "warnings": self._warnings,
            "fault": msgspec.to_builtins(self._fault),
            "options": msgspec.to_builtins(self._options),
        }

    def _group(self, problem: Problem) -> "_Group":
        key = (problem.field, problem.code)
        if key not in self._groups and len(self._groups) >= GROUPS_LIMIT:
            key = ("", "other")
        return self._groups.setdefault(key, _Group())


class _Group:
    """Problems of one field and code."""

    def __init__(self) -> None:
        self.count = 0
        self._line = 0
        self._example: Problem | None = None
        self._values: Counter[tuple[str | None, str | None]] = Counter()
        self._all_have_one = True

    def add(self, line: int, problem: Problem) -> None:
        self.count += 1
        if self._example is None:
            self._line, self._example = line, problem
        self._all_have_one = self._all_have_one and problem.suggestion is not None
        pair = (problem.value, problem.suggestion)
        if pair in self._values or len(self._values) < VALUES_LIMIT:
            self._values[pair] += 1

    def report(self, field: str, code: str) -> dict[str, Any]:
        assert self._example is not None, "a group has a problem"
        example = {"line": self._line, **msgspec.to_builtins(self._example)}
        return {
            "field": field,
            "code": code,
            "count": self.count,
            "example": example,
            # Where every value has one, a page may offer to take them all.
            "suggestion": self._example.suggestion if self._all_have_one else None,
            "values": [
                {"value": value, "suggestion": suggestion, "count": count}
                for (value, suggestion), count in self._values.most_common()
            ],
        }


def _table_id(task_id: str) -> str:
    return f"check-{task_id}"
