"""Calendars as rows: as their makers write them, in zones of every name, whole and cut."""

import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.files.calendar_reader import CalendarReader
from domain.files.kinds import sniff
from domain.imports import ImportOptions
from domain.rows.row_parser import Row

RECIFE = ZoneInfo("America/Recife")
CORPUS = Path(__file__).parents[2] / "corpus"
CITY = {"city": "Recife"}


def read(content: bytes, chunk: int = 1 << 20, **options: Any) -> tuple[CalendarReader, list[Row]]:
    reader = CalendarReader(ImportOptions(**{"defaults": CITY, **options}), RECIFE)
    rows: list[Row] = []
    for start in range(0, len(content), chunk):
        reader.feed(content[start : start + chunk])
        while not reader.is_hungry:
            rows += reader.rows(max_rows=2)
    reader.close()
    while not reader.is_hungry:
        rows += reader.rows(max_rows=2)
    assert reader.has_ended
    return reader, rows


def calendar(*lines: str) -> bytes:
    return "\r\n".join(["BEGIN:VCALENDAR", *lines, "END:VCALENDAR", ""]).encode()


def entry(*lines: str) -> list[str]:
    return ["BEGIN:VEVENT", "SUMMARY:A", *lines, "END:VEVENT"]


def counted(reader: CalendarReader) -> dict[str, int]:
    return {warning["code"]: warning["count"] for warning in reader.warnings}


SUMMARIES = {
    "SUMMARY;ENCODING=QUOTED-PRINTABLE:Festival de m=C3=BAsica": "Festival de música",
    "SUMMARY;QUOTED-PRINTABLE:S=C3=A3o Jo=C3=A3o": "São João",
    "SUMMARY;CHARSET=UTF-8;ENCODING=quoted-printable:Festival =\r\ndo Recife =\r\nAntigo": (
        "Festival do Recife Antigo"
    ),
    "SUMMARY;ENCODING=QUOTED-PRINTABLE:Festival=\r\n do Recife": "Festival do Recife",
    "SUMMARY;ENCODING=QUOTED-PRINTABLE:m=C3=\n=BAsica": "música",
    "SUMMARY;ENCODING=QUOTED-PRINTABLE:a =3D b=\r\nLOCATION:x": "a = bLOCATION:x",
    "SUMMARY:1 + 1 =\r\nX-A:2": "1 + 1 =",
    "SUMMARY;FOO:Teatro X": "Teatro X",
    'SUMMARY;FOO;LANGUAGE="pt:br";BAR:Teatro: X': "Teatro: X",
    "SUMMARY;LANGUAGE=pt-br:Teatro": "Teatro",
    "SUMMARY;ENCODING=BASE64:UmV1bmnDo28=": "Reunião",
    "SUMMARY;ENCODING=b;VALUE=BINARY:UmV1bmnDo28": "Reunião",
    "SUMMARY;BASE64:UmV1bm\r\n  nDo28=": "Reunião",
    "SUMMARY;ENCODING=BASE64:QSwgQlxuQw==": "A, B\\nC",
    "SUMMARY;ENCODING=BASE64:Reunião": "Reunião",
    "SUMMARY;ENCODING=BASE64:Agenda12": "Agenda12",
    "SUMMARY;ENCODING=BASE64:A\\, B": "A, B",
    "SUMMARY;ENCODING=8BIT:UmV1bmnDo28=": "UmV1bmnDo28=",
}


@pytest.mark.parametrize("chunk", [1 << 20, 5])
@pytest.mark.parametrize("line", SUMMARIES)
def test_texts_of_vcalendar_are_whole(line: str, chunk: int) -> None:
    lines = ["BEGIN:VEVENT", line, "DTSTART:20250701T100000", "DESCRIPTION:Fim", "END:VEVENT"]
    _, [row] = read(calendar(*lines), chunk)
    assert row.fields is not None, row.errors
    assert (row.fields.title, row.fields.description) == (SUMMARIES[line], "Fim")


DAY = "DTSTART:20250701T100000"


def test_an_entry_that_names_an_encoding_without_end_is_read_in_one_pass() -> None:
    # By the square of its length it would take minutes.
    endless = "X-A;" + "QUOTED-PRINTABLE" * 60_000
    lines = ["BEGIN:VEVENT", endless, "SUMMARY:Festa", "DTSTART:20250701T100000", "END:VEVENT"]
    _, [row] = read(calendar(*lines))
    assert row.fields is not None, row.errors
    assert row.fields.title == "Festa"


@pytest.mark.parametrize("chunk", [1 << 20, 5])
def test_all_of_a_calendar_that_cancels_is_left_out(chunk: int) -> None:
    entries = [*entry(DAY), *entry("UID:1", "RECURRENCE-ID:20250708T100000", "DTSTART:20250708T110000")]
    cancels = calendar("METHOD:CANCEL", *entries, "BEGIN:VTODO", "END:VTODO", *entry(DAY))
    publishes = calendar("METHOD:PUBLISH", *entry(DAY, "DESCRIPTION:x", "METHOD:CANCEL"), *entry(DAY))
    reader, rows = read(cancels + publishes + cancels.replace(b":CANCEL", b":cancel"), chunk)
    assert [row.fields and row.fields.description for row in rows] == ["x", ""]
    assert counted(reader) == {"cancelled_event": 4, "cancelled_occurrence": 2, "other_component": 2}


