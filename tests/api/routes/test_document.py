"""The documents tell the truth: what is served is told, and what is told is well formed."""

import re

import pytest
from litestar.routes import HTTPRoute

from api.app import create_app
from api.http.asyncapi import build_asyncapi
from api.http.openapi import OPT_KEY, build_document
from api.http.problems import KINDS, MEDIA_TYPE
from api.services.exports.formats import XLSX_TYPE
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


def test_every_reference_resolves(document):
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


def test_operations_have_unique_ids_and_declare_their_path_parameters(document):
    names = []
    for path, operations in document["paths"].items():
        for operation in operations.values():
            names.append(operation["operationId"])
            declared = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
            assert declared == set(re.findall(r"{(\w+)}", path)), path
    assert len(names) == len(set(names))
    assert [name for name in names if not re.fullmatch(r"[a-z]+(_[A-Za-z0-9]+)+", name)] == []


def arrays(value, place=""):
    """Yield where in a document arrays are described without their items."""
    if isinstance(value, dict):
        if value.get("type") == "array" and not {"items", "prefixItems"} & value.keys():
            yield place
        for name, member in value.items():
            yield from arrays(member, f"{place}/{name}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from arrays(item, f"{place}/{number}")


def test_every_array_declares_its_items(document):
    assert [*arrays(document)] == []


def test_no_schema_is_named_as_what_a_generator_makes_of_another(document):
    """Go's generators make `NewEvent` the constructor of `Event`, and `NullableEvent` a type beside it."""
    names = set(document["components"]["schemas"])
    assert {f"{made}{name}" for name in names for made in ("New", "Nullable")} & names == set()


TEXTUAL = re.compile(r"text/.*|application/(json|.+\+json|x-ndjson)|image/svg\+xml|multipart/form-data")


def contents(document):
    """Yield where a body or an answer is described, its media type, and its description."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for one in (operation.get("requestBody", {}), *operation["responses"].values()):
                for media_type, media in one.get("content", {}).items():
                    yield f"{method} {path}", media_type, media


def test_what_is_no_text_is_described_as_bytes(document):
    found = [(place, kind, media["schema"]) for place, kind, media in contents(document)]
    raw = [(place, kind, schema) for place, kind, schema in found if not TEXTUAL.fullmatch(kind)]
    assert len(raw) > 5
    assert [one for one in raw if one[2] != {"type": "string", "format": "binary"}] == []
    text = [(place, kind) for place, kind, schema in found if (place, kind, schema) not in raw]
    assert [one for one in found if one[:2] in text and one[2].get("format") == "binary"] == []
    json = [one for one in found if one[1] == "application/json" and one[2] == {"type": "string"}]
    assert json == []


def test_each_part_that_is_a_file_is_bytes_of_the_types_that_are_read(document):
    forms = [(place, media) for place, kind, media in contents(document) if kind == "multipart/form-data"]
    places = {place for place, _ in forms}
    assert places == {f"post /api/v1/{path}" for path in ("uploads", "uploads/preview", "eventos/upload")}
    for _, media in forms:
        assert media["schema"]["properties"]["file"] == {"type": "string", "format": "binary"}
        types = media["encoding"]["file"]["contentType"].split(", ")
        assert {"text/csv", XLSX_TYPE, "application/json", "text/calendar"} <= set(types)


def test_a_body_that_may_be_sent_as_several_types_is_one_named_model(document):
    """Generators make a model of each schema without a name, and drop the second that is the same."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {})
            if len(content) > 1:
                assert all(media["schema"].keys() == {"$ref"} for media in content.values()), (method, path)


def test_every_refusal_is_a_problem_of_a_known_kind(document):
    statuses = {str(kind.status) for kind in KINDS.values()}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    assert status in statuses, (path, method)
                    assert list(answer["content"]) == [MEDIA_TYPE], (path, method)


def test_asyncapi_lists_every_message_type_by_its_wire_name():
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


async def test_documents_are_served_and_their_page_loads_nothing_from_other_hosts(client):
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


async def test_the_type_url_of_every_problem_leads_to_an_explanation(client):
    listed = (await client.get("/problems")).json()
    assert [one["type"] for one in listed] == [f"/problems/{slug}" for slug in KINDS]
    for one in listed:
        assert (await client.get(one["type"])).json() == one
    assert (await client.get("/problems/none")).status_code == 404
