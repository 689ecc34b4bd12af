"""The documents tell the truth: what is served is told, and what is told is well formed."""

import re

import pytest
from litestar.routes import HTTPRoute

from api.app import create_app
from api.asyncapi import build_asyncapi
from api.openapi import OPT_KEY, build_document
from api.problems import KINDS, MEDIA_TYPE
from api.settings import Settings

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    return create_app(Settings(data_dir=tmp_path_factory.mktemp("data")))


@pytest.fixture(scope="module")
def document(app):
    return build_document(app.routes, version="1")


def handlers(app):
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            yield from ((route, one) for one in route.route_handlers if one.http_methods != {"OPTIONS"})


def test_every_served_route_is_documented(app, document):
    for route, handler in handlers(app):
        assert OPT_KEY in handler.opt, f"{handler} needs opt=describe(...)"
        for method in handler.http_methods:
            assert method.lower() in document["paths"][route.path_format], route.path


def test_every_reference_leads_somewhere(document):
    for documented in (document, build_asyncapi(version="1")):
        for reference in references(documented):
            place = documented
            for step in reference.removeprefix("#/").split("/"):
                place = place[step.replace("~1", "/")]


def references(value):
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_operations_have_own_names_and_declare_their_path_parameters(document):
    names = []
    for path, operations in document["paths"].items():
        for operation in operations.values():
            names.append(operation["operationId"])
            declared = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
            assert declared == set(re.findall(r"{(\w+)}", path)), path
    assert len(names) == len(set(names))


def test_every_refusal_is_a_problem_of_a_known_kind(document):
    statuses = {str(kind.status) for kind in KINDS.values()}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    assert status in statuses, (path, method)
                    assert list(answer["content"]) == [MEDIA_TYPE], (path, method)


def test_asyncapi_tells_every_message_type_with_its_wire_name():
    document = build_asyncapi(version="1")
    told = {
        tag
        for schema in document["components"]["schemas"].values()
        for tag in schema.get("properties", {}).get("type", {}).get("enum", ())
    }
    assert told == {
        "hello",
        "heartbeat",
        "bye",
        "progress",
        "row_error",
        "log",
        "finished",
        "event.created",
        "event.updated",
        "event.deleted",
        "events.changed",
        "notification",
        "state",
    }


async def test_documents_are_served_and_the_page_needs_nothing_from_elsewhere(client):
    assert (await client.get("/schema/openapi.json")).json()["openapi"] == "3.1.1"
    assert (await client.get("/asyncapi.json")).json()["asyncapi"] == "3.0.0"
    page = await client.get("/schema")
    assert page.headers["content-type"].startswith("text/html")
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert links
    for link in links:
        assert link.startswith("/")
        assert (await client.get(link)).status_code == 200
    assert "<script" not in page.text


async def test_the_kind_of_every_problem_is_explained_where_its_type_points(client):
    listed = (await client.get("/problems")).json()
    assert [one["type"] for one in listed] == [f"/problems/{slug}" for slug in KINDS]
    for one in listed:
        assert (await client.get(one["type"])).json() == one
    assert (await client.get("/problems/none")).status_code == 404
