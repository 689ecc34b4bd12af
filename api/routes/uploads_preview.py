"""What a file would be read as, before it is imported."""

from datetime import tzinfo

import anyio
import msgspec
from litestar import Response, post
from litestar.di import NamedDependency

from api.openapi import Answer, describe
from api.problems import HttpProblem, invalid_fields
from api.routes.content_encoding import refuse_encoded
from api.routes.uploads import FORM, OPTIONS, PATH, TAG
from api.routes.uploads_body import BodyBrokenOffError, HttpRequest, body_chunks
from api.routes.uploads_form import FileForm, FormError
from api.routes.uploads_options import option_texts
from api.routes.uploads_problems import malformed
from api.services.imports.answers import encode
from api.services.imports.options import OPTION_NAMES, parse_options
from api.services.imports.service import Imports
from api.services.imports.workbook import SIGNATURE
from api.services.imports.workbook_preview import PREVIEW_WORKBOOK_BYTES, preview_workbook
from domain.csv_preview import PREVIEW_BYTES, Preview, preview
from domain.events import EventFields
from domain.imports import ImportOptions

SHAPE = {
    "type": "object",
    "required": ["encoding", "delimiter", "columns", "mapping", "rows", "warnings", "fault"],
    "properties": {
        "encoding": {"type": ["string", "null"]},
        "delimiter": {"type": ["string", "null"]},
        "format": {"const": "xlsx"},
        "sheet": {"type": "string"},
        "columns": {"type": "array", "items": {"type": "object"}},
        "mapping": {"type": "object", "additionalProperties": {"type": "string"}},
        "rows": {"type": "array", "maxItems": 20, "items": {"type": "object"}},
        "warnings": {"type": "array", "items": {"type": "object"}},
        "fault": {"type": ["object", "null"]},
    },
}


@post(
    PATH + "/preview",
    status_code=200,
    request_max_body_size=None,
    opt=describe(
        "What the first 64 KiB of a file, or a whole workbook, would be read as; stores nothing",
        TAG,
        {200: Answer("Dialect, columns, a proposed mapping, the first 20 rows with their errors", SHAPE)},
        problems=["bad-request", "request-timeout", "unsupported-media-type", "validation"],
        parameters=[option for option in OPTIONS if option.name != "upload_id"],
        body=FORM,
        role="editor",
    ),
)
async def preview_upload(
    request: HttpRequest, timezone: NamedDependency[tzinfo], imports: NamedDependency[Imports]
) -> Response[bytes]:
    """Read the beginning of a file; what is behind it is neither needed nor waited for.

    But for a workbook, which can only be read whole.
    """
    refuse_encoded(request)
    content_type = request.headers.get("Content-Type")
    try:
        form = FileForm(content_type)
        head = await _head(request, form)
    except FormError as fault:
        raise malformed(fault, content_type) from None
    except BodyBrokenOffError:
        raise HttpProblem("request-timeout", "the body broke off") from None
    options = _options(request, form)
    if head.startswith(SIGNATURE):
        async with imports.workbook_previews:
            answer = await preview_workbook(head, options, timezone)
    else:
        truncated = len(head) >= PREVIEW_BYTES
        answer = await anyio.to_thread.run_sync(
            lambda: preview(head[:PREVIEW_BYTES], truncated=truncated, options=options, timezone=timezone)
        )
    return Response(encode(_sendable(answer)), media_type="application/json")


async def _head(request: HttpRequest, form: FileForm) -> bytes:
    head = bytearray()
    async for chunk in body_chunks(request):
        head += form.receive(chunk)
        is_workbook = head.startswith(SIGNATURE)
        if len(head) > (PREVIEW_WORKBOOK_BYTES if is_workbook else PREVIEW_BYTES - 1):
            return bytes(head)
    form.finish()
    return bytes(head)


def _options(request: HttpRequest, form: FileForm) -> ImportOptions:
    texts = option_texts(request, form.fields)
    options = parse_options({name: text for name, text in texts.items() if name in OPTION_NAMES})
    if isinstance(options, list):
        raise invalid_fields(options)
    return options


def _sendable(answer: Preview) -> dict[str, object]:
    """Return a preview as documented: encoding and delimiter stand beside the columns."""
    return {
        "encoding": None,
        "delimiter": None,
        **(answer.dialect or {}),
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
        "fault": answer.fault,
    }


def _event(fields: EventFields | None) -> dict[str, object] | None:
    """Return the six documented members of an event."""
    if fields is None:
        return None
    members = msgspec.structs.asdict(fields)
    del members["instant_us"]
    return members


HANDLERS = (preview_upload,)
