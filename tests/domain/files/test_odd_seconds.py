"""Real dates of a workbook that a program moved by some seconds."""

import pytest

from tests.domain.files.test_sheet_dates import outcomes, read

MOVED = ["2026-12-12T23:59:32", "2026-12-13T18:59:32", "2026-01-05T09:29:32"]
MEANT = ["2026-12-13", "2026-12-13T19:00:00", "2026-01-05T09:30:00"]


@pytest.mark.parametrize("chunk", [1, 64, 1 << 20])
def test_moved_dates_are_refused_with_the_one_that_is_meant(chunk: int) -> None:
    result, _ = read(MOVED, chunk=chunk)
    assert [row.errors[0].suggestions for row in result] == list(zip(MEANT, MOVED, strict=True))
    assert {row.errors[0].rule for row in result} == {"odd_seconds"}


@pytest.mark.parametrize("dates", [MOVED[:1], ["", "a definir", MOVED[0]], [MOVED[0]] * 3])
def test_evenings_in_their_last_minute_are_days(dates: list[str]) -> None:
    assert outcomes(dates)[-1] == "odd_seconds"


def test_ten_moved_dates_are_proof_whatever_follows_and_blanks_say_nothing() -> None:
    moved = [f"2026-12-{day:02}T18:59:32" for day in range(1, 11)]
    for follows in ("2026-12-20", "2026-12-20T19:00:00", "2026-12-20T18:57:11"):
        assert outcomes([*[""] * 30, *moved, follows])[30:40] == ["odd_seconds"] * 10


def test_seconds_that_are_late_are_told_as_well() -> None:
    result, _ = read(["2026-12-13T19:00:21", "2026-12-14T00:00:21"])
    assert [row.errors[0].suggestion for row in result] == ["2026-12-13T19:00:00", "2026-12-14"]


ORDINARY = {
    "whole minutes": ["2026-12-13T18:59:00", "2026-12-14T18:59:00"],
    "the ends of days": ["2026-12-13T23:59:59", "2026-12-14T23:59:59"],
    "the beginnings of days": ["2026-12-13T00:00:01", "2026-12-14T00:00:01"],
    "times of forms": ["2026-12-13T18:59:32", "2026-12-13T18:59:48"],
    "any minutes": ["2026-12-13T18:57:32", "2026-12-13T18:59:32"],
    "a date alone": ["2026-12-13", "2026-12-13T18:59:32", "2026-12-14T18:59:32"],
    "the last but one second": ["2026-12-13T23:59:58", "2026-12-14T23:59:58"],
    "an ordinary time behind": ["2026-12-13T19:00:15", "2026-12-13T20:00:00", "2026-12-14T21:30:00"],
    "an ordinary time in front": ["2026-12-13T20:00:00", "2026-12-13T19:00:15", "2026-12-14T21:30:15"],
    "a form at midnight": ["2026-12-13T19:04:37", "2026-12-13T23:59:41", "2026-12-14T08:11:02"],
    "one time": ["2026-12-13T18:59:32"] * 3,
}


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_seconds_are_not_asked_about(name: str) -> None:
    assert "odd_seconds" not in outcomes(ORDINARY[name])


def test_a_value_that_is_given_for_one_decides_it_and_mended_rows_stand() -> None:
    assert outcomes(MOVED, values={"event_date": {MOVED[0]: MEANT[0]}})[0] == MEANT[0]
    assert "odd_seconds" not in outcomes(MOVED, repairs_of="01J00000000000000000000000")
