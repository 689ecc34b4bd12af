"""Rejected rows to read, download and correct; and templates."""

import re
from codecs import BOM_UTF8
from collections.abc import AsyncGenerator
from functools import partial
from typing import Any, cast
from urllib.parse import quote

from anyio import to_thread
from litestar import Request, Response, get
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from msgspec import Struct

from api.http.app_services import services_of
from api.http.openapi import Answer, Query, describe
from api.routes.streamed import StreamedAnswer
from api.routes.uploads import ONE, PATH, TAG, find
from api.routes.url_parameters import UrlParameters
from api.services.exports.formats import XLSX_TYPE
from api.services.exports.table import LANGUAGES, Language
from api.services.exports.template import template
from api.services.imports.history import ImportHistory
from api.services.imports.rejected_file import (
    FORMS,
    TITLES,
    RejectedFile,
    RejectedForm,
    own_form,
    rejected_file,
)
from api.services.imports.views import encode
from domain.csv.writer import csv_lines
from domain.imports import RejectedRow, Upload
from domain.problems import sendable

ERRORS_LIMIT = 500
MEDIA_TYPES: dict[RejectedForm, str] = {"csv": "text/csv", "xlsx": XLSX_TYPE, "json": "application/json"}
_UTF_8 = {"csv": "text/csv; charset=utf-8"}
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9 ._()-]")
_LANG = Query("lang", "Language of the errors.", {"enum": [*LANGUAGES], "default": "en"})
_RECORD = re.compile(r"\d{1,15}", re.ASCII)
TEMPLATE_ROWS = (
    ("title", "description", "event_date", "city", "participants", "local_info"),
    (
        "Semana de Tecnologia",
        "Palestras e oficinas abertas",
        "2025-07-01T10:00:00",
        "Recife",
        "Alice;Bob",
        (
            '{"location_name": "Auditório Central", "capacity": 300, "venue_type": "Auditório", '
            '"is_accessible": true, "address": "Rua Exemplo, 123", "past_events": [], '
            '"manually_edited": false}'
        ),
    ),
)


class ErrorsPage(Struct, frozen=True):
    """Rejected rows in file order, how many there are in all, and the cursor of the next page."""

    items: list[RejectedRow]
    next: str | None
    total: int


@get(
    ONE + "/errors",
    opt=describe(
        "Rejected rows with all their errors",
        TAG,
        {200: Answer("A page", ErrorsPage, headers={"Link": 'The next page, `rel="next"`.'})},
        problems=["not-found", "invalid-query"],
        parameters=[
            Query("limit", "rows a page", {"type": "integer", "minimum": 1, "maximum": ERRORS_LIMIT}),
            Query("cursor", "`next` of the previous page"),
        ],
    ),
)
async def list_errors(
    request: Request[Any, Any, Any],
    upload_id: FromPath[str],
) -> Response[bytes]:
    """Return one page."""
    services = services_of(request.app)
    parameters = UrlParameters(request.scope["query_string"], frozenset({"limit", "cursor"}))
    limit, found = parameters.whole("limit", 50, low=1, high=ERRORS_LIMIT), parameters.cursor(_RECORD)
    parameters.finish()
    after = int(found[0]) if found else 0
    upload = await find(services.imports, upload_id)
    rows = await services.import_history.rejected(upload_id, after_record=after, limit=limit + 1)
    cursor = str(rows[limit - 1].record) if len(rows) > limit else None
    link = (
        {"Link": f'<{PATH}/{upload_id}/errors?limit={limit}&cursor={cursor}>; rel="next"'} if cursor else {}
    )
    page = ErrorsPage(rows[:limit], cursor, upload.rejected)
    return Response(encode(page), media_type="application/json", headers=link)


@get(
    ONE + "/rejected.csv",
    opt=describe(
        "Rejected rows as they were sent, with `_line` and `_errors`, to correct and send again",
        TAG,
        {200: Answer("The file", {"type": "string"}, media_types=["text/csv"])},
        problems=["not-found", "invalid-query"],
        parameters=[_LANG],
    ),
)
async def download_rejected_csv(upload_id: FromPath[str], request: Request[Any, Any, Any]) -> ASGIResponse:
    """Return the rows as a CSV, streamed."""
    services = services_of(request.app)
    parameters = UrlParameters(request.scope["query_string"], frozenset({"lang"}))
    language = parameters.choice("lang", LANGUAGES, "en")
    parameters.finish()
    upload = await find(services.imports, upload_id)
    return _file_of(upload, "csv", cast("Language", language), services.import_history)


