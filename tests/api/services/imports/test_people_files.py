"""Files of the corpus through the whole application: what is stored, asked, refused and shown."""

import json
from pathlib import Path

import pytest

from tests.serving import serving

pytestmark = pytest.mark.anyio

CORPUS = Path(__file__).parents[3] / "corpus"
UPLOADS = "/api/v1/uploads"


async def sent(client, name, **options):
    """Import a file of the corpus; return the answer of the import and its events by title."""
    params = {key: value if isinstance(value, str) else json.dumps(value) for key, value in options.items()}
    files = {"file": (name, (CORPUS / name).read_bytes())}
    answer = await client.post(UPLOADS, params=params, files=files, headers={"Prefer": "wait=60"})
    upload = answer.json()
    found = await client.get("/api/v1/eventos", params={"upload_id": upload.get("upload_id", "")})
    events = found.json()["items"] if found.status_code == 200 else []
    return answer, upload, {event["title"]: event for event in events}


async def test_a_google_calendar_export_is_imported_once_a_city_is_given(tmp_path):
    async with serving(tmp_path) as served, served.client() as client:
        asked, _, events = await sent(client, "google_calendar.csv")
        assert asked.status_code == 422
        assert events == {}
        _, upload, events = await sent(client, "google_calendar.csv", defaults={"city": "Recife"})
        assert events["Ensaio aberto"]["event_date"] == "2026-08-07T19:30:00"
        detail = (await client.get(f"{UPLOADS}/{upload['upload_id']}")).json()
        assert (detail["dialect"]["date_format"], detail["dialect"]["date_format_line"]) == ("mdy", 4)
        unused = {column["name"]: column.get("values") for column in detail["columns"] if not column["field"]}
        assert unused["All Day Event"] == ["False", "True", "False"]


async def test_dates_without_a_proof_are_refused_with_both_readings(tmp_path):
    async with serving(tmp_path) as served, served.client() as client:
        _, upload, events = await sent(client, "unproved.csv")
        assert sorted(events) == ["B", "C", "D"]
        errors = (await client.get(f"{UPLOADS}/{upload['upload_id']}/errors")).json()["items"]
        (problem,) = errors[0]["errors"]
        assert problem["code"] == "ambiguous_date"
        assert problem["suggestions"] == ["2026-04-07", "2026-07-04"]
        _, _, events = await sent(client, "unproved.csv", date_format="mdy")
        assert events["A"]["event_date"] == "2026-07-04T00:00:00"


async def test_a_contradicted_date_order_stores_nothing_of_an_atomic_import(tmp_path):
    async with serving(tmp_path) as served, served.client() as client:
        _, _, events = await sent(client, "proved_mdy.csv", mode="atomic")
        assert events == {}
        _, _, events = await sent(client, "proved_mdy.csv")
        assert sorted(events) == ["A", "B"]


async def test_options_map_values_positions_and_ignored_columns(tmp_path):
    async with serving(tmp_path) as served, served.client() as client:
        replaced = {
            "venue_type": {"Auditorium": "Auditório", "sala de teatro": "Teatro"},
            "event_date": {"a definir": "2026-12-31"},
        }
        _, _, events = await sent(client, "replaced_values.csv", values=replaced)
        assert events["A"]["local_info"]["venue_type"] == "Auditório"
        _, _, events = await sent(client, "twins.csv", mapping={"event_date": "#2", "event_time": "#3"})
        assert events["Festa"]["event_date"] == "2026-07-01T10:00:00"
        _, upload, events = await sent(client, "twins.csv", mapping={"event_date": "#4", "event_time": None})
        assert events["Festa"]["event_date"] == "2026-07-02T00:00:00"
        detail = (await client.get(f"{UPLOADS}/{upload['upload_id']}")).json()
        assert "time_not_used" in {warning["code"] for warning in detail["warnings"]}


async def test_garbled_text_stops_the_import_and_the_preview_proposes_an_encoding(tmp_path):
    async with serving(tmp_path) as served, served.client() as client:
        asked, _, events = await sent(client, "mac_roman.csv")
        assert events == {}
        assert "unclear_encoding" in asked.text
        files = {"file": ("mac_roman.csv", (CORPUS / "mac_roman.csv").read_bytes())}
        seen = (await client.post(f"{UPLOADS}/preview", files=files)).json()
        assert seen["encodings"][0] == "macintosh"
        assert seen["rows"][0]["event"]["title"] == "São João"
        _, _, events = await sent(client, "mac_roman.csv", encoding="macintosh")
        assert sorted(events) == ["Exposição", "São João"]
