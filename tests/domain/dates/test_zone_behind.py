"""Time zones that are named behind a time: they are told from other words, and a sure one has an offset."""

import pytest

from domain.dates.written import Clock, Day
from domain.dates.zone_behind import offset_of, without_zone

EVENING = Clock(19)


@pytest.mark.parametrize(
    ("text", "moment", "name"),
    [
        ("28/05/2026 19:00 brt", "28/05/2026 19:00", "brt"),
        ("28/05/2026 19h brt", "28/05/2026 19h", "brt"),
        ("28/05/2026 19h30min est", "28/05/2026 19h30min", "est"),
        ("5/28/2026 7:00 pm est", "5/28/2026 7:00 pm", "est"),
        ("5/28/2026 7pm europe/lisbon", "5/28/2026 7pm", "europe/lisbon"),
        ("2026-05-28t19:00-03:00[america/recife]", "2026-05-28t19:00-03:00", "america/recife"),
        ("19:00 (horario de manaus)", "19:00", "horario de manaus"),
        ("19h, horario de brasilia", "19h", "horario de brasilia"),
        ("7pm new york time", "7pm", "new york time"),
        ("19:00 (cet)", "19:00", "cet"),
        ("19 brt", "19", "brt"),
        ("7:00 pm (gmt-3)", "7:00 pm", "gmt-3"),
        ("19h [utc+05:30]", "19h", "utc+05:30"),
        ("19:00 utc-3", "19:00", "utc-3"),
        ("19:00 - 22:00 gmt-10", "19:00 - 22:00", "gmt-10"),
        ("19:00 horario local", "19:00", ""),
        ("19:00 (local)", "19:00", ""),
        *[
            (text, text, "")
            for text in (
                *("28/05/2026", "28/05/2026 7:00 pm", "19h", "28 maio", "19:00 quinta", "7:30 (noite)", ""),
                *("20h (abertura 18h)", "8h da noite", "a definir", "3 de julho"),
            )
        ],
    ],
)
def test_a_zone_is_told_from_other_words_behind_a_time(text: str, moment: str, name: str) -> None:
    assert without_zone(text) == (moment, name)


@pytest.mark.parametrize(
    ("name", "summer", "winter"),
    [
        ("america/recife", "-03:00", "-03:00"),
        ("europe/lisbon", "+01:00", "+00:00"),
        ("america/port-au-prince", "-04:00", "-05:00"),
        ("horario de manaus", "-04:00", "-04:00"),
        ("hora de bogota", "-05:00", "-05:00"),
        ("new york time", "-04:00", "-05:00"),
        ("brt", "-03:00", "-03:00"),
        ("brst", "-02:00", "-02:00"),
        ("horario oficial de brasilia", "-03:00", "-03:00"),
        ("brasilia standard time", "-03:00", "-03:00"),
        ("lisboa", "+01:00", "+00:00"),
        ("eastern time", "-04:00", "-05:00"),
        ("india standard time", "+05:30", "+05:30"),
        ("utc", "Z", "Z"),
        ("gmt", "Z", "Z"),
        ("gmt-3", "-03:00", "-03:00"),
        ("utc+05:30", "+05:30", "+05:30"),
        *[
            (name, None, None)
            for name in (
                "est",
                "cet",
                "pst",
                "cst",
                "ist",
                "bst",
                "amt",
                "palco",
                "central",
                "america/nowhere",
            )
        ],
    ],
)
def test_a_name_has_an_offset_if_it_has_one_meaning(
    name: str, summer: str | None, winter: str | None
) -> None:
    assert offset_of(name, Day(2026, 7, 1), EVENING) == summer
    assert offset_of(name, Day(2026, 1, 1), EVENING) == winter


def test_without_a_day_only_fixed_offsets_are_known() -> None:
    assert offset_of("brt", None, EVENING) == "-03:00"
    assert offset_of("america/recife", None, EVENING) is None
    assert offset_of("brasilia", None, EVENING) is None


def test_the_summer_time_of_brasilia_is_that_of_the_day() -> None:
    assert offset_of("horario de brasilia", Day(2018, 12, 15), EVENING) == "-02:00"
    assert offset_of("brt", Day(2018, 12, 15), EVENING) == "-03:00"


def test_an_offset_before_there_were_zones_is_none() -> None:
    assert offset_of("america/recife", Day(1905, 5, 28), EVENING) is None
