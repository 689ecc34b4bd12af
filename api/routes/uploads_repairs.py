"""Corrects rejected rows over HTTP."""

from collections.abc import Iterator

from litestar import post
from litestar.params import FromPath
from msgspec import Struct

from api.http.app_services import services_of
from api.http.openapi import Answer, Body, describe
from api.http.problems import refusal
from api.routes.answers import ReadyAnswer, json_answer
from api.routes.json_body import PROBLEMS, read_json, refuse_half_characters
from api.routes.json_form import read_form
from api.routes.uploads import ONE, TAG, HttpRequest, find
from api.routes.uploads_problems import refused
from api.services.imports.errors import ImportRefusedError
from api.services.imports.repairs import ROWS_LIMIT, Repair
from api.services.imports.views import UploadSummary, summary
from domain.imports import RejectedRow
from domain.limits import STORED_INTEGER
from domain.people import may_change
from domain.problems import Problem, problem
from domain.rows.cells import full_field
from domain.rows.columns import unknown_fields


class RepairsBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Corrected rows by their line, and record; `values` replaces cells as the option does."""

    rows: list[Repair]
    values: dict[str, dict[str, str]] | None = None


class RepairsAnswer(Struct, frozen=True):
    """Counts of stored rows, rows that are still invalid, lines without a rejected row; the import."""

    accepted: int
    rejected: int
    errors: list[RejectedRow]
    unknown_lines: list[int]
    upload: UploadSummary


@post(
    ONE + "/repairs",
    status_code=200,
    opt=describe(
        "Correct rejected rows: valid ones join the import",
        TAG,
        {200: Answer("The rows that were stored, and the rows that are still invalid", RepairsAnswer)},
        problems=["not-found", "conflict", *PROBLEMS],
        body=Body(
            {
                "application/json": {
                    "type": "object",
                    "required": ["rows"],
                    "properties": {
                        "rows": {
                            "type": "array",
                            "items": {
                                "type": "object",
                                "required": ["line", "cells"],
                                "properties": {
                                    "line": {"type": "integer", "minimum": 1, "maximum": STORED_INTEGER},
                                    "record": {"type": "integer", "minimum": 1, "maximum": STORED_INTEGER},
                                    "cells": {"type": "object"},
                                },
                                "additionalProperties": False,
                            },
                        },
                        "values": {"type": "object"},
                    },
                    "additionalProperties": False,
                }
            },
            about="Cells by field or by the file's own column name; `record` where a line has several rows.",
        ),
        role="editor",
    ),
)
async def repair_rows(request: HttpRequest, upload_id: FromPath[str]) -> ReadyAnswer:
    """Store corrected rows of an import; editors only of their own, administrators of any."""
    services = services_of(request.app)
    asked = await read_json(request, _asked)
    if not may_change(request.user, (await find(services.imports, upload_id)).actor):
        raise refusal("forbidden.import", role="admin")
    try:
        done = await services.imports.repairs.apply(
            upload_id, asked.rows, asked.values, actor=request.user.name
        )
    except ImportRefusedError as refused_call:
        raise refused(refused_call) from None
    answer = RepairsAnswer(
        done.accepted, len(done.rejected), done.rejected, done.unknown, summary(done.upload)
    )
    return json_answer(answer)


def _asked(value: object) -> RepairsBody:
    refuse_half_characters(value)
    return read_form(value, RepairsBody, {"rows": _rows_faults, "values": _values_faults}, may_quote=True)


def _rows_faults(rows: list[Repair]) -> Iterator[Problem]:
    if not 1 <= len(rows) <= ROWS_LIMIT:
        yield problem("out_of_range.rows", "rows", low=1, high=ROWS_LIMIT)
    places = [(row.line, row.record) for row in rows]
    if len(places) != len(set(places)):
        yield Problem("rows", "repeated", "each row may be corrected once per request")


def _values_faults(values: dict[str, dict[str, str]] | None) -> list[Problem]:
    return unknown_fields(dict.fromkeys(map(full_field, values or {})), "values")


HANDLERS = (repair_rows,)
