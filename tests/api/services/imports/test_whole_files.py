"""Real files through the whole application."""

import csv
import io

import pytest

from tests.serving import serving

pytestmark = pytest.mark.anyio

WAIT = {"Prefer": "wait=20"}
UPLOADS = "/api/v1/uploads"


async def upload(http, content, **params):
    answer = await http.post(UPLOADS, params=params, files={"file": ("a.csv", content)}, headers=WAIT)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_rejected_rows_can_be_fixed_and_uploaded_again(tmp_path):
    content = (
        "title,event_date,city,local_info\n"
        'Um,2025-13-01,Recife,"{""location_name"": ""Arena, ""}"\n'
        "Dois,2025-01-02,Recife,\n"
        '"Três\nlinhas",2025-13-03,Olinda,\n'
    )
    async with serving(tmp_path) as served, served.client() as http:
        first = await upload(http, content.encode(), upload_id="first")
        assert (first["accepted"], first["rejected"]) == (1, 2)
        rejected = await http.get(first["links"]["rejected"])
        untouched = await upload(http, rejected.content)
        assert (untouched["accepted"], untouched["rejected"]) == (0, 2)
        fixed = await upload(http, rejected.content.replace(b"2025-13", b"2025-12"), upload_id="fixed")
        assert (fixed["accepted"], fixed["rejected"]) == (2, 0)
        assert (await http.get(f"{UPLOADS}/fixed")).json()["warnings"] == []
        titles = [event["title"] for event in (await http.get("/api/v1/eventos/download")).json()]
        assert titles == ["Dois", "Um", "Três linhas"]


async def test_the_template_can_be_imported(tmp_path):
    async with serving(tmp_path) as served, served.client() as http:
        template = await http.get(f"{UPLOADS}/template.csv")
        assert (await upload(http, template.content))["accepted"] == 1


AGENDA = (
    "TITULO-ACT;FECHA;NOMBRE-INSTALACION;BARRIO\r\n"
    "Concierto en el Retiro;2022-12-07 00:00:00.0;Templo de Debod;Moncloa\r\n"
    "Exposición;2022-12-08 00:00:00.0;Museo;Centro\r\n"
).encode("cp1252")
MAPPING = '{"title":"TITULO-ACT","event_date":"FECHA","local_info.location_name":"NOMBRE-INSTALACION"}'


async def test_a_city_agenda_imports_with_mapping_and_defaults(tmp_path):
    async with serving(tmp_path) as served, served.client() as http:
        done = await upload(http, AGENDA, mapping=MAPPING, defaults='{"city":"Madrid"}')
        assert (done["accepted"], done["rejected"]) == (2, 0)
        events = (await http.get("/api/v1/eventos/download")).json()
        assert {event["city"] for event in events} == {"Madrid"}
        assert events[0]["local_info"]["location_name"] == "Templo de Debod"


async def told(http, feed):
    """Return every message of a feed that has ended."""
    messages, after = [], {}
    while (answer := await http.get(f"/poll/{feed}", params={"wait": 0, **after})).status_code == 200:
        messages += answer.json()["messages"]
        after = {"last_event_id": answer.json()["cursor"]}
    return messages


async def test_an_encoding_that_is_detected_late_is_reported_then_and_kept(tmp_path):
    plain = "title,event_date,city\n" + "".join(f"Show {n},2025-12-07,Recife\n" for n in range(20_000))
    content = plain.encode() + "Festa de São João,2025-06-24,Olinda\n".encode("cp1252")
    async with serving(tmp_path) as served, served.client() as http:
        done = await upload(http, content, upload_id="late")
        assert (done["accepted"], done["rejected"]) == (20_001, 0)
        details = (await http.get(f"{UPLOADS}/late")).json()
        assert details["dialect"] == {"encoding": "windows-1252", "delimiter": ","}
        lines = [one["message"] for one in await told(http, "upload/late") if one["type"] == "log"]
        assert [line.partition(",")[0] for line in lines if line.startswith("Reading as")] == [
            "Reading as encoding 'utf-8'",
            "Reading as encoding 'windows-1252'",
        ]
        assert sum(line.startswith("Columns:") for line in lines) == 1


async def test_a_preview_proposes_a_mapping_and_stores_nothing(tmp_path):
    async with serving(tmp_path) as served, served.client() as http:
        params = {"mapping": MAPPING, "defaults": '{"city":"Madrid"}'}
        answer = await http.post(f"{UPLOADS}/preview", params=params, files={"file": ("a.csv", AGENDA)})
        assert answer.status_code == 200
        shown = answer.json()
        assert (shown["encoding"], shown["delimiter"]) == ("windows-1252", ";")
        assert shown["mapping"]["title"] == "TITULO-ACT"
        assert [row["event"]["city"] for row in shown["rows"]] == ["Madrid", "Madrid"]
        assert (await http.get(UPLOADS)).json()["items"] == []
        assert (await http.get("/api/v1/eventos")).json()["total"] == 0


async def test_a_preview_of_a_cut_file_shows_twenty_rows_and_no_error_of_the_cut(tmp_path):
    rows = "".join(f"Evento {n},2025-01-01,Recife\n" for n in range(5000))
    content = ("title,event_date,city\n" + rows).encode()[: 64 * 1024]
    async with serving(tmp_path) as served, served.client() as http:
        answer = await http.post(f"{UPLOADS}/preview", files={"file": ("a.csv", content)})
        shown = answer.json()["rows"]
        assert len(shown) == 20
        assert not any(row["errors"] for row in shown)


async def test_a_preview_needs_a_form(tmp_path):
    async with serving(tmp_path) as served, served.client() as http:
        assert (await http.post(f"{UPLOADS}/preview", content=b"title")).status_code == 400
        wrong = await http.post(f"{UPLOADS}/preview?mode=some", files={"file": ("a.csv", b"title")})
        assert wrong.status_code == 422


async def test_downloads_guard_formulas(tmp_path):
    async with serving(tmp_path) as served, served.client() as http:
        done = await upload(http, b"title,event_date,city\n=HYPERLINK(1),x,Recife\n")
        text = (await http.get(done["links"]["rejected"])).content.decode("utf-8-sig")
        assert list(csv.reader(io.StringIO(text)))[1][0] == "'=HYPERLINK(1)"
