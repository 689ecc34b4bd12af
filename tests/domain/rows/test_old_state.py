"""Imports that an earlier version began go on: states of every shape, each dumped after five of ten rows."""

import json
from base64 import b64decode
from zoneinfo import ZoneInfo

import msgspec
import pytest

from domain.csv.reader import CsvReader
from domain.files.json_reader import JsonReader
from domain.files.record_reader import MemberReader
from domain.files.sheet_reader import SheetReader
from domain.imports import ImportOptions
from domain.rows.row_parser import Row

ZONE = ZoneInfo("America/Sao_Paulo")
ISO = ImportOptions(date_format="iso")
CSV = "title,event_date,city,participants,Notas,\n" + "".join(
    f"Show {n},2027-05-{n:02d}T20:00:00-03:00,São Paulo,Ana;Bia,nota {n},\n" for n in range(1, 11)
)
SHEET = "".join(
    json.dumps(line) + "\n" for line in ({"sheet": "Agenda"}, *(row.split(",") for row in CSV.splitlines()))
)
JSON = "".join(
    json.dumps({"title": f"Show {n}", "event_date": f"2027-05-{n:02d}T20:00:00-03:00", "city": "Recife"})
    + "\n"
    for n in range(1, 11)
)
Readers = type[CsvReader] | type[SheetReader] | type[JsonReader]

STATES: list[tuple[str, Readers, str, str]] = [
    (
        "0.1: no order, no header, no first rows; unused columns by name, no least and most",
        CsvReader,
        CSV,
        (
            "iKZvZmZzZXTNAVakbGluZQemcmVjb3JkBahlbmNvZGluZ6V1dGYtOKlkZWxpbWl0ZXKhLKdjb2x1bW5zhKVuYW1lc5aldGl0bGWqZXZl"
            "bnRfZGF0ZaRjaXR5rHBhcnRpY2lwYW50c6VOb3Rhc6ClaW5kZXiEpXRpdGxlAKpldmVudF9kYXRlAaRjaXR5AqxwYXJ0aWNpcGFudHMD"
            "qGRlZmF1bHRzgKdpZ25vcmVkkqVOb3Rhc6Coc2tpcHBpbmfCqHdhcm5pbmdzgA=="
        ),
    ),
    (
        "6bbd101: an order that says nothing of 1904",
        CsvReader,
        CSV,
        (
            "i6ZvZmZzZXTNAVakbGluZQemcmVjb3JkBahlbmNvZGluZ6V1dGYtOKlkZWxpbWl0ZXKhLKdjb2x1bW5zhqVuYW1lc5WldGl0bGWqZXZl"
            "bnRfZGF0ZaRjaXR5rHBhcnRpY2lwYW50c6VOb3Rhc6VpbmRleISldGl0bGUAqmV2ZW50X2RhdGUBpGNpdHkCrHBhcnRpY2lwYW50cwOl"
            "bGVhc3QFpG1vc3QGqGRlZmF1bHRzgKdpZ25vcmVkkQSoc2tpcHBpbmfCqHdhcm5pbmdzgKVvcmRlcoOmZm9ybWF0o2lzb6RsaW5lwKdz"
            "ZXR0bGVkw6ZoZWFkZXKAqmZpcnN0X3Jvd3ODpHJvd3MFqmJhcmVfZGF0ZXMApnVudXNlZIEEhKZ2YWx1ZXOTpm5vdGEgMaZub3RhIDKm"
            "bm90YSAzpmZpbGxlZAWldGltZXMApWRhdGVzAA=="
        ),
    ),
    (
        "3c63c9d: as today",
        CsvReader,
        CSV,
        (
            "i6ZvZmZzZXTNAVakbGluZQemcmVjb3JkBahlbmNvZGluZ6V1dGYtOKlkZWxpbWl0ZXKhLKdjb2x1bW5zhqVuYW1lc5WldGl0bGWqZXZl"
            "bnRfZGF0ZaRjaXR5rHBhcnRpY2lwYW50c6VOb3Rhc6VpbmRleISldGl0bGUAqmV2ZW50X2RhdGUBpGNpdHkCrHBhcnRpY2lwYW50cwOl"
            "bGVhc3QFpG1vc3QGqGRlZmF1bHRzgKdpZ25vcmVkkQSoc2tpcHBpbmfCqHdhcm5pbmdzgKVvcmRlcoSmZm9ybWF0o2lzb6RsaW5lwKdz"
            "ZXR0bGVkw6dpc18xOTA0wqZoZWFkZXKAqmZpcnN0X3Jvd3ODpHJvd3MFqmJhcmVfZGF0ZXMApnVudXNlZIEEhKZ2YWx1ZXOTpm5vdGEg"
            "MaZub3RhIDKmbm90YSAzpmZpbGxlZAWldGltZXMApWRhdGVzAA=="
        ),
    ),
    (
        "0.1: the name of the sheet alone",
        SheetReader,
        SHEET,
        (
            "hqZvZmZzZXTNAfCkbGluZQamcmVjb3JkBaVzaGVldKZBZ2VuZGGnY29sdW1uc4SlbmFtZXOWpXRpdGxlqmV2ZW50X2RhdGWkY2l0eaxw"
            "YXJ0aWNpcGFudHOlTm90YXOgpWluZGV4hKV0aXRsZQCqZXZlbnRfZGF0ZQGkY2l0eQKscGFydGljaXBhbnRzA6hkZWZhdWx0c4CnaWdu"
            "b3JlZJKlTm90YXOgqHdhcm5pbmdzgA=="
        ),
    ),
    (
        "6bbd101: a head of five members",
        SheetReader,
        SHEET,
        (
            "iqZvZmZzZXTNAfCkbGluZQamcmVjb3JkBaRoZWFkhaVzaGVldKZBZ2VuZGGmZm9ybWF0pHhsc3imbnVtYmVyAaZzaGVldHOQpGZpbGXA"
            "p2NvbHVtbnOGpW5hbWVzlaV0aXRsZapldmVudF9kYXRlpGNpdHmscGFydGljaXBhbnRzpU5vdGFzpWluZGV4hKV0aXRsZQCqZXZlbnRf"
            "ZGF0ZQGkY2l0eQKscGFydGljaXBhbnRzA6VsZWFzdAWkbW9zdAaoZGVmYXVsdHOAp2lnbm9yZWSRBKh3YXJuaW5nc4Clb3JkZXKDpmZv"
            "cm1hdKNpc2+kbGluZcCnc2V0dGxlZMOmaGVhZGVygKRrZXB0wKpmaXJzdF9yb3dzg6Ryb3dzBapiYXJlX2RhdGVzAKZ1bnVzZWSBBISm"
            "dmFsdWVzk6Zub3RhIDGmbm90YSAypm5vdGEgM6ZmaWxsZWQFpXRpbWVzAKVkYXRlcwA="
        ),
    ),
    (
        "6bbd101: as today",
        JsonReader,
        JSON,
        (
            "h6dzY2FubmVyhaZvZmZzZXTNAZSkbGluZQWoZW5jb2RpbmeldXRmLTikbW9kZaVsaW5lc6Vub3Rlc4CmcmVjb3JkBaVuYW1lc5OldGl0"
            "bGWqZXZlbnRfZGF0ZaRjaXR5p2NvbHVtbnOGpW5hbWVzk6V0aXRsZapldmVudF9kYXRlpGNpdHmlaW5kZXiDpXRpdGxlAKpldmVudF9k"
            "YXRlAaRjaXR5AqVsZWFzdAOkbW9zdAOoZGVmYXVsdHOAp2lnbm9yZWSQpW9yZGVywKh3YXJuaW5nc4CqZmlyc3Rfcm93c4Okcm93cwWq"
            "YmFyZV9kYXRlcwCmdW51c2VkgA=="
        ),
    ),
]


