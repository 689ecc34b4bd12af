from typing import Any

import pytest

from api.cli.import_outcome import ROW_ERRORS_KEPT, ImportOutcome
from api.client.transports import Refused


def finished(status: str = "completed", rejected: int = 0, error: str | None = None) -> dict[str, Any]:
    reason = {"code": error, "message": ""} if error else None
    return {"type": "finished", "status": status, "rejected": rejected, "error": reason, "rows_stay": True}


def refused(*codes: str) -> Refused:
    return Refused(422, "no", [{"code": code} for code in codes])


def row_error(line: int, *codes: str) -> dict[str, Any]:
    return {"type": "row_error", "line": line, "errors": [{"code": code, "line": line} for code in codes]}


@pytest.mark.parametrize(
    ("outcome", "exit_code"),
    [
        (ImportOutcome("a", finished()), 0),
        (ImportOutcome("a", refused=refused("invalid_option")), 2),
        (ImportOutcome("a", refused=refused("invalid_option", "late_option")), 2),
        (ImportOutcome("a", finished("failed", error="invalid_option")), 2),
        (ImportOutcome("a", finished(rejected=3)), 3),
        (ImportOutcome("a", finished("failed", rejected=3)), 4),
        (ImportOutcome("a", finished("cancelled")), 4),
        (ImportOutcome("a", refused=refused("missing_columns")), 4),
        (ImportOutcome("a", refused=Refused(401, "sign in")), 4),
        (ImportOutcome("a", unreachable="nothing answers"), 4),
    ],
)
def test_the_exit_code_says_how_it_ended(outcome: ImportOutcome, exit_code: int) -> None:
    assert outcome.exit_code == exit_code


def test_the_fault_of_a_file_is_read_from_its_feed_or_from_the_refusal() -> None:
    assert ImportOutcome("a", finished("failed", error="not_text")).codes == {"not_text"}
    assert ImportOutcome("a", refused=refused("missing_columns")).codes == {"missing_columns"}
    assert ImportOutcome("a", finished()).codes == set()
    assert ImportOutcome("a", unreachable="x").codes == set()


def test_the_first_rejected_rows_are_kept_and_the_first_date_with_two_readings() -> None:
    outcome = ImportOutcome("a")
    for line in range(ROW_ERRORS_KEPT + 5):
        outcome.take(row_error(line, "required", *["ambiguous_date"] * (line > 2)))
    outcome.take({"type": "progress", "line": 1})
    assert [row["line"] for row in outcome.row_errors] == [*range(ROW_ERRORS_KEPT)]
    assert outcome.ambiguous is not None
    assert outcome.ambiguous["line"] == 3