ZONE = [
    "BEGIN:VTIMEZONE",
    "TZID:Ilha",
    "BEGIN:STANDARD",
    "DTSTART:16010101T000000",
    "TZOFFSETFROM:-0500",
    "TZOFFSETTO:-0500",
    "END:STANDARD",
    "END:VTIMEZONE",
]


@pytest.mark.parametrize("chunk", [1 << 20, 50, 5])
@pytest.mark.parametrize("between", [0, 1, 200])
def test_a_time_zone_may_be_defined_behind_its_entries(between: int, chunk: int) -> None:
    early, plain = entry("DTSTART;TZID=Ilha:20250701T100000"), entry(DAY)
    unknown = entry("DTSTART;TZID=Nada:20250701T100000")
    lines = [*unknown, *early, *plain * between, *early, *ZONE, *unknown, *early]
    _, rows = read(calendar(*lines), chunk)
    dates = [row.fields.event_date if row.fields else row.errors[0].code for row in rows]
    known = "2025-07-01T10:00:00-05:00"
    assert dates == ["invalid_date", known, *["2025-07-01T10:00:00"] * between, known, "invalid_date", known]


@pytest.mark.parametrize("chunk", [1 << 20, 50])
@pytest.mark.parametrize("name", ["GMT+3", "BRT", "Recife", "US-Eastern", "Pacific Standard Time"])
def test_what_the_file_defines_counts_before_what_a_name_means(name: str, chunk: int) -> None:
    early = entry(f"DTSTART;TZID={name}:20250701T100000")
    zone = [line.replace("Ilha", name) for line in ZONE]
    _, rows = read(calendar(*early, *entry(DAY), *early, *zone, *early), chunk)
    dates = [row.fields.event_date if row.fields else row.errors[0].code for row in rows]
    assert dates == [f"2025-07-01T10:00:00{offset}" for offset in ("-05:00", "", "-05:00", "-05:00")]


@pytest.mark.parametrize("chunk", [1 << 20, 1 << 16])
def test_a_time_zone_is_sought_within_a_bound(chunk: int) -> None:
    early, long = entry("DTSTART;TZID=Ilha:20250701T100000"), entry(DAY, f"X-A:{'x' * 600_000}")
    _, rows = read(calendar(*early, *long, *long, *early, *ZONE, *early), chunk)
    assert [row.fields is not None for row in rows] == [False, True, True, False, True]


@pytest.mark.parametrize("chunk", [1 << 20, 11])
def test_a_google_calendar_is_read(chunk: int) -> None:
    reader, rows = read((CORPUS / "google_calendar.ics").read_bytes(), chunk)
    first, second, third = (row.fields for row in rows)
    assert first is not None, rows[0].errors
    assert second is not None, rows[1].errors
    assert third is not None, rows[2].errors
    assert [row.line for row in rows] == [18, 33, 49]
    assert (first.title, first.event_date) == ("Festa Junina", "2025-07-01T22:30:00Z")
    assert first.description == "Entrada franca\nTraga <b>um quilo</b> de alimento, não perecível; obrigado"
    assert first.local_info is not None
    assert first.local_info.location_name == "Praça do Arsenal, Recife Antigo"
    assert second.event_date == "2025-07-05T19:00:00-03:00"
    assert second.participants == ("Ana Lima", "Bia, do Coral")
    assert second.description == ""  # That of its alarm is not its own.
    assert third.event_date == "2025-09-08T00:00:00"
    assert counted(reader) == {"recurring_event": 1}
    assert reader.dialect == {"format": "ics", "encoding": "utf-8"}


def test_an_outlook_calendar_uses_windows_and_custom_time_zones() -> None:
    reader, rows = read((CORPUS / "outlook.ics").read_bytes())
    dates = {row.fields.title: row.fields.event_date for row in rows if row.fields}
    assert dates == {
        "Reunião": "2025-07-01T09:00:00-03:00",
        "Verão": "2025-07-01T09:00:00+02:00",
        "Inverno": "2025-12-01T09:00:00+01:00",
    }
    [unknown] = [row for row in rows if row.fields is None]
    [error] = unknown.errors
    assert (error.field, error.code, error.value) == ("event_date", "invalid_date", "Marte/Olimpo")
    assert counted(reader)["cancelled_event"] == 1


