"""What a batch adds to an import as it is stored: counts, bounds, warnings."""

from typing import Any

import msgspec

from api.services.imports.progress import MERGE_WARNINGS, REPORTED_BY_BODY
from domain.imports import MergeCounts, Upload
from domain.merge import Merged


def with_counts(upload: Upload, counts: MergeCounts) -> Upload:
    """Return an import of whose accepted rows this became."""
    return msgspec.structs.replace(upload, **msgspec.structs.asdict(counts))


def with_nothing_in(upload: Upload) -> Upload:
    """Return an import that stored none of its rows."""
    return with_counts(msgspec.structs.replace(upload, accepted=0), MergeCounts())


def with_batch(upload: Upload, merged: Merged) -> Upload:
    """Return an import with the outcome of a batch added: bounds of what it created, and warnings."""
    first = merged.first_created if upload.first_event_id is None else upload.first_event_id
    last = upload.last_event_id if merged.last_created is None else merged.last_created
    warnings = _added(upload.warnings, merged.warnings)
    return msgspec.structs.replace(upload, first_event_id=first, last_event_id=last, warnings=warnings)


def with_batch_alone(upload: Upload, merged: Merged) -> Upload:
    """Return an import with the outcome of all its rows, in place of what the store warned of before."""
    warnings = [warning for warning in upload.warnings if warning["code"] not in MERGE_WARNINGS]
    return with_batch(msgspec.structs.replace(upload, warnings=warnings), merged)


def warnings_not_of_rows(upload: Upload) -> list[dict[str, Any]]:
    """Return the warnings that the body and the store gave."""
    kept = REPORTED_BY_BODY | MERGE_WARNINGS.keys()
    return [warning for warning in upload.warnings if warning["code"] in kept]


def _added(warnings: list[dict[str, Any]], found: dict[str, int]) -> list[dict[str, Any]]:
    """Return warnings with what the store warned of."""
    before = {warning["code"]: warning["count"] for warning in warnings}
    others = [warning for warning in warnings if warning["code"] not in found]
    return others + [
        {"code": code, "message": MERGE_WARNINGS[code], "count": before.get(code, 0) + count}
        for code, count in found.items()
    ]
