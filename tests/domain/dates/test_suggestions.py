"""What is suggested for a date or time that is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from domain.dates import DateOrder, parse_event_date
from domain.problems import Problem
from tests.domain.dates.reading import RECIFE, parse


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("45839", "2025-07-01"),
        ("45839.4166666667", "2025-07-01T10:00:00"),
        ("45839,4166666667", "2025-07-01T10:00:00"),
        ("1751364000", "2025-07-01T10:00:00Z"),
        ("1751364000000", "2025-07-01T10:00:00Z"),
        ("2025-07-01 19h às 22h", "2025-07-01T19:00:00"),
        ("2025-07-01 10:00:00 America/Recife", "2025-07-01T10:00:00-03:00"),
        ("7/13/2025 7:00 PM Europe/Lisbon", "2025-07-13T19:00:00+01:00"),
        ("13/07/2025 19h (horário de Manaus)", "2025-07-13T19:00:00-04:00"),
        ("13/07/2025 19:00 BRT", "2025-07-13T19:00:00-03:00"),
        ("13/07/2025 19h BRT", "2025-07-13T19:00:00-03:00"),
        ("13/07/2025 19:00 BRT - 21:00 BRT", "2025-07-13T19:00:00-03:00"),
        ("13/07/2025 19:00 - 21:00 (horário de Brasília)", "2025-07-13T19:00:00-03:00"),
        ("2025-07-13T19:00-03:00[America/Recife]", "2025-07-13T19:00:00-03:00"),
        ("2025-07-13T19:00-05:00[America/Recife]", None),
        ("13/07/2025 19:00-05:00 EST", "2025-07-13T19:00:00-05:00"),
        ("13/07/2025 19:00 (local)", "2025-07-13T19:00:00"),
        ("13/07/2025 EST", "2025-07-13"),
        # Each has several meanings, or none that is known.
        *[
            (f"13/07/2025 19:00 {zone}", None)
            for zone in ("EST", "CET", "PST", "IST", "(BST)", "- 21:00 EST", "central")
        ],
        ("13/07/2025 19:00 Lisboa", "2025-07-13T19:00:00+01:00"),
        ("13/07/2025 19:00 (horário de Lisboa)", "2025-07-13T19:00:00+01:00"),
        ("15/12/2018 10:00 (horário de Brasília)", "2018-12-15T10:00:00-02:00"),
        # The half of the day that is written after the end is that of the start, too.
        ("24/06/2026 7:30 - 9:30 PM", "2026-06-24T19:30:00"),
        ("June 24, 2026, 7-9pm", "2026-06-24T19:00:00"),
        ("June 24, 2026, 11am-1pm", "2026-06-24T11:00:00"),
        ("June 24, 2026, 9-12pm", None),
        ("June 7-9, 2026 7pm", "2026-06-07T19:00:00"),
        ("24/06/2026 das 2 às 5 da tarde", "2026-06-24T14:00:00"),
        # The first of several days is of the month before, where its number is the greater one.
        ("30 a 02/05/2026", "2026-04-30"),
        ("30 e 01/05/2026", "2026-04-30"),
        ("31 a 02/01/2027 19h", "2026-12-31T19:00:00"),
        ("31 a 02/05/2026", None),
        ("30 a 02/05/0000", None),
        ("2026-06-24T19:30:00-3", "2026-06-24T19:30:00-03:00"),
        ("2026-06-24T19:30-3", "2026-06-24T19:30:00-03:00"),
        ("24/06/2026 19:30 +3", "2026-06-24T19:30:00+03:00"),
        ("24/06/2026 7:30-9", "2026-06-24T07:30:00"),
        ("2026-06-24 19:30 -3", "2026-06-24T19:30:00-03:00"),
        ("24/06/2026 19:30 ~ 22:00", "2026-06-24T19:30:00"),
        ("24/06/2026 ~ 26/06/2026", "2026-06-24"),
        ("24/06/2026 | 19h às 21h", "2026-06-24T19:00:00"),
        ("24/06/2026 \u00b7 19h \u00b7 21h", "2026-06-24T19:00:00"),
        ("Wed Jun 24 19:30:00 BRT 2026", "2026-06-24T19:30:00-03:00"),
        ("Thu Jun 24 19:30:00 2026", "2026-06-24T19:30:00"),
        ("24-JUN-26 07.30.00.000000000 PM AMERICA/RECIFE", "2026-06-24T19:30:00.000000000-03:00"),
        ("(24/06/2026)", "2026-06-24"),
        ("[24/06/2026 19h]", "2026-06-24T19:00:00"),
        # Each line is another moment, or a part of the first.
        ("24/06/2026\n25/06/2026", "2026-06-24"),
        ("24/06/2026 19h\n25/06/2026 19h", "2026-06-24T19:00:00"),
        ("24/06/2026\r\n19h\r\n21h", "2026-06-24T19:00:00"),
        ("24/06/2026\n19h às 21h", "2026-06-24T19:00:00"),
        ("13/07/2025 meio-dia", "2025-07-13T12:00:00"),
        ("13/07/2025 ao meio-dia", "2025-07-13T12:00:00"),
        ("13/07/2025, noon", "2025-07-13T12:00:00"),
        ("2025-07-13 à meia-noite", "2025-07-13T00:00:00"),
        ("13/07/2025 às 8h da noite", "2025-07-13T20:00:00"),
        ("13/07/2025 7:30 noite", "2025-07-13T19:30:00"),
        ("13/07/2025 às 19", "2025-07-13T19:00:00"),
        ("13/07/2025 a 14", "2025-07-13"),
        ("13/07/2025, 14", "2025-07-13"),
        ("13/07/2025 domingo", "2025-07-13"),
        ("14/07/2025, segunda-feira, 19h", "2025-07-14T19:00:00"),
        ("14/07/2025 domingo", None),
        ("dia 13/07/2025", "2025-07-13"),
        ("no dia 13/07/2025 às 19h", "2025-07-13T19:00:00"),
        ('="13/07/2025"', "2025-07-13"),
        ("'13/07/2025'", "2025-07-13"),
        ("13/07/2025*", "2025-07-13"),
        ("13/07/2025 19h.;", "2025-07-13T19:00:00"),
        ("\uff11\uff13/\uff10\uff17/\uff12\uff10\uff12\uff15", "2025-07-13"),
        ("\u0662\u0660\u0662\u0665-07-01", "2025-07-01"),
        ("3 a 5 de julho de 2025", "2025-07-03"),
        ("de 3 a 5 de julho de 2025", "2025-07-03"),
        ("dias 13 e 14/07/2025", "2025-07-13"),
        ("13, 14 e 15/07/2025", "2025-07-13"),
        ("13-15/07/2025", "2025-07-13"),
        ("13/07 a 15/08/2025", "2025-07-13"),
        ("3 de julho a 5 de agosto de 2025", "2025-07-03"),
        ("13/07/2025 até 15/07/2025", "2025-07-13"),
        ("13.07.2025-15.07.2025", "2025-07-13"),
        ("del 3 al 5 de julio de 2025", "2025-07-03"),
        ("July 3-5, 2025", "2025-07-03"),
        ("July 3, 2025 → July 5, 2025", "2025-07-03"),
        ("2025-07-03/2025-07-05", "2025-07-03"),
        ("2025-07-03 - 2025-07-05", "2025-07-03"),
        ("2025-07-03T19:00/21:00", "2025-07-03T19:00:00"),
        ("July 3, 2025 7:00 PM (GMT-3)", "2025-07-03T19:00:00-03:00"),
        ("July 3, 2025 7:00 PM (GMT-3) \u2192 10:00 PM", "2025-07-03T19:00:00-03:00"),
        ("July 3, 2025 7:00 PM \u2192 10:00 PM (GMT-3)", "2025-07-03T19:00:00-03:00"),
        ("July 3, 2025 7:00 PM (GMT-3) \u2192 July 4, 2025 2:00 AM (GMT-3)", "2025-07-03T19:00:00-03:00"),
        ("July 3, 2025 7:00 PM (GMT-3) \u2192 10:00 PM (GMT-5)", "2025-07-03T19:00:00-03:00"),
        ("July 3, 2025 7:00 (GMT-3) \u2192 10:00 PM", "2025-07-03T19:00:00-03:00"),
        ("July 3, 2025 7:00 PM (America/Recife) \u2192 10:00 PM", "2025-07-03T19:00:00-03:00"),
        ("July 3, 2025 7:00 PM [UTC+05:30] - 10:00 PM", "2025-07-03T19:00:00+05:30"),
        ("July 3, 2025 7:00 PM (EST) \u2192 10:00 PM", None),
        ("2025/07/03 19:00 (GMT-3) \u2192 22:00", "2025-07-03T19:00:00-03:00"),
        ("03/07/2025 19h (BRT) \u00e0s 22h", "2025-07-03T19:00:00-03:00"),
        ("03/07/2025 7:00 BRT - 10:00 PM BRT", "2025-07-03T19:00:00-03:00"),
        ("03/07/2025 \u00e0s 19 e 30", "2025-07-03T19:30:00"),
        ("03/07/2025 19h e 30", "2025-07-03T19:30:00"),
        ("03/07/2025, 19 horas e 30 minutos", "2025-07-03T19:30:00"),
        ("03/07/2025 \u00e0s 7 e meia da noite", "2025-07-03T19:30:00"),
        ("03/07/2025 19 e 30", None),
        ("2025-07-03 19:00 (abertura 18h)", "2025-07-03T19:00:00"),
        ("28/12 a 03/01/2027", "2026-12-28"),
        ("30 de dezembro a 2 de janeiro de 2027", "2026-12-30"),
        ("30/11 a 03/12/2027", "2027-11-30"),
        ("202603131930", "2026-03-13T19:30:00"),
        ("2026-03-05 (19h)", "2026-03-05T19:00:00"),
        ("2026-03-05 0:30 PM", None),
        ("31/02/2025", None),
        ("a definir", None),
        ("julho a agosto de 2025", None),
        ("1/2/3", None),
    ],
)
def test_a_refused_date_has_a_suggestion_of_what_was_meant(text: str, suggestion: str | None) -> None:
    refused = parse(text)
    assert isinstance(refused, Problem)
    assert (refused.code, refused.suggestion) == ("invalid_date", suggestion)


@pytest.mark.parametrize("text", ["24/06/2026 19:30-3", "2026-06-24 19:30-3", "24/06/2026 19h30 -3"])
def test_what_may_be_an_end_or_an_offset_of_one_digit_is_suggested_as_both(text: str) -> None:
    refused = parse(text)
    assert isinstance(refused, Problem)
    assert refused.suggestions == ("2026-06-24T19:30:00", "2026-06-24T19:30:00-03:00")


def test_a_number_of_a_day_counts_from_the_first_of_its_workbook() -> None:
    asked = DateOrder.asked("auto", is_1904=True)
    for order in (asked, asked.unproved(), asked.proved("mdy", 3)):
        refused = parse_event_date("44708.5", timezone=RECIFE, order=order)
        assert isinstance(refused, Problem)
        assert refused.suggestion == "2026-05-28T12:00:00"


@pytest.mark.parametrize("text", ["05/03/2026 a 07/03/2026", "05 a 07/03/2026", "05/03/2026 19h - 22h"])
def test_a_suggestion_is_in_the_order_of_the_file(text: str) -> None:
    for date_format, day in (("dmy", "2026-03-05"), ("mdy", "2026-05-03")):
        refused = parse(text, date_format)  # type: ignore[arg-type]
        assert isinstance(refused, Problem)
        assert (str(refused.suggestion)[:10], refused.suggestions) == (day, UNSET)
    undecided = parse(text, "auto")
    assert isinstance(undecided, Problem)
    assert isinstance(undecided.suggestions, tuple)
    assert [moment[:10] for moment in undecided.suggestions] == ["2026-03-05", "2026-05-03"]


@pytest.mark.parametrize(
    "time", ["25h", "25:00", "24h30", "24:30", "26 hs", "19h75", "19:60", "das 25h às 26h"]
)
@pytest.mark.parametrize("between", [" ", " | ", " às ", " - ", ", ", " · ", " (", "\n"])
def test_a_time_that_no_day_has_suggests_no_day_without_it(between: str, time: str) -> None:
    refused = parse(f"13/12/2026{between}{time}" + ")" * (between == " ("))
    assert isinstance(refused, Problem)
    assert (refused.suggestion, refused.suggestions) == (None, UNSET)


@pytest.mark.parametrize(
    "text",
    [
        *("2026-05-28 hasta 2026-05-30", "28 hasta 30/05/2026", "2026-05-28 híbrido", "2026-05-28 Hall"),
        *("28/05/2026 (curso de 40h)", "28/05/2026 - 40h", "28/05/2026 (24 horas)", "28/05/2026, aberto 24h"),
    ],
)
def test_a_word_with_h_and_a_workload_leave_the_day_suggested(text: str) -> None:
    refused = parse(text)
    assert isinstance(refused, Problem)
    assert refused.suggestion == "2026-05-28"


@given(st.text("0123456789 -/.,:()aehsdglo→&", max_size=400))
def test_the_suggestion_of_any_text_is_a_date_that_is_read(text: str) -> None:
    refused = parse(text)
    if isinstance(refused, Problem) and refused.suggestion is not None:
        assert not isinstance(parse(refused.suggestion), Problem)


@pytest.mark.parametrize(
    ("time", "suggestion"),
    [
        ("0.8125", "19:30:00"),
        ("19:00-22:00", "19:00:00"),
        ("19h às 22h", "19:00:00"),
        ("19-21h", "19:00:00"),
        ("19", "19:00:00"),
        ("7", "07:00:00"),
        ("1930", "19:30:00"),
        ("930", "09:30:00"),
        ("193000", "19:30:00"),
        ("93000", "09:30:00"),
        ("meio-dia", "12:00:00"),
        ("Meia noite", "00:00:00"),
        ("7 da manhã", "07:00:00"),
        ("8h da noite", "20:00:00"),
        ("8 horas da noite", "20:00:00"),
        ("12 da tarde", "12:00:00"),
        ("9 in the evening", "21:00:00"),
        ("9:30 de la noche", "21:30:00"),
        ("a partir das 19h", "19:00:00"),
        ("das 19h às 21h", "19:00:00"),
        ("das 8 às 12", "08:00:00"),
        ("from 7pm to 9pm", "19:00:00"),
        ("desde las 19:00", "19:00:00"),
        ("19h e 21h", "19:00:00"),
        ("19:00/21:00", "19:00:00"),
        ("19,30", "19:30:00"),
        ("19 e 30", "19:30:00"),
        ("19h e 30", "19:30:00"),
        ("19 y 30", "19:30:00"),
        ("\u00e0s 19 e 30", "19:30:00"),
        ("19 e 15", "19:15:00"),
        ("19 horas e 20 minutos", "19:20:00"),
        ("7 e 30 da noite", "19:30:00"),
        ("7 e meia da noite", "19:30:00"),
        ("19-30", None),
        ("19/30", None),
        ("19 a 30", None),
        ("19:00 e 30", "19:00:00"),
        ("19:30-35", "19:30:00"),
        ("19h30 a 45", "19:30:00"),
        ("20 e 21 horas", "20:00:00"),
        ("9 e 10 da manhã", "09:00:00"),
        ("19h e 30 (GMT-3)", "19:30:00-03:00"),
        ("das 19h e 30", "19:30:00"),
        ("7:00 PM (GMT-3) \u2192 10:00 PM", "19:00:00-03:00"),
        ("7:00 (GMT-3) - 10:00 PM", "19:00:00-03:00"),
        ("7.30", "07:30:00"),
        ("19,5", None),
        ("7.5", None),
        ("1900-01-00 19:30:00", "19:30:00"),
        ("00/01/1900 19:30", "19:30:00"),
        ("07:30 (noite)", "19:30:00"),
        ("12:00 da noite", "00:00:00"),
        ("12 de la noche", "00:00:00"),
        ("20h (abertura 19h)", "20:00:00"),
        ("19:00 BRT", "19:00:00-03:00"),
        ("19h às 21h (horário de Brasília)", "19:00:00-03:00"),
        ("19:00 EST", None),
        # Its offset depends on the day, which is known.
        ("19:00 Europe/Lisbon", "19:00:00+01:00"),
        ("7-9pm", "19:00:00"),
        ("11-1pm", "11:00:00"),
        ("11-1am", "23:00:00"),
        ("9-5pm", "09:00:00"),
        ("12-3pm", "12:00:00"),
        ("7am-9pm", "07:00:00"),
        ("19:30-9pm", "19:30:00"),
        ("7-7pm", None),
        ("9-12pm", None),
        ("7:30-9:00 PM", "19:30:00"),
        ("7:30 to 9 PM", "19:30:00"),
        ("7:00\u20139:00pm", "19:00:00"),
        ("7 and 9:30 PM", "19:00:00"),
        ("3, 5 and 7pm", "15:00:00"),
        ("7:30 - 9:00 p.m.", "19:30:00"),
        ("from 7 to 9pm", "19:00:00"),
        ("7-9pm (doors 6pm)", "19:00:00"),
        ("1h às 3h da tarde", "13:00:00"),
        ("8h às 10h da noite", "20:00:00"),
        ("8h às 1h da noite", None),
        ("8h às 10h da manhã", "08:00:00"),
        ("19:30:00-3", "19:30:00-03:00"),
        ("19:30-3", "19:30:00"),
        ("19h\n21h", "19:00:00"),
        ("19:00\n\n21:00", "19:00:00"),
        ("19h \u00b7 21h", "19:00:00"),
        ("19h | 21h", "19:00:00"),
        ("19:30 ~ 22:00", "19:30:00"),
        ("(19h30)", "19:30:00"),
        ("07.03.26", None),
        ("8 noite", "20:00:00"),
        ("2025-07-02", None),
        ("01/07/2025", None),
        ("25", None),
        ("1960", None),
        ("dia todo", None),
        ("24", None),
        ("a combinar", None),
        ("25 da noite", None),
    ],
)
def test_a_refused_time_has_an_explanation(time: str, suggestion: str | None) -> None:
    refused = parse("2025-07-01", time=time)
    assert isinstance(refused, Problem)
    assert (refused.field, refused.suggestion) == ("event_time", suggestion)


def test_two_hours_are_no_hour_and_minutes() -> None:
    refused = parse("2025-07-01", time="19 e 20")
    assert isinstance(refused, Problem)
    assert (refused.suggestion, refused.suggestions) == ("19:00:00", UNSET)