STARTS = {
    "DTSTART:20250701T193000": "2025-07-01T19:30:00",
    "DTSTART:20250701T1930": "2025-07-01T19:30:00",
    "DTSTART:20250701T193000Z": "2025-07-01T19:30:00Z",
    "DTSTART;VALUE=DATE:20250701": "2025-07-01T00:00:00",
    "DTSTART:20250701": "2025-07-01T00:00:00",
    "DTSTART;TZID=America/Sao_Paulo:20180115T100000": "2018-01-15T10:00:00-02:00",
    "DTSTART;TZID=Europe/Lisbon:20250701T100000": "2025-07-01T10:00:00+01:00",
    "DTSTART;TZID=/mozilla.org/20050126_1/Europe/Lisbon:20250101T100000": "2025-01-01T10:00:00+00:00",
    "DTSTART;TZID=Pacific Standard Time:20250701T100000": "2025-07-01T10:00:00-07:00",
    "dtstart;tzid=UTC:20250701T100000": "2025-07-01T10:00:00+00:00",
    "DTSTART;TZID=America/Recife;VALUE=DATE-TIME:20250701T100000": "2025-07-01T10:00:00-03:00",
    "DTSTART;TZID=../../etc/passwd:20250701T100000": None,
    **{
        f"DTSTART;TZID={zone}:20250701T100000": "2025-07-01T10:00:00-03:00"
        for zone in ("BRT", "GMT-0300", "america/recife", '"(UTC-03:00) Brasilia"', "/x.org/America/Recife")
    },
    "DTSTART;TZID=US-Eastern:20250701T100000": "2025-07-01T10:00:00-04:00",
    **{f"DTSTART;TZID={zone}:20250701T100000": None for zone in ("localtime", "posixrules", "IST", "Nada")},
    # Its offset has seconds.
    "DTSTART;TZID=America/Recife:19100101T100000": None,
    "DTSTART:20250231T100000": None,
    "DTSTART:": None,
    "X-NOTHING:1": None,
}


@pytest.mark.parametrize("line", STARTS)
def test_each_form_of_dtstart_gets_the_offset_of_its_day(line: str) -> None:
    _, [row] = read(calendar(*entry(line)))
    assert (row.fields.event_date if row.fields else None) == STARTS[line]
    assert row.fields or row.errors[0].field == "event_date"


@pytest.mark.parametrize(
    ("start", "utc"),
    [
        ("America/Recife:19100101T100000", "1910-01-01T12:19:36Z"),
        ("Africa/Monrovia:19650101T100000", "1965-01-01T10:44:30Z"),
        ("Europe/Dublin:19160601T100000", "1916-06-01T09:25:21Z"),
    ],
)
def test_a_time_whose_offset_had_seconds_is_suggested_in_utc(start: str, utc: str) -> None:
    _, [row] = read(calendar(*entry(f"DTSTART;TZID={start}")))
    [error] = row.errors
    assert (error.rule, error.suggestion, error.params) == (
        "offset_seconds",
        utc,
        {"zone": start.partition(":")[0]},
    )
    _, [row] = read(calendar(*entry(f"DTSTART:{utc.replace('-', '').replace(':', '')}")))
    assert row.fields is not None
    assert row.fields.event_date == utc


def test_folding_escapes_and_encodings_are_decoded() -> None:
    folded = "SUMMARY:S\u00e3o Jo\u00e3o".encode()
    cut = folded[:10] + b"\r\n " + folded[10:13] + b"\n\t" + folded[13:]
    lines = [b"BEGIN:VCALENDAR", b"BEGIN:VEVENT", cut, b"DTSTART:20250624"]
    lines += [rb"DESCRIPTION:a\nb\Nc\, d\; e\\f", b"END:VEVENT", b"END:VCALENDAR"]
    for content in (b"\r\n".join(lines), b"\n".join(lines), b"\xef\xbb\xbf" + b"\r\n".join(lines)):
        _, [row] = read(content, 5)
        assert row.fields is not None, row.errors
        assert (row.fields.title, row.fields.description) == ("S\u00e3o Jo\u00e3o", "a\nb\nc, d; e\\f")
    latin = "\r\n".join(["BEGIN:VCALENDAR", *entry("DTSTART:20250624", "LOCATION:S\u00e3o")]).encode(
        "latin-1"
    )
    assert read(latin)[1][0].errors[0].code == "encoding_error"
    _, [row] = read(latin + b"\r\nEND:VCALENDAR", encoding="windows-1252")
    assert row.fields is not None
    assert row.fields.local_info is not None
    assert row.fields.local_info.location_name == "S\u00e3o"


@pytest.mark.parametrize("chunk", [1 << 20, 5])
def test_entries_that_are_in_no_calendar_are_read(chunk: int) -> None:
    lines = [
        *entry("DTSTART:20250701"),
        "BEGIN:VTODO",
        "END:VTODO",
        "METHOD:CANCEL",
        *entry("DTSTART:20250702"),
    ]
    content = "\n".join(lines).encode()
    assert sniff(content, closed=True) == sniff(content.lower(), closed=False) == "ics"
    reader, rows = read(content, chunk)
    assert (reader.fault, [row.line for row in rows], counted(reader)) == (
        None,
        [1, 8],
        {"other_component": 1},
    )
    reader, rows = read(content.removesuffix(b"END:VEVENT"), chunk)
    assert [row.errors[0].code for row in rows if row.errors] == ["invalid_calendar"]