@pytest.mark.parametrize(
    ("kind", "file", "state"),
    [one[1:] for one in STATES],
    ids=[f"{kind.__name__} of {what}" for what, kind, *_ in STATES],
)
def test_a_reader_goes_on_from_a_state_of_every_version(kind: Readers, file: str, state: str) -> None:
    content = file.encode()
    whole = kind(ISO, ZONE)
    rows = _rows(whole, content)
    resumed = kind.load(b64decode(state), ISO, ZONE)
    assert _rows(resumed, content[resumed.fed :]) == rows[5:]
    assert (resumed.fault, resumed.dialect) == (None, whole.dialect)
    told = [{"name": one["name"], "field": one["field"]} for one in resumed.columns or []]
    assert told == [{"name": one["name"], "field": one["field"]} for one in whole.columns or []]
    assert resumed.warnings == whole.warnings


@pytest.mark.parametrize("version", [0, 2])
@pytest.mark.parametrize(("row", "is_accepted"), [("1,2", True), ("1,2,3", False)])
def test_a_row_may_be_as_wide_after_an_upgrade_as_before(
    version: int, row: str, *, is_accepted: bool
) -> None:
    resumed = CsvReader.load(b64decode(STATES[version][3]), ISO, ZONE)
    [read] = _rows(resumed, f"Show,2027-05-11T20:00:00-03:00,Recife,Ana,{row}\n".encode())
    assert (read.fields is not None) is is_accepted


@pytest.mark.parametrize("kind", [CsvReader, SheetReader])
def test_a_state_of_0_1_before_the_header_begins_there(kind: type[CsvReader] | type[SheetReader]) -> None:
    members: dict[str, object] = {"offset": 0, "record": 0, "columns": None, "warnings": {}}
    reader = kind.load(msgspec.msgpack.encode(members), ISO, ZONE)
    assert len(_rows(reader, (CSV if kind is CsvReader else SHEET).encode())) == 10


def _rows(reader: CsvReader | SheetReader | MemberReader, content: bytes) -> list[Row]:
    reader.feed(content)
    reader.close()
    rows: list[Row] = []
    while not reader.has_ended:
        rows += reader.rows()
    return rows