@get(
    ONE + "/rejected",
    opt=describe(
        "Rejected rows in the format of the imported file",
        TAG,
        {
            200: Answer(
                "The file",
                {"type": "array", "items": {"type": "object", "additionalProperties": True}},
                other_media_types=[MEDIA_TYPES["csv"], MEDIA_TYPES["xlsx"]],
            )
        },
        problems=["not-found", "invalid-query"],
        parameters=[Query("format", "Another format.", {"enum": [*FORMS]}), _LANG],
    ),
)
async def download_rejected(request: Request[Any, Any, Any], upload_id: FromPath[str]) -> ASGIResponse:
    """Return the rows as a file with its own columns and delimiter, `_line` and `_errors`, streamed."""
    services = services_of(request.app)
    parameters = UrlParameters(request.scope["query_string"], frozenset({"format", "lang"}))
    upload = await find(services.imports, upload_id)
    form = parameters.choice("format", FORMS, own_form(upload))
    language = parameters.choice("lang", LANGUAGES, "en")
    parameters.finish()
    return _file_of(upload, cast("RejectedForm", form), cast("Language", language), services.import_history)


@get(
    PATH + "/template.csv",
    opt=describe(
        "A template: header and one row",
        TAG,
        {200: Answer("The file", {"type": "string"}, media_types=["text/csv"])},
    ),
)
async def download_template() -> Response[bytes]:
    """Return the template."""
    return Response(
        # Without a byte order mark, Excel reads UTF-8 as Windows-1252.
        BOM_UTF8 + csv_lines(TEMPLATE_ROWS),
        media_type="text/csv",
        headers=_attachment("template.csv"),
    )


@get(
    PATH + "/template.xlsx",
    opt=describe(
        "A workbook template: titles, one row, and a list of the venue types",
        TAG,
        {200: Answer("The file", {"type": "string"}, media_types=[XLSX_TYPE])},
        problems=["invalid-query"],
        parameters=[Query("lang", "Language of the titles.", {"enum": [*LANGUAGES], "default": "pt"})],
    ),
)
async def download_workbook_template(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return the template."""
    parameters = UrlParameters(request.scope["query_string"], frozenset({"lang"}))
    language = parameters.choice("lang", LANGUAGES, "pt")
    parameters.finish()
    content = template(cast("Language", language))
    return Response(content, media_type=XLSX_TYPE, headers=_attachment("template.xlsx"))


def _file_of(upload: Upload, form: RejectedForm, language: Language, history: ImportHistory) -> ASGIResponse:
    own_name = upload.filename.replace("\\", "/").rpartition("/")[2]
    stem = own_name.rpartition(".")[0] or own_name or upload.id
    headers = _attachment(f"{stem}-{TITLES[language]}.{form}") | {"Cache-Control": "no-store"}
    return StreamedAnswer(
        partial(_chunks, rejected_file(upload, form, language), upload.id, history),
        media_type=_UTF_8.get(form, MEDIA_TYPES[form]),
        headers=headers,
    )


async def _chunks(file: RejectedFile, upload_id: str, history: ImportHistory) -> AsyncGenerator[bytes, None]:
    yield file.opening()
    async for rows in history.all_rejected(upload_id):
        yield await to_thread.run_sync(file.part, rows)
    yield file.closing()


def _attachment(filename: str) -> dict[str, str]:
    """Return the header of a file to be kept under a name. Source: RFC 6266 §4.3, appendix D."""
    plain = _NOT_PLAIN.sub("_", filename)
    encoded = "" if plain == filename else f"; filename*=UTF-8''{quote(sendable(filename), safe='')}"
    return {"Content-Disposition": f'attachment; filename="{plain}"{encoded}'}


HANDLERS = (
    list_errors,
    download_rejected_csv,
    download_rejected,
    download_template,
    download_workbook_template,
)
