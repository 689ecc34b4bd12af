"""Previews a file before it is imported."""

import anyio
import msgspec
from litestar import Response, post

from api.http.app_services import services_of
from api.http.openapi import Answer, describe
from api.http.problems import HttpProblem
from api.routes.content_encoding import refuse_encoded
from api.routes.uploads import FORM, OPTIONS, PATH, TAG
from api.routes.uploads_body import BodyBrokenOffError, HttpRequest, SenderGoneError, body_chunks
from api.routes.uploads_form import FileForm, FormError
from api.routes.uploads_options import option_texts, options_of
from api.routes.uploads_problems import malformed
from api.services.imports.container_preview import PREVIEW_WORKBOOK_BYTES, Sheets, preview_packed
from api.services.imports.file_source import READERS
from api.services.imports.views import encode
from api.services.services import Services
from domain.events import EventFields
from domain.files.kinds import MARKUP_BYTES, sniff
from domain.files.preview import PREVIEW_BYTES, Preview, preview
from domain.files.unfit_options import unfit_options
from domain.imports import ImportOptions
from domain.problems import Problem
from domain.remembered import Remembered, header_shape

SHAPE = {
    "type": "object",
    "required": [
        "encoding",
        "delimiter",
        "columns",
        "mapping",
        "rows",
        "warnings",
        "unused",
        "encodings",
        "fault",
        "remembered",
    ],
    "properties": {
        "encoding": {"type": ["string", "null"]},
        "delimiter": {"type": ["string", "null"]},
        "format": {"type": "string"},
        "file": {"type": "string"},
        "sheets": {"type": "array", "items": {"type": "object"}},
        "sheet": {"type": "string"},
        "columns": {"type": "array", "items": {"type": "object"}},
        "mapping": {"type": "object", "additionalProperties": {"type": "string"}},
        "rows": {"type": "array", "maxItems": 20, "items": {"type": "object"}},
        "warnings": {"type": "array", "items": {"type": "object"}},
        "unused": {"type": "array", "items": {"type": "object"}},
        "encodings": {"type": "array", "items": {"type": "string"}},
        "fault": {"type": ["object", "null"]},
        "remembered": {
            "type": ["object", "null"],
            "description": "Options of the last import of a file with the same column names.",
            "required": ["mapping", "defaults", "date_format", "values"],
            "properties": {
                "mapping": {"type": ["object", "null"]},
                "defaults": {"type": ["object", "null"]},
                "date_format": {"type": ["string", "null"]},
                "values": {"type": ["object", "null"]},
            },
        },
    },
}


@post(
    PATH + "/preview",
    status_code=200,
    request_max_body_size=None,
    opt=describe(
        "Preview the first 64 KiB of a file, or a whole workbook; nothing is stored",
        TAG,
        {200: Answer("Dialect, columns, a proposed mapping, the first 20 rows with their errors", SHAPE)},
        problems=["bad-request", "unsupported-media-type", "validation"],
        parameters=[option for option in OPTIONS if option.name != "upload_id"],
        body=FORM,
        role="editor",
    ),
)
async def preview_upload(request: HttpRequest) -> Response[bytes]:
    """Preview the beginning of a file, or a whole workbook; options may follow in the form."""
    services = services_of(request.app)
    refuse_encoded(request)
    content_type = request.headers.get("Content-Type")
    try:
        form = FileForm(content_type)
        head = await _head(request, form)
    except FormError as fault:
        raise malformed(fault, content_type) from None
    except SenderGoneError as gone:
        raise gone.problem from None
    except BodyBrokenOffError:
        raise HttpProblem("request-timeout", "the body broke off") from None
    options = options_of(option_texts(request, form.fields))
    answer, sheets = await previewed(head, form.filename or "", options, services)
    return Response(encode(await sendable(answer, sheets, services)), media_type="application/json")


async def previewed(
    head: bytes, filename: str, options: ImportOptions, services: Services
) -> tuple[Preview, Sheets]:
    """Return the preview of the beginning of a file, or of a whole workbook with its sheets."""
    kind = sniff(head[:MARKUP_BYTES], closed=True, filename=filename)
    if isinstance(kind, Problem):
        return Preview(None, [], {}, [], [], kind), []
    if kind == "packed":
        async with services.imports.workbook_previews:
            return await preview_packed(head, options, services.timezone)
    unfit = unfit_options(options, kind or "csv")
    if unfit and head:
        return Preview(None, [], {}, [], [], unfit), []
    truncated, reader = len(head) >= PREVIEW_BYTES, READERS[kind or "csv"]
    answer = await anyio.to_thread.run_sync(
        lambda: preview(
            head[:PREVIEW_BYTES],
            truncated=truncated,
            options=options,
            timezone=services.timezone,
            kind=reader,
        )
    )
    return answer, []


async def _head(request: HttpRequest, form: FileForm) -> bytes:
    head = bytearray()
    async for chunk in body_chunks(request):
        content = form.receive(chunk)
        start = bytes(head[:MARKUP_BYTES]) or content[:MARKUP_BYTES]
        is_packed = sniff(start, closed=False) == "packed"
        # Beyond that the form is read on for its fields only.
        if len(head) <= (PREVIEW_WORKBOOK_BYTES if is_packed else PREVIEW_BYTES):
            head += content
    form.finish()
    return bytes(head)


async def sendable(answer: Preview, sheets: Sheets, services: Services) -> dict[str, object]:
    """Return a preview as documented: encoding and delimiter next to the columns.

    With it comes how the last file of this header was read.
    """
    return {
        "encoding": None,
        "delimiter": None,
        **(answer.dialect or {}),
        **({"sheets": sheets} if sheets else {}),
        "columns": answer.columns,
        "mapping": answer.mapping,
        "rows": [
            {
                "line": row.line,
                "record": row.record,
                "event": _event(row.fields),
                "cells": row.cells,
                "errors": row.errors,
            }
            for row in answer.rows
        ],
        "warnings": answer.warnings,
        "unused": answer.unused,
        "encodings": answer.encodings,
        "fault": answer.fault,
        "remembered": await _remembered(answer, services),
    }


async def _remembered(answer: Preview, services: Services) -> Remembered | None:
    shape = header_shape([column["name"] for column in answer.columns])
    if shape is None:
        return None
    async with services.store.glance() as unit:
        return await unit.uploads.remembered(shape)


def _event(fields: EventFields | None) -> dict[str, object] | None:
    """Return the six documented members of an event."""
    if fields is None:
        return None
    members = msgspec.structs.asdict(fields)
    del members["instant_us"]
    return members


HANDLERS = (preview_upload,)
