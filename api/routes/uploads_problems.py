"""Turns refusals of imports into problem documents."""

from api.http.problems import HttpProblem, invalid_fields, refusal
from api.routes.uploads_form import FormError
from api.services.imports.errors import ImportRefusedError, RefusalCode
from api.services.imports.views import summary
from domain.imports import Upload
from domain.problems import Problem, ProblemParam

PATH = "/api/v1/uploads"

_COUNTS = ("rows", "accepted", "rejected", "created", "updated", "unchanged", "skipped")
_OF_ROWS = {
    True: "rows that are in stay in",
    False: "none of its rows stays in",
    None: "its rows are being taken out",
}

_SLUGS: dict[RefusalCode, str] = {
    "bad_option": "validation",
    "not_found": "not-found",
    "upload_id_in_use": "conflict",
    "in_progress": "conflict",
    "wrong_offset": "conflict",
    "too_large": "too-large",
    "wrong_state": "conflict",
    "broken_off": "bad-request",
}


def refused(refused: ImportRefusedError) -> HttpProblem:
    """Return a refusal as a problem; a known offset stands in `Upload-Offset`."""
    headers = {} if refused.offset is None else {"Upload-Offset": str(refused.offset)}
    errors = refused.errors or (Problem("", refused.code, str(refused)),)
    return HttpProblem(_SLUGS[refused.code], str(refused), errors=errors, headers=headers)


def kept(problem: HttpProblem, upload: Upload, offset: int) -> HttpProblem:
    """Return a problem that ended a body, with what there is of its upload, and how to go on with it."""
    stay = upload.has_rows_in
    rows = "rows that are in stay in" if stay else "none of its rows is in yet"
    told = (
        f"Upload {upload.id} is kept with {offset} bytes or more, and {rows}: HEAD {PATH}/{upload.id} says "
    )
    place: dict[str, ProblemParam] = {"upload_id": upload.id, "offset_bytes": offset, "rows_stay": stay}
    return HttpProblem(
        problem.slug,
        f"{problem.detail.rstrip('.')}. {told}from where to continue it.",
        errors=problem.errors,
        headers={**(problem.headers or {}), "Upload-Offset": str(offset), "Location": f"{PATH}/{upload.id}"},
        rule=problem.rule,
        params={**(problem.params or {}), **place},
    )


def cancelled(upload: Upload) -> HttpProblem:
    """Return the problem of a request whose import was cancelled, with what there is of that."""
    why, told = refusal("conflict.cancelled"), summary(upload)
    counts: dict[str, ProblemParam] = {name: getattr(told, name) for name in _COUNTS}
    # Of one that is being undone it is not known yet: rows that others edited will stay.
    stay: dict[str, ProblemParam] = {} if told.rows_stay is None else {"rows_stay": told.rows_stay}
    return HttpProblem(
        why.slug,
        f"{why.detail.rstrip('.')}, and {_OF_ROWS[told.rows_stay]}: GET {PATH}/{upload.id} says more.",
        headers={"Location": f"{PATH}/{upload.id}"},
        rule=why.rule,
        params={"upload_id": upload.id, "status": upload.state, **counts, **stay},
    )


def refused_before(upload: Upload) -> HttpProblem | None:
    """Return the problem of a repeated request whose first one did not import its file; None if that did.

    A program that repeats a request takes any 2xx for a file that is in.
    """
    if upload.state == "cancelled" or (upload.state in ("undoing", "undone") and not upload.body_complete):
        return cancelled(upload)
    is_unread = upload.dialect is None or not upload.body_complete
    if upload.state != "failed" or upload.error is None or not is_unread:
        return None
    failed = f"{upload.error.message.rstrip('.')}. So failed import {upload.id}, which began with this"
    told = f"{failed} Idempotency-Key: send a corrected file with another key."
    return HttpProblem("validation", told, errors=[upload.error], headers={"Location": f"{PATH}/{upload.id}"})


def malformed(fault: FormError, content_type: str | None) -> HttpProblem:
    """Return the problem of an invalid form: 415 for another media type, else 400."""
    other_type = fault.code == "not_multipart" and content_type is not None
    slug = "unsupported-media-type" if other_type else "bad-request"
    return HttpProblem(slug, str(fault), errors=[Problem("file", fault.code, str(fault))])


def unusable_file(error: Problem) -> HttpProblem:
    """Return a fault of the whole file as a problem."""
    return invalid_fields([error])
