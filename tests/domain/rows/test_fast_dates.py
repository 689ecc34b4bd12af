"""The fast dates are those of the rules, or none."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.dates import DateOrder, parse_event_date
from domain.problems import Problem
from domain.rows.fast_dates import FastDates

SAO_PAULO = ZoneInfo("America/Sao_Paulo")  # Its clocks were changed often.

days = st.sampled_from(
    [
        *(
            "2025-07-01",
            "2025-7-1",
            "2018-11-04",
            "2025/07/01",
            "01/07/2025",
            "1/7/25",
            "13.07.2025",
            "07-13-2025",
        ),
        *(
            "01/01/2025",
            "31/02/2025",
            "20250701",
            "1 de julho de 2025",
            "",
            " ",
            "x",
            "2025-07-1",
            "01/07/1899",
        ),
    ]
) | st.dates().map(lambda day: f"{day:%d/%m/%Y}")
times = st.sampled_from(
    [
        *(
            "",
            " ",
            "T",
            "10:00",
            " 10:00",
            "T10:00:00",
            " 9:00",
            " 10h30",
            " às 10h",
            " 7:30 PM",
            ", 7:30 PM",
            "Z",
        ),
        *(
            " 10:00:00-03:00",
            " 19:00-22:00",
            " 08:00-12:00",
            " 19:00-03:00",
            " 22:00-02:00",
            " 22:00-00:00",
            "T00:00:00.000Z",
            "T10:00Z",
            " 10:00 GMT-3",
            " (quinta) 19h",
            " (terça)",
            "  10:00 ",
        ),
        *(
            "19:00-22:00",
            "7:30 PM",
            "19h30",
            "0.8125",
            "1970-01-01 10:00",
            "1899-12-30T10:00",
            "10:00 (quinta)",
        ),
    ]
)
orders = st.sampled_from(["auto", "iso", "dmy", "mdy"]).map(DateOrder)


@given(st.lists(st.tuples(days, times, times), min_size=1, max_size=12), orders)
@settings(max_examples=600)
def test_cached_dates_equal_parsed_dates(cells: list[tuple[str, str, str]], order: DateOrder) -> None:
    fast = FastDates(SAO_PAULO, order)
    for day, behind, apart in cells:
        read = fast.read(day + behind, apart)
        expected = parse_event_date(day + behind, timezone=SAO_PAULO, order=order, time=apart)
        assert read in (None, expected), (day + behind, apart)


def test_ordinary_dates_take_the_fast_path() -> None:
    fast = FastDates(SAO_PAULO, DateOrder("dmy"))
    cells = [
        ("01/07/2025 10:00", ""),
        ("01/07/2025", "19h30"),
        ("2025-07-01T10:00:00", ""),
        ("2025-07-01T10:00:00-00:00", ""),
        ("01/07/2025 19:00-03:00", ""),
    ]
    for text, time in cells:
        assert fast.read(text, time) is not None
    refused = parse_event_date("07/13/2025", timezone=SAO_PAULO, order=DateOrder("dmy"))
    assert isinstance(refused, Problem)
    assert fast.read("07/13/2025") is None


@pytest.mark.parametrize("behind", [" 2026-07-01", " 19:00-22:00", "T19:00", " às 19h", "x", " (qua)"])
@pytest.mark.parametrize("times", [1, 50, 5_000])
def test_a_day_with_a_long_text_behind_it_is_left_to_the_rules(behind: str, times: int) -> None:
    order = DateOrder("auto")
    text = "2026-07-01" + behind * times
    found = parse_event_date(text, timezone=SAO_PAULO, order=order)
    read = FastDates(SAO_PAULO, order).read(text, "")
    assert read is None or read == found
