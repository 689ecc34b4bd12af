"""Rejected rows as files: with the columns and the kind of their file, mended and sent again."""

import csv
import io
import json

import openpyxl
import pytest

from tests.api.services.imports.test_kinds import event, send
from tests.serving import serving

pytestmark = pytest.mark.anyio

UPLOADS = "/api/v1/uploads"
CSV = "Título;Data;Cidade;Obs\nFesta;ontem;Recife;=x\n=Feira;2025-07-02;;'=y\n"
JSON = json.dumps(
    [
        event(event_date="ontem", local_info={"location_name": "Rua"}, participants=["A", "B"], Obs="=x"),
        event("=Feira", city="", Obs="'=y"),
    ]
)
ICS = "\r\n".join(
    [
        "BEGIN:VCALENDAR",
        *(
            "BEGIN:VEVENT",
            "SUMMARY:Festa",
            "DTSTART:ontem",
            "LOCATION:Rua",
            "ATTENDEE;CN=A:mailto:a",
            "END:VEVENT",
        ),
        *("BEGIN:VEVENT", "SUMMARY:=Feira", "DTSTART:20250702", "X-FASTTRACK-CITY: ", "END:VEVENT"),
        "END:VCALENDAR",
    ]
)


def workbook():
    book = openpyxl.Workbook()
    for line in (
        ["Título", "Data", "Cidade", "Obs"],
        ["Festa", "ontem", "Recife", "=x"],
        ["=Feira", "2025-07-02"],
    ):
        book.active.append(line)
    for cell in (book.active["D2"], book.active["A3"]):
        cell.data_type = "s"
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


FILES = {"csv": CSV.encode(), "json": JSON.encode(), "xlsx": workbook(), "ics": ICS.encode()}


def table(content, form):
    """Return the rows of a rejected file as dicts of texts."""
    if form == "json":
        return json.loads(content)
    if form == "xlsx":
        header, *rows = openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True)
        return [dict(zip(header, row, strict=True)) for row in rows]
    text = content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text), delimiter=";" if ";" in text.splitlines()[0] else ","))


@pytest.mark.parametrize("form", [None, "csv", "xlsx", "json"])
@pytest.mark.parametrize("kind", FILES)
async def test_rejected_rows_download_in_every_format_and_import_again(tmp_path, kind, form):
    async with serving(tmp_path) as served, served.client() as http:
        first = await send(http, FILES[kind], upload_id="x")
        assert (first.json()["accepted"], first.json()["rejected"]) == (0, 2), first.text
        answer = await http.get(f"{UPLOADS}/x/rejected", params={"format": form} if form else {})
        own = form or {"ics": "csv"}.get(kind, kind)
        assert answer.headers["content-disposition"].endswith(f'-rejected.{own}"')
        rows = table(answer.content, own)
        assert [int(row["_line"]) for row in rows] == [e["line"] for e in await errors(http, "x")]
        assert all(row["_errors"] for row in rows)
        assert "ontem" in str(rows[0])
        # As it is, every row is told again with the same errors.
        again = await send(http, answer.content, upload_id="y")
        assert (again.json()["accepted"], again.json()["rejected"]) == (0, 2), again.text
        assert [codes(e) for e in await errors(http, "y")] == [codes(e) for e in await errors(http, "x")]
        options = {"values": '{"event_date":{"ontem":"2025-07-01"}}', "defaults": '{"city":"Olinda"}'}
        mended = await send(http, answer.content, **options)
        assert (mended.json()["accepted"], mended.json()["rejected"]) == (2, 0), mended.text
        stored = {e["title"]: e for e in (await http.get("/api/v1/eventos")).json()["items"]}
        assert stored.keys() == {"Festa", "=Feira"}
        if kind in ("json", "ics"):
            assert stored["Festa"]["local_info"]["location_name"] == "Rua"
            assert stored["Festa"]["participants"][0] == "A"


