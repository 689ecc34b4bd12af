"""Time zones by the names that people and programs give them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.dates.zones import clocks_of, iana_zone, offset_at, zone_named, zones_named

WINTER, SUMMER = datetime(2026, 1, 15, 10), datetime(2026, 7, 15, 10)  # noqa: DTZ001 - wall clocks.


@pytest.mark.parametrize(
    ("name", "winter", "summer"),
    [
        *[(name, "+00:00", "+00:00") for name in ("UTC", "gmt", "Z", "Etc/UTC", "UTC time")],
        *[
            (name, "-03:00", "-03:00")
            for name in ("UTC-3", "GMT-0300", "-03:00", "UTC\u22123", "BRT", "GMT -3h")
        ],
        *[(name, "-03:00", "-03:00") for name in ("america/recife", "America/Recife", "Recife", "RECIFE")],
        *[
            (name, "-03:00", "-03:00")
            for name in (
                *(
                    "Bras\u00edlia",
                    "hor\u00e1rio de Bras\u00edlia",
                    "hora oficial de Bras\u00edlia",
                    "(UTC-03:00) Bras\u00edlia",
                ),
                *("E. South America Standard Time", "Pernambuco", "Salvador", "Buenos Aires"),
            )
        ],
        *[(name, "-02:00", "-02:00") for name in ("BRST", "Fernando de Noronha", "America/Noronha")],
        *[
            (name, "-04:00", "-04:00")
            for name in ("Cuiab\u00e1", "hor\u00e1rio de Cuiab\u00e1", "Amazonas", "Manaus")
        ],
        *[(name, "-05:00", "-05:00") for name in ("Acre", "Rio Branco", "Etc/GMT+5", "GMT-5")],
        *[
            (name, "-05:00", "-04:00")
            for name in (
                *("Eastern Time", "US-Eastern", "US/Eastern", "New York", "America/Port-au-Prince"),
                "(UTC-05:00) Eastern Time (US & Canada)",
            )
        ],
        *[
            (name, "+00:00", "+01:00")
            for name in ("Lisboa", "Lisbon", "Portugal", "Europe/Lisbon", "GMT Standard Time")
        ],
        *[(name, "+05:30", "+05:30") for name in ("India Standard Time", "Asia/Kolkata", "UTC+5:30")],
        ("SA Western Standard Time", "-04:00", "-04:00"),
        ("GMT+5", "+05:00", "+05:00"),
    ],
)
def test_a_sure_name_is_that_of_a_zone(name: str, winter: str, summer: str) -> None:
    zone = zone_named(name)
    assert zone is not None
    assert (offset_at(zone, WINTER), offset_at(zone, SUMMER)) == (winter, summer)
    assert zones_named(name) == (zone,)


@pytest.mark.parametrize(
    ("name", "hours"),
    [
        ("EST", {-5, 10}),
        ("IST", {5.5, 1, 2}),
        ("AMT", {-4, 4}),
        ("ACT", {-5, 9.5, 8}),
        *[(name, {hours}) for name, hours in (("ART", -3), ("EAT", 3), ("NZST", 12), ("CET", 1))],
    ],
)
def test_an_abbreviation_of_several_zones_is_none_for_sure(name: str, hours: set[float]) -> None:
    assert zone_named(name) is None
    found = {next(iter(clocks_of(zone))) / timedelta(hours=1) for zone in zones_named(name)}
    assert found == hours


@pytest.mark.parametrize(
    "name",
    [
        *("", "localtime", "posixrules", "Factory", "right/America/Recife", "posix/UTC", "America", "../UTC"),
        *(
            "Mars/Olympus",
            "\0",
            "HH:MM",
            "dd-mm",
            "24h",
            "local",
            "nome",
            "reuni\u00f3n",
            "Easter",
            "+25",
            "UTC-15",
        ),
        *("(UTC-03:00) Nada", "(UTC-03:00) Manaus", "PT", "x" * 500),
    ],
)
def test_other_words_are_no_zones(name: str) -> None:
    assert zone_named(name) is None
    assert zones_named(name) == ()


@given(st.text())
def test_any_text_is_a_zone_or_none(text: str) -> None:
    for found in (zone_named(text), iana_zone(text), *zones_named(text)):
        assert found is None or offset_at(found, SUMMER) is not None


def test_an_offset_before_there_were_zones_is_none() -> None:
    assert offset_at(ZoneInfo("America/Recife"), datetime(1910, 1, 1, 10)) is None  # noqa: DTZ001
    assert offset_at(UTC, datetime(1910, 1, 1, 10)) == "+00:00"  # noqa: DTZ001