def test_several_calendars_in_a_file_are_read_and_other_components_skipped() -> None:
    todo = ["BEGIN:VTODO", "SUMMARY:Tarefa", "END:VTODO"]
    one = calendar(*entry("DTSTART:20250701"), *todo)
    reader, rows = read(one + one)
    assert [row.line for row in rows] == [2, 11]
    assert counted(reader)["other_component"] == 2


def test_a_truncated_calendar_is_reported_and_its_earlier_entries_are_kept() -> None:
    whole = calendar(*entry("DTSTART:20250701"), *entry("DTSTART:20250702"))
    reader, rows = read(whole[: -len("END:VCALENDAR\r\n")])
    assert len(rows) == 2
    assert reader.fault is not None
    assert reader.fault.code == "invalid_calendar"
    reader, rows = read(whole[:65])
    assert [row.errors[0].code for row in rows] == ["invalid_calendar"]
    nested = calendar("BEGIN:VEVENT", "SUMMARY:A", *entry("DTSTART:20250701"))
    assert [row.fields is not None for row in read(nested)[1]] == [False, True]


def test_the_city_of_a_calendar_comes_from_a_default_or_a_mapping() -> None:
    content = calendar(*entry("DTSTART:20250701", "X-CIDADE:Olinda"))
    reader, rows = read(content, defaults=None)
    assert reader.fault is not None
    assert (reader.fault.code, rows) == ("missing_columns", [])
    _, [row] = read(content, defaults=None, mapping={"city": "X-CIDADE"})
    assert row.fields is not None
    assert row.fields.city == "Olinda"


def test_an_oversized_entry_is_refused_and_the_next_one_is_read() -> None:
    long = ["X-LONG:" + "y" * 70 for _ in range(20_000)]
    reader, rows = read(calendar(*entry("DTSTART:20250701", *long), *entry("DTSTART:20250702")), 1 << 16)
    assert reader.fault is None
    assert [row.fields is not None for row in rows] == [False, True]
    assert rows[0].errors[0].code == "too_long"


LINES = st.lists(
    st.sampled_from(
        [
            "BEGIN:VEVENT",
            "END:VEVENT",
            "BEGIN:VCALENDAR",
            "END:VCALENDAR",
            "BEGIN:VALARM",
            "END:VALARM",
            "BEGIN:VTIMEZONE",
            "END:VTIMEZONE",
            "TZID:X",
            "SUMMARY:A",
            "DTSTART:20250701",
            "DTSTART;TZID=X:20250701T100000",
            " folded",
            "ATTENDEE;CN=Ana:mailto:x",
            "STATUS:CANCELLED",
            "",
            "garbage",
        ]
    ),
    max_size=25,
)


@given(LINES, st.sampled_from(["\r\n", "\n", "\r"]), st.integers(1, 40), st.integers(0, 3))
def test_any_calendar_gives_the_same_outcome_whatever_the_chunks(
    lines: list[str], end: str, chunk: int, stop: int
) -> None:
    content = end.join(["BEGIN:VCALENDAR", *lines]).encode()
    whole, rows = read(content)
    cut, same = read(content, chunk)
    assert same == rows
    assert (cut.fault, cut.warnings) == (whole.fault, whole.warnings)
    reader = CalendarReader(ImportOptions(defaults=CITY), RECIFE)
    reader.feed(content)
    reader.close()
    first: list[Row] = []
    while not reader.is_hungry and len(first) < stop:
        first += reader.rows(max_rows=1)
    resumed = CalendarReader.load(reader.dump(), ImportOptions(defaults=CITY), RECIFE)
    resumed.feed(content[resumed.offset :])
    resumed.close()
    while not resumed.is_hungry:
        first += resumed.rows()
    assert first == rows


@pytest.mark.parametrize(
    ("starts", "other"),
    [
        (["DTSTART:20260803T190000", "DTSTART:20260804T190000"], "2026-08-04T19:00:00"),
        (["DTSTART;VALUE=DATE:20260803", "DTSTART:20260803T190000"], "2026-08-03T19:00:00"),
        (["DTSTART:20260803T190000", "DTSTART:20260803T190000Z"], "2026-08-03T19:00:00Z"),
        (["DTSTART:20260803T190000", "RRULE:FREQ=DAILY", "DTSTART:20260804T190000"], "2026-08-04T19:00:00"),
        (["DTSTART:20260803T190000", "DTSTART:20260803T190000"], None),
        (["DTSTART:", "DTSTART:20260803T190000"], None),
    ],
)
def test_an_entry_that_begins_at_two_moments_is_refused(starts: list[str], other: str | None) -> None:
    _, (row,) = read(calendar(*entry(*starts)))
    assert (row.fields is None) == (other is not None)
    told = [(error.field, error.code, (error.params or {}).get("other")) for error in row.errors]
    assert told == ([("event_date", "invalid_date", other)] if other else [])