async def errors(http, upload_id):
    return (await http.get(f"{UPLOADS}/{upload_id}/errors")).json()["items"]


def codes(row):
    return sorted((error["field"], error["code"]) for error in row["errors"])


async def test_a_csv_keeps_its_own_delimiter_and_columns(tmp_path):
    async with serving(tmp_path) as served, served.client() as http:
        await send(http, FILES["csv"], upload_id="x")
        for path in ("rejected", "rejected.csv"):
            answer = await http.get(f"{UPLOADS}/x/{path}")
            assert answer.headers["content-type"] == "text/csv; charset=utf-8"
            header, first, second = answer.content.decode("utf-8-sig").splitlines()
            assert header == "Título;Data;Cidade;Obs;_line;_errors"
            assert first.startswith("Festa;ontem;Recife;'=x;2;")
            assert second.startswith("'=Feira;2025-07-02;;'=y;3;")
        assert (await http.get(f"{UPLOADS}/x/rejected?format=doc")).status_code == 400
        assert (await http.get(f"{UPLOADS}/none/rejected")).status_code == 404


@pytest.mark.parametrize("form", ["csv", "xlsx", "json"])
@pytest.mark.parametrize("kind", FILES)
async def test_the_errors_are_told_in_the_language_of_the_reader(tmp_path, kind, form):
    async with serving(tmp_path) as served, served.client() as http:
        await send(http, FILES[kind], upload_id="x")
        words = []
        for lang in ("en", "pt"):
            answer = await http.get(f"{UPLOADS}/x/rejected", params={"format": form, "lang": lang})
            words.append([row["_errors"] for row in table(answer.content, form)])
            name = {"en": "rejected", "pt": "rejeitadas"}[lang]
            assert answer.headers["content-disposition"].endswith(f'-{name}.{form}"')
        told = (await errors(http, "x"))[0]["errors"]
        assert words[0][0] == " | ".join(f"{error['code']}: {error['message']}" for error in told)
        assert words[1][0].startswith("Data: não é uma data que exista")
        assert words[1][1] == "Cidade: não pode ficar em branco"
        # In either language they are no fields on the way in.
        again = await send(http, answer.content, upload_id="y", repairs_of="x")
        assert (again.json()["accepted"], again.json()["rejected"]) == (0, 2), again.text


async def test_a_language_that_there_is_not_is_refused(tmp_path):
    async with serving(tmp_path) as served, served.client() as http:
        await send(http, FILES["csv"], upload_id="x")
        for path in ("rejected", "rejected.csv"):
            answer = await http.get(f"{UPLOADS}/x/{path}?lang=fr")
            assert answer.status_code == 400
            assert "pt, en" in answer.text
        answer = await http.get(f"{UPLOADS}/x/rejected.csv?lang=pt")
        assert "Data: não é uma data que exista" in answer.text


@pytest.mark.parametrize("language", ["pt", "en"])
async def test_the_template_imports_unchanged(tmp_path, language):
    async with serving(tmp_path) as served, served.client() as http:
        answer = await http.get(f"{UPLOADS}/template.xlsx", params={"lang": language})
        assert answer.headers["content-type"].endswith("spreadsheetml.sheet")
        sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
        header = [cell.value for cell in sheet[1]]
        assert header[:3] == (["Título", "Data", "Hora"] if language == "pt" else ["Title", "Date", "Time"])
        assert header[-1] == "id"
        assert sheet.freeze_panes == "A2"
        assert "Auditório" in sheet.data_validations.dataValidation[0].formula1
        imported = await send(http, answer.content)
        assert (imported.json()["accepted"], imported.json()["rejected"]) == (1, 0)
        [stored] = (await http.get("/api/v1/eventos")).json()["items"]
        assert stored["event_date"] == "2025-07-01T10:00:00"
        assert stored["local_info"]["venue_type"] == "Auditório"
        assert (await http.get(f"{UPLOADS}/template.xlsx?lang=fr")).status_code == 400
