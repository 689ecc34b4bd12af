"""Whatever is raised, the answer is a problem of a known kind."""

import re
from pathlib import Path

import pytest
from litestar.exceptions import HTTPException, ImproperlyConfiguredException, NotAuthorizedException

import api
from api.http.problems import KINDS, HttpProblem, invalid_fields
from domain.ports.errors import StorageError, StorageFullError, StorageUnavailableError, WorkElsewhereError
from domain.problems import Problem

pytestmark = pytest.mark.anyio

PATH = "/api/v1/eventos/1"


@pytest.mark.parametrize(
    ("error", "kind", "retry_after"),
    [
        (StorageFullError("disk /dev/sda1 full"), "storage-full", None),
        (StorageUnavailableError("postgres at 10.0.0.1"), "unavailable", "2"),
        (WorkElsewhereError("import x is running in another process"), "unavailable", "2"),
        (StorageError("what?"), "internal", None),
        (NotAuthorizedException("who?"), "unauthorized", None),
        (HTTPException(status_code=418), "bad-request", None),
        (HTTPException(status_code=502), "internal", None),
        (ImproperlyConfiguredException("inside"), "internal", None),
        (RecursionError("deep"), "internal", None),
        (HttpProblem("conflict", "Twice."), "conflict", None),
    ],
)
async def test_each_kind_of_exception_has_its_problem_document(client, monkeypatch, error, kind, retry_after):
    async def broken(*_args: object, **_kwargs: object) -> None:
        raise error

    monkeypatch.setattr("api.services.events.Events.get", broken)
    answer = await client.get(PATH)
    problem = answer.json()
    assert answer.status_code == KINDS[kind].status == problem["status"]
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers.get("retry-after") == retry_after
    assert (problem["type"], problem["title"]) == (f"/problems/{kind}", KINDS[kind].title)
    assert problem["instance"] == PATH
    for inside in ("/dev/sda1", "10.0.0.1", "inside", "deep"):
        assert inside not in answer.text


def test_every_kind_is_raised():
    """Those of the framework are chosen by their status."""
    of_the_framework = {"bad-request", "not-found", "method-not-allowed", "internal"}
    sources = [path.read_text() for path in Path(api.__file__).parent.rglob("*.py")]
    raised = {
        slug
        for source in sources
        for slug in re.findall(r'(?:HttpProblem|refusal|Refused)\(\s*"([a-z-]+)', source)
    }
    assert {*KINDS} - raised - of_the_framework == set()


def test_the_detail_shows_the_first_error_and_the_number_of_errors():
    one, two = Problem("a", "required", "a is required"), Problem("b", "required", "b is required")
    assert invalid_fields([one]).detail == "a is required"
    assert invalid_fields([one, two]).detail == "2 errors; the first: a is required"


async def test_a_full_store_keeps_answering_reads(client, monkeypatch):
    async def full(*_args: object, **_kwargs: object) -> None:
        raise StorageFullError

    monkeypatch.setattr("api.services.events.Events.create", full)
    body = {"title": "a", "event_date": "2026-01-01", "city": "b"}
    assert (await client.post("/api/v1/eventos", json=body)).status_code == 507
    assert (await client.get("/api/v1/eventos")).json()["total"] == 0


async def test_an_error_that_is_its_own_cause_is_answered(client, monkeypatch):
    error = HttpProblem("conflict", "Twice.")
    error.__cause__ = error

    async def broken(*_args: object, **_kwargs: object) -> None:
        raise error

    monkeypatch.setattr("api.services.events.Events.get", broken)
    assert (await client.get(PATH)).status_code == 409