@pytest.mark.parametrize(
    ("lines", "mapping", "name"),
    [
        (["SUMMARY:B"], None, "SUMMARY"),
        (["SUMMARY;LANGUAGE=en:B"], None, "SUMMARY"),
        (["LOCATION:Praça", "LOCATION:Teatro"], None, "LOCATION"),
        (["DESCRIPTION:Um", "DESCRIPTION:Dois"], None, "DESCRIPTION"),
        (["X-CIDADE:Olinda", "X-CIDADE:Recife"], {"city": "X-CIDADE"}, "X-CIDADE"),
        (["SUMMARY:B", "SUMMARY:C"], None, "SUMMARY"),
        # Twice the same, or nothing; what is no field; what may be repeated.
        (["SUMMARY:A"], None, None),
        (["SUMMARY:", "LOCATION:", "LOCATION:Praça"], None, None),
        (["DESCRIPTION:a\\,b", "DESCRIPTION:a,b"], None, None),
        (["SUMMARY:A ", "DESCRIPTION: ", "DESCRIPTION:a", "DESCRIPTION:a\\n"], None, None),
        (["X-CIDADE:Olinda", "X-CIDADE:Recife", "URL:a", "URL:b"], None, None),
        (["CATEGORIES:a", "CATEGORIES:b", "COMMENT:a", "COMMENT:b"], {"city": "CATEGORIES"}, None),
        (["BEGIN:VALARM", "SUMMARY:B", "DESCRIPTION:b", "END:VALARM", "DESCRIPTION:a"], None, None),
    ],
)
def test_an_entry_with_two_values_of_one_field_is_refused(
    lines: list[str], mapping: dict[str, str] | None, name: str | None
) -> None:
    _, (row,) = read(calendar(*entry("DTSTART:20260803T190000", *lines)), mapping=mapping)
    assert (row.fields is None) == (name is not None)
    told = [(error.field, error.code, error.value) for error in row.errors]
    assert told == ([("", "duplicate_key", name)] if name else [])


EXCLUDED = [
    # What follows DTSTART, and the date of the row.
    (["RRULE:FREQ=WEEKLY"], "2026-08-03T19:00:00"),
    (["RRULE:FREQ=WEEKLY", "EXDATE:20260810T190000"], "2026-08-03T19:00:00"),
    (["RRULE:FREQ=WEEKLY", "EXDATE:20260803T190000"], "2026-08-10T19:00:00"),
    (["RRULE:FREQ=WEEKLY", "EXDATE;VALUE=DATE:20260803"], "2026-08-10T19:00:00"),
    (["RRULE:FREQ=WEEKLY", "EXDATE:20260803T190000,20260810T190000"], "2026-08-17T19:00:00"),
    (["RRULE:FREQ=WEEKLY", "EXDATE:20260803T190000", "EXDATE:20260810T190000"], "2026-08-17T19:00:00"),
    (["RDATE:20260820T190000,20260812T190000", "EXDATE:20260803T190000"], "2026-08-12T19:00:00"),
    (["RDATE;VALUE=PERIOD:20260812T190000/PT1H", "EXDATE:20260803T190000"], "2026-08-12T19:00:00"),
    (["RRULE:FREQ=MONTHLY;BYDAY=1MO", "EXDATE:20260803T190000"], "2026-09-07T19:00:00"),
    (["RRULE:FREQ=DAILY;COUNT=1", "EXDATE:20260803T190000"], None),
    (["RRULE:FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1", "EXDATE:20260803T190000"], None),
    (["EXDATE:20260803T190000"], "2026-08-03T19:00:00"),  # Nothing recurs.
    (["RRULE:FREQ=WEEKLY", "EXRULE:FREQ=WEEKLY;COUNT=2"], "2026-08-17T19:00:00"),
    (["RRULE:FREQ=WEEKLY", "EXRULE:FREQ=WEEKLY;INTERVAL=2"], "2026-08-10T19:00:00"),
    (["RRULE:FREQ=WEEKLY", "EXRULE:FREQ=WEEKLY;BYDAY=TU"], "2026-08-03T19:00:00"),
    (["RRULE:FREQ=WEEKLY", "EXRULE:FREQ=WEEKLY;COUNT=1", "EXDATE:20260810T190000"], "2026-08-17T19:00:00"),
    (["RRULE:FREQ=WEEKLY", "EXRULE:"], "2026-08-03T19:00:00"),
    (["RRULE:FREQ=WEEKLY", *["EXRULE:FREQ=WEEKLY;BYDAY=TU"] * 300], "2026-08-03T19:00:00"),
    (["RRULE:FREQ=WEEKLY", *[f"EXRULE:FREQ=WEEKLY;COUNT={n}" for n in range(2, 300)]], None),
    (["RRULE:FREQ=WEEKLY", "EXRULE:FREQ=WEEKLY"], None),
    (["RRULE:FREQ=WEEKLY", "EXRULE:FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1"], None),
]


