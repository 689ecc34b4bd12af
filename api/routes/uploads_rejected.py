"""What an import turned away, to read and to repair; and a template to begin with."""

from codecs import BOM_UTF8
from collections.abc import AsyncIterator
from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream
from msgspec import Struct

from api.openapi import Answer, Query, describe
from api.routes.uploads import ONE, PATH, TAG, find, invalid_cursor, page_limit
from api.services.imports.answers import encode
from api.services.imports.records import ImportRecords
from api.services.imports.rejected_csv import csv_lines, header, names_kept, row_cells
from api.services.imports.service import Imports
from domain.imports import RejectedRow, Upload

ERRORS_LIMIT = 500
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
        "Rejected rows with every reason",
        TAG,
        {200: Answer("A page", ErrorsPage, headers={"Link": 'The next page, `rel="next"`.'})},
        problems=["not-found", "invalid-query"],
        parameters=[
            Query("limit", "rows a page", {"type": "integer", "minimum": 1, "maximum": ERRORS_LIMIT}),
            Query("cursor", "`next` of the page before"),
        ],
    ),
)
async def list_errors(
    request: Request[Any, Any, Any],
    upload_id: FromPath[str],
    imports: NamedDependency[Imports],
    import_records: NamedDependency[ImportRecords],
) -> Response[bytes]:
    """Return one page."""
    upload = await find(imports, upload_id)
    limit, after = page_limit(request, default=50, most=ERRORS_LIMIT), _after(request)
    rows = await import_records.rejected(upload_id, after_record=after, limit=limit + 1)
    cursor = str(rows[limit - 1].record) if len(rows) > limit else None
    link = (
        {"Link": f'<{PATH}/{upload_id}/errors?limit={limit}&cursor={cursor}>; rel="next"'} if cursor else {}
    )
    page = ErrorsPage(rows[:limit], cursor, upload.rejected)
    return Response(encode(page), media_type="application/json", headers=link)


@get(
    ONE + "/rejected.csv",
    opt=describe(
        "Rejected rows as they came, with `_line` and `_errors`: fix and upload again",
        TAG,
        {200: Answer("The file", {"type": "string"}, media_types=["text/csv"])},
        problems=["not-found"],
    ),
)
async def download_rejected(
    upload_id: FromPath[str],
    imports: NamedDependency[Imports],
    import_records: NamedDependency[ImportRecords],
) -> Stream:
    """Return the rows as a file, streamed."""
    upload = await find(imports, upload_id)
    return Stream(
        _rejected(upload, import_records),
        media_type="text/csv",
        headers=_attachment(f"{upload_id}-rejected.csv"),
    )


@get(
    PATH + "/template.csv",
    opt=describe(
        "A file to begin with: header and one row",
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


async def _rejected(upload: Upload, records: ImportRecords) -> AsyncIterator[bytes]:
    names = names_kept(upload)
    yield BOM_UTF8 + csv_lines([header(names)])
    async for rows in records.all_rejected(upload.id):
        yield csv_lines(row_cells(row, names) for row in rows)


def _after(request: Request[Any, Any, Any]) -> int:
    text = request.query_params.get("cursor", "0")
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise invalid_cursor(text)
    return int(text)


def _attachment(filename: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{filename}"'}


HANDLERS = (list_errors, download_rejected, download_template)
