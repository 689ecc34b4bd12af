"""The order of a file's dates: by proof, or not at all."""

import pytest

from domain.dates import DateOrder, order_shown_by
from domain.dates.order import first_proof


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("13/07/2025", "dmy"),
        ("13.7.25 10h", "dmy"),
        ("07/13/2025 7:30 PM", "mdy"),
        ("01/07/2025", "either"),
        ("01/07/2025 10:00 AM", "either"),
        ("01/01/2025", None),
        ("31/02/2025", None),
        ("13/13/2025", None),
        ("13/07/1492", None),
        ("2025-07-13", None),
        ("2025/07/13", None),
        ("13 de julho de 2025", None),
        ("a definir", None),
        ("", None),
    ],
)
def test_a_part_above_12_in_an_existing_date_proves_the_order(text: str, shown: str | None) -> None:
    assert order_shown_by(text) == shown


def test_the_first_proof_wins_and_records_its_line() -> None:
    assert first_proof([(2, "01/07/2025"), (3, "31/02/2025"), (4, "13/07/2025"), (5, "07/13/2025")]) == (
        "dmy",
        4,
    )
    assert first_proof([(2, "01/07/2025")]) is None


def test_an_order_keeps_the_first_day_of_its_workbook() -> None:
    asked = DateOrder.asked("auto", is_1904=True)
    assert asked.proved("mdy", 3) == DateOrder("mdy", 3, is_1904=True)
    assert asked.unproved() == DateOrder("auto", is_1904=True)


def test_a_dialect_reports_an_order_only_if_it_was_proved() -> None:
    asked = DateOrder.asked("auto")
    assert (asked.settled, asked.described) == (False, {})
    assert asked.proved("mdy", 3).described == {"date_format": "mdy", "date_format_line": 3}
    assert asked.unproved().described == DateOrder.asked("dmy").described == {}