@pytest.mark.parametrize(("lines", "date"), EXCLUDED)
def test_a_recurring_event_is_in_at_its_first_date_that_takes_place(
    lines: list[str], date: str | None
) -> None:
    _, (row,) = read(calendar(*entry("UID:1", "DTSTART:20260803T190000", *lines)))
    assert (row.fields.event_date if row.fields else None) == date
    if date is None:
        assert [(error.field, error.code) for error in row.errors] == [("event_date", "invalid_date")]


def test_an_excluded_date_is_known_in_every_zone() -> None:
    zone = "TZID=E. South America Standard Time"
    lines = [f"DTSTART;{zone}:20260803T190000", "RRULE:FREQ=WEEKLY", "EXDATE:20260803T220000Z"]
    _, (row,) = read(calendar(*entry("UID:1", *lines)))
    assert row.fields is not None
    assert row.fields.event_date == "2026-08-10T19:00:00-03:00"


MAIN = entry("UID:1", "DTSTART:20260803T190000", "RRULE:FREQ=WEEKLY")
FIRST_MOVED = entry("UID:1", "RECURRENCE-ID:20260803T190000", "DTSTART:20260804T180000")
FIRST_CANCELLED = entry("UID:1", "RECURRENCE-ID:20260803T190000", "STATUS:CANCELLED")
SECOND_MOVED = entry("UID:1", "RECURRENCE-ID:20260810T190000", "DTSTART:20260811T190000")
SECOND_CANCELLED = entry("UID:1", "RECURRENCE-ID:20260810T190000", "STATUS:CANCELLED")
OF_ANOTHER = entry("UID:2", "RECURRENCE-ID:20260803T190000", "STATUS:CANCELLED")


@pytest.mark.parametrize("chunk", [1 << 20, 11])
@pytest.mark.parametrize(
    ("entries", "dates", "warnings"),
    [
        ([MAIN, SECOND_MOVED], ["2026-08-03T19", "2026-08-11T19"], {"changed_occurrence": 1}),
        ([MAIN, SECOND_CANCELLED], ["2026-08-03T19"], {"cancelled_occurrence": 1}),
        ([MAIN, OF_ANOTHER], ["2026-08-03T19"], {"cancelled_occurrence": 1}),
        # The event is in by then, so this is told as a row that is not.
        ([MAIN, FIRST_MOVED], ["2026-08-03T19", "refused"], {}),
        ([MAIN, FIRST_CANCELLED], ["2026-08-03T19", "refused"], {}),
        ([FIRST_MOVED, MAIN], ["2026-08-04T18", "2026-08-10T19"], {"changed_occurrence": 1}),
        ([FIRST_CANCELLED, MAIN], ["2026-08-10T19"], {"cancelled_occurrence": 1}),
        (
            [FIRST_CANCELLED, SECOND_CANCELLED, MAIN],
            ["2026-08-17T19"],
            {"cancelled_occurrence": 2},
        ),
    ],
)
def test_single_dates_of_a_recurring_event(
    entries: list[list[str]], dates: list[str], warnings: dict[str, int], chunk: int
) -> None:
    reader, rows = read(calendar(*(line for one in entries for line in one)), chunk)
    assert [row.fields.event_date[:13] if row.fields else "refused" for row in rows] == dates
    assert counted(reader) == {"recurring_event": 1, **warnings}


@pytest.mark.parametrize("name", ["(UTC-03:00) Brasília", '"(UTC-03:00) Brasília"'])
def test_a_zone_is_found_by_its_name_with_or_without_quotes(name: str) -> None:
    standard = ["BEGIN:STANDARD", "DTSTART:16010101T000000", "TZOFFSETFROM:-0300", "TZOFFSETTO:-0300"]
    zone = ["BEGIN:VTIMEZONE", f"TZID:{name}", *standard, "END:STANDARD", "END:VTIMEZONE"]
    start = 'DTSTART;TZID="(UTC-03:00) Brasília":20260813T193000'
    _, (row,) = read(calendar(*zone, *entry(start)))
    assert row.fields is not None, row.errors
    assert row.fields.event_date == "2026-08-13T19:30:00-03:00"


@pytest.mark.parametrize(
    ("defined", "named"),
    [
        ("(UTC-03:00) Cayenne\\, Fortaleza", '"(UTC-03:00) Cayenne, Fortaleza"'),
        ("(UTC-03:00) Cayenne\\, Fortaleza", '"(UTC-03:00) Cayenne\\, Fortaleza"'),
        ("(UTC-03:00) Cayenne, Fortaleza", '"(UTC-03:00) Cayenne, Fortaleza"'),
        ("(UTC-03:00) Cayenne\\, Fortaleza", "(UTC-03:00) Cayenne, Fortaleza"),
        ("A\\;B\\\\C", '"A;B\\C"'),
        ("A\\B", '"A\\B"'),
        ("(UTC-03:00) Brasília", "(UTC-03:00) Brasília"),
        ("(UTC-03:00) Brasília", "(UTC-03:00) Brasília;VALUE=DATE-TIME"),
        ("a:b:c", "a:b:c"),
    ],
)
def test_a_zone_of_the_file_is_found_whatever_its_name_has(defined: str, named: str) -> None:
    zone = [f"TZID:{defined}" if line == "TZID:Ilha" else line for line in ZONE]
    _, [row] = read(calendar(*zone, *entry(f"DTSTART;TZID={named}:20250701T100000")))
    assert row.fields is not None, row.errors
    assert row.fields.event_date == "2025-07-01T10:00:00-05:00"


