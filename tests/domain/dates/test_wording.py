"""What the problem of a date says."""

import pytest
from msgspec import UNSET

from domain.dates import DateOrder, parse_event_date, wording
from domain.problems import Problem
from tests.domain.dates.reading import RECIFE


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        *[
            (text, "no_year")
            for text in ("24/06", "25/jun", "25 de junho", "June 25", "1º de julho", "29/02")
        ],
        *[
            (text, "no_year")
            for text in ("25/06 19h", "25 de junho às 19h", "Jun 25th, 7 PM", "sábado, 25/06")
        ],
        *[
            (text, "no_day")
            for text in ("06/2026", "2026-06", "junho de 2026", "Jun 2026", "2026 junho", "June, 2026")
        ],
        *[
            (text, "not_in_month")
            for text in (
                *("31/02/2026", "02/31/2026", "29/02/2027", "31/04/26", "32/01/2026", "2026-02-30"),
                *("31 de fevereiro de 2026", "February 30, 2026", "30/02/2026 19h", "sábado, 31/06/2026"),
            )
        ],
        *[
            (text, None)
            for text in (
                "28/05/2026 10:75",
                "28/05/2026 10h75",
                "27/05/2026 10.75",
                "31/13/2026",
                "palco 2026",
            )
        ],
        *[
            (text, None)
            for text in ("Recife", "7", "31/02", "25/13", "24/06 a 26/06", "junho", "19h", "2026")
        ],
    ],
)
def test_a_date_without_its_year_or_day_says_so(text: str, rule: str | None) -> None:
    problem = wording.invalid("event_date", text)
    assert (problem.code, problem.rule) == ("invalid_date", rule or UNSET)


def test_a_date_that_may_be_meant_is_not_called_one_that_is_no_day() -> None:
    for order in (None, DateOrder("iso")):
        refused = parse_event_date("31/12/2026", timezone=RECIFE, order=order)
        assert isinstance(refused, Problem)
        assert (refused.rule, refused.suggestion) == (UNSET, "2026-12-31")