def test_a_zone_without_quotes_is_told_by_its_whole_name() -> None:
    _, [row] = read(calendar(*entry("DTSTART;TZID=(UTC-03:00) Nada:20250701T100000")))
    assert [(error.rule, error.value) for error in row.errors] == [("zone", "(UTC-03:00) Nada")]


@pytest.mark.parametrize(
    ("attendee", "name", "code"),
    [
        ("CN=Ana", "Ana", None),
        ("CUTYPE=INDIVIDUAL;PARTSTAT=ACCEPTED;ROLE=CHAIR;CN=Ana", "Ana", None),
        ("CUTYPE=GROUP;CN=Coro", "Coro", None),
        ("PARTSTAT=NEEDS-ACTION;CN=Resource", "Resource", None),
        ("CN=\"'Carla'\"", "Carla", None),
        ("CN=D'Ávila", "D'Ávila", None),
        ("CN=ana@x.example", None, "nameless_attendee"),
        ("CN=\"'ana@x.example'\"", None, "nameless_attendee"),
        ("CUTYPE=RESOURCE;CN=Projetor", None, "absent_attendee"),
        ('cutype="Room";CN=Sala', None, "absent_attendee"),
        ("PARTSTAT=DECLINED;CN=Beto", None, "absent_attendee"),
        ("PARTSTAT=DELEGATED;CN=Beto", None, "absent_attendee"),
        ("ROLE=NON-PARTICIPANT;CN=Beto", None, "absent_attendee"),
        ("STATUS=DECLINED;CN=Beto", None, "absent_attendee"),
        ("PARTSTAT=DECLINED", None, "absent_attendee"),
    ],
)
def test_the_names_of_those_who_take_part_are_participants(
    attendee: str, name: str | None, code: str | None
) -> None:
    lines = [f"ATTENDEE;{attendee}:mailto:a@x.example", "ATTENDEE;CN=Eva:mailto:e@x.example"]
    reader, [row] = read(calendar(*entry("DTSTART:20250701T100000", *lines)))
    assert row.fields is not None
    assert row.fields.participants == ((name, "Eva") if name else ("Eva",))
    found = {code: count for code, count in counted(reader).items() if code.endswith("attendee")}
    assert found == ({code: 1} if code else {})


def test_a_recurring_entry_that_is_rejected_is_not_told_as_imported() -> None:
    rule = "RRULE:FREQ=WEEKLY;COUNT=3"
    good, bad = entry("DTSTART:20250701T100000", rule), entry("DTSTART;TZID=Nada:20250701T100000", rule)
    gone = entry("DTSTART:20250701T100000", "STATUS:CANCELLED")
    reader, rows = read(calendar(*gone, *bad, *good, *bad))
    assert [row.fields is not None for row in rows] == [False, True, False]
    assert counted(reader) == {"recurring_event": 1, "cancelled_event": 1}


@pytest.mark.parametrize("chunk", [1 << 20, 7])
def test_what_is_left_out_is_counted_once_wherever_reading_goes_on_after_a_crash(chunk: int) -> None:
    task = ["BEGIN:VTODO", "SUMMARY:x", "END:VTODO"]
    gone = entry("DTSTART:20250701T100000", "STATUS:CANCELLED")
    kept = entry("DTSTART:20250701T100000", "ATTENDEE:mailto:a@example.org")
    content = calendar(*task, *kept, *gone, *kept, *kept, *task, *gone)
    expected = {"other_component": 2, "cancelled_event": 2, "nameless_attendee": 3, "repeated_row": 2}
    whole, rows = read(content, chunk)
    assert (len(rows), counted(whole)) == (3, expected)
    for passed in (1, 2, 3):
        reader = CalendarReader(ImportOptions(defaults=CITY), RECIFE)
        reader.feed(content)
        reader.close()
        for _ in range(passed):
            reader.rows(max_rows=1)
        resumed = CalendarReader.load(reader.dump(), ImportOptions(defaults=CITY), RECIFE)
        resumed.feed(content[resumed.offset :])
        resumed.close()
        while not resumed.is_hungry:
            resumed.rows(max_rows=1)
        del (found := counted(resumed))["repeated_row"]
        assert found == {code: count for code, count in expected.items() if code != "repeated_row"}


OWN_VENUE = {"location_name": "Teatro", "address": "Rua A, 1", "capacity": 300}
OWN = {
    "UID": "7.abc@fasttrack",
    "DTSTART": "20260528T190000",
    "LOCATION": "Teatro\\, Rua A\\, 1\\, Recife",
    "CATEGORIES": "Teatro",
    "COMMENT": "Ana\\; Z\u00e9",
    "X-FASTTRACK-CITY": "Recife",
    "X-FASTTRACK-EVENT": json.dumps(
        {"event_date": "2026-05-28T19:00:00", "local_info": OWN_VENUE, "participants": ["Ana", "Z\u00e9"]}
    ).replace(",", "\\,"),
}


def own_entry(**changed: str | None) -> dict[str, Any]:
    """Return what an entry of our own export is read as, after somebody changed some of its properties."""
    properties = OWN | {name.replace("_", "-"): value for name, value in changed.items()}
    lines = [f"{name}:{value}" for name, value in properties.items() if value is not None]
    reader, [row] = read(calendar(*entry(*lines)), defaults=None)
    assert row.fields is not None, row.errors
    venue = row.fields.local_info
    return {
        "people": [*row.fields.participants],
        "city": row.fields.city,
        "venue": venue and (venue.location_name, venue.address, venue.capacity),
        "warnings": counted(reader),
    }


WHOLE = {
    "people": ["Ana", "Z\u00e9"],
    "city": "Recife",
    "venue": ("Teatro", "Rua A, 1", 300),
    "warnings": {},
}
PLACES = {
    "Teatro Novo\\, Rua A\\, 1\\, Recife": (("Teatro Novo", "Rua A, 1", 300), "Recife"),
    "Teatro\\, Sala 2\\, Rua A\\, 1\\, Recife": (("Teatro", "Sala 2, Rua A, 1", 300), "Recife"),
    "Teatro\\, Rua B\\, 2\\, Recife": (("Teatro", "Rua B, 2", 300), "Recife"),
    "Teatro Novo\\, Rua B\\, 2\\, Recife": (("Teatro Novo", "Rua B, 2", 300), "Recife"),
    "Teatro\\, Recife": (("Teatro", None, 300), "Recife"),
    "Arena": (("Arena", None, 300), "Recife"),
    "Teatro\\, Rua A\\, 1\\, Olinda": (("Teatro", "Rua A, 1", 300), "Olinda"),
    "Recife": (None, "Recife"),
    "": (None, "Recife"),
}


def test_our_own_entry_is_read_whole_and_without_a_warning() -> None:
    assert own_entry() == WHOLE


@pytest.mark.parametrize("place", PLACES)
def test_a_place_that_a_calendar_program_changed_wins(place: str) -> None:
    venue, city = PLACES[place]
    assert own_entry(LOCATION=place) == {**WHOLE, "venue": venue, "city": city}


def test_a_place_given_in_a_calendar_program_is_one() -> None:
    none = json.dumps({"event_date": "2026-05-28T19:00:00", "local_info": None}).replace(",", "\\,")
    found = own_entry(LOCATION="Arena\\, Recife", COMMENT=None, X_FASTTRACK_EVENT=none)
    assert found == {**WHOLE, "people": [], "venue": ("Arena", None, 1)}


@pytest.mark.parametrize(
    ("comment", "people"),
    [
        ("Ana\\; Z\u00e9\\; Bia", ["Ana", "Z\u00e9", "Bia"]),
        ("Ana", ["Ana"]),
        (None, []),
        ("Ana\\;Bia \\;", ["Ana", "Bia"]),
    ],
)
def test_people_that_a_calendar_program_changed_win(comment: str | None, people: list[str]) -> None:
    assert own_entry(COMMENT=comment) == {**WHOLE, "people": people}


def test_people_of_our_own_entry_are_read_without_our_own_properties() -> None:
    stripped = {"X_FASTTRACK_EVENT": None, "LOCATION": "Arena", "CATEGORIES": None}
    assert own_entry(**stripped)["people"] == WHOLE["people"]
    of_others = own_entry(**stripped, UID="7@example.org")
    assert (of_others["people"], of_others["warnings"]) == ([], {"ignored_columns": 1})


def test_a_property_of_our_own_entry_that_is_mapped_is_read() -> None:
    lines = [f"{name}:{value}" for name, value in OWN.items()]
    mapping = {"description": "CATEGORIES", "local_info": None}
    _, [row] = read(calendar(*entry(*lines)), defaults=None, mapping=mapping)
    assert row.fields is not None, row.errors
    assert row.fields.description == "Teatro"


def test_texts_like_errors_of_a_spreadsheet_are_texts_in_a_calendar() -> None:
    lines = entry("DTSTART:20260528", "DESCRIPTION:#N/A", "LOCATION:#REF!")
    _, [row] = read(calendar(*lines))
    assert row.fields is not None, row.errors
    assert (row.fields.description, row.fields.local_info and row.fields.local_info.location_name) == (
        "#N/A",
        "#REF!",
    )
