"""The OpenAPI document, from what each route declares about itself. Source: OpenAPI 3.1.1.

Bodies are read raw and answers are streamed, so nothing could be inferred from signatures: a
route carries `opt=describe(...)`, and a test fails for a route that does not. The least role that a
route declares here is the one that is enforced.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from litestar.routes import BaseRoute, HTTPRoute
from msgspec import Struct, field

from api.http.problems import KINDS, MEDIA_TYPE, ProblemDetails
from domain.people import Role

OPT_KEY = "openapi"
EVERYWHERE = ("bad-request", "misdirected", "unavailable")
"""What every route may answer: to a URL with a secret, to another Host, while the server stops."""
OF_THE_API = ("invalid-query", "precondition-failed")
"""What every call below `/api/` answers where it is sent what it does not take."""
OF_CONDITIONS = ("precondition-failed",)
"""What a route answers that can say that its caller's copy is current: to an If-Match with another tag."""
OF_BODIES = ("request-timeout",)
"""What every route with a body answers where that stops, or comes too slowly."""
SIGNED_IN = ("unauthorized", "forbidden", "too-many-requests")
JsonObject = dict[str, Any]


class Answer(Struct, frozen=True):
    """A successful answer of a route: a struct (or raw schema), a media type, and headers.

    `other_media_types` are those in which the same is given as a file. A raw schema of a string stands
    for bytes where its media type is none of text.
    """

    about: str
    content: type | JsonObject | None = None
    media_types: Sequence[str] = ("application/json",)
    headers: Mapping[str, str] = {}
    other_media_types: Sequence[str] = ()


class Query(Struct, frozen=True):
    """One URL parameter, or with `place="header"` a header."""

    name: str
    about: str
    schema: JsonObject = field(default_factory=lambda: {"type": "string"})
    place: str = "query"
    required: bool = False


class Body(Struct, frozen=True):
    """The body that a route reads: a schema for each media type.

    `parts` has the media types of each part that is a file, separated by commas.
    Source: OpenAPI 3.1.1 §4.8.15.
    """

    content: Mapping[str, JsonObject]
    about: str = ""
    required: bool = True
    parts: Mapping[str, str] = {}


class Operation(Struct, frozen=True):
    """The description of one route.

    Attributes:
        answers: by status.
        problems: slugs of `api.http.problems.KINDS` beyond those that every route may give.
        role: the least that may call; None lets everyone in, uncounted.
        is_upload: counts among a person's uploads of a minute, too.
    """

    summary: str
    tag: str
    answers: Mapping[int, Answer]
    problems: Sequence[str] = ()
    parameters: Sequence[Query] = ()
    body: Body | None = None
    role: Role | None = "viewer"
    is_upload: bool = False


def describe(summary: str, tag: str, answers: Mapping[int, Answer], **more: Any) -> dict[str, Any]:
    """Return the `opt` of a route that documents it; `more` are further members of Operation."""
    return {OPT_KEY: Operation(summary, tag, answers, **more)}


def build_document(routes: Iterable[BaseRoute], *, version: str, prefix: str = "") -> JsonObject:
    """Return the OpenAPI document of all described HTTP routes."""
    described = [*_described(routes)]
    structs = _structs(operation for _, _, operation, _ in described)
    schemas, of_structs = msgspec.json.schema_components(structs, ref_template="#/components/schemas/{name}")
    components: JsonObject = {}
    for name, schema in of_structs.items():
        components[name] = {key: _hoisted(member, components) for key, member in schema.items()}
    references = dict(zip(structs, schemas, strict=True))
    paths: dict[str, JsonObject] = {}
    for path, method, operation, names in described:
        paths.setdefault(path, {})[method] = _operation(path, method, operation, names, references)
    paths = _hoisted(paths, components)
    return {
        "openapi": "3.1.1",
        "info": _info(version),
        "servers": [{"url": prefix or "/"}],
        "security": [{}, {"token": []}, {"session": []}],
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": components, "securitySchemes": _SECURITY},
    }


TEXT: JsonObject = {"type": "string"}
BYTES: JsonObject = {"type": "string", "format": "binary"}
"""In the form that generators of clients know as a file; `contentMediaType` alone makes it text to them."""

_TEXT_TYPES = re.compile(r"text/.*|application/(?:.+\+)?(?:json|xml)|application/x-ndjson|image/svg\+xml")


_UNSAFE = re.compile(r"[^A-Za-z0-9]+")
"""What an operationId has none of: generators make names, files and URLs of them."""

_PATH_SCHEMAS: dict[str, JsonObject] = {
    "event_id": {"type": "integer", "minimum": 1},
    "upload_id": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
    "webhook_id": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
    "task_id": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
}
_SECURITY: JsonObject = {
    "token": {"type": "http", "scheme": "bearer", "description": "A personal token, `ft_…`."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "ft_session",
        "description": "Set by POST /api/v1/session.",
    },
}


def _info(version: str) -> JsonObject:
    return {
        "title": "FastTrack",
        "version": version,
        "summary": "Import events from CSV and watch every line live.",
        "license": {"name": "MIT", "identifier": "MIT"},
        "description": "The feeds that the stream routes carry are described by /asyncapi.json. "
        "A server in `open` mode needs no credentials. "
        "What is no request of HTTP, or larger than one may be, is refused before it reaches a route: "
        "with 400, 414, 431, 501 or 505.",
    }


def _described(
    routes: Iterable[BaseRoute],
) -> Iterable[tuple[str, str, Operation, list[str]]]:
    for route in routes:
        if not isinstance(route, HTTPRoute):
            continue
        names = [one.name for one in route.path_components if not isinstance(one, str)]
        for handler in route.route_handlers:
            operation = handler.opt.get(OPT_KEY)
            if isinstance(operation, Operation):
                for method in sorted(handler.http_methods):
                    yield route.path_format, method.lower(), operation, names


def _structs(operations: Iterable[Operation]) -> list[Any]:
    contents = [answer.content for operation in operations for answer in operation.answers.values()]
    found = dict.fromkeys(content for content in contents if content and not isinstance(content, dict))
    return [ProblemDetails, *found]


def _operation(
    path: str,
    method: str,
    operation: Operation,
    names: list[str],
    references: Mapping[Any, JsonObject],
) -> JsonObject:
    answers = {str(status): _answer(one, references) for status, one in operation.answers.items()}
    out: JsonObject = {
        "operationId": _operation_id(method, path),
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": [*map(_path_parameter, names), *map(_parameter, operation.parameters)],
        "responses": {**answers, **_problem_answers(path, operation, references)},
    }
    if operation.body:
        out["requestBody"] = _body(operation.body)
    if operation.role is None:
        out["security"] = [{}]
    return out


def or_null(schema: JsonObject) -> JsonObject:
    """Return the schema of what may be null, too, in the form that generators of clients know."""
    return {"anyOf": [schema, {"type": "null"}]}


def _hoisted(value: Any, components: JsonObject) -> Any:
    """Return a document with each schema that has a title among the components: models need a name."""
    if isinstance(value, list):
        return [_hoisted(item, components) for item in value]
    if not isinstance(value, dict):
        return value
    own = {name: _hoisted(member, components) for name, member in value.items()}
    title = own.get("title")
    if not isinstance(title, str) or "type" not in own:
        return own
    assert components.setdefault(title, own) == own, f"two schemas are named {title}"
    return {"$ref": f"#/components/schemas/{title}"}


def _operation_id(method: str, path: str) -> str:
    return f"{method}_{_UNSAFE.sub('_', path).strip('_') or 'root'}"


def _path_parameter(name: str) -> JsonObject:
    kind = _PATH_SCHEMAS.get(name, {"type": "string", "minLength": 1})
    return {"name": name, "in": "path", "required": True, "schema": kind}


def _parameter(one: Query) -> JsonObject:
    return {
        "name": one.name,
        "in": one.place,
        "required": one.required,
        "description": one.about,
        "schema": one.schema,
    }


def _body(body: Body) -> JsonObject:
    content = {media_type: {"schema": schema} for media_type, schema in body.content.items()}
    for media in content.values() if body.parts else ():
        media["encoding"] = {part: {"contentType": types} for part, types in body.parts.items()}
    return {"required": body.required, "description": body.about, "content": content}


def _answer(answer: Answer, references: Mapping[Any, JsonObject]) -> JsonObject:
    out: JsonObject = {"description": answer.about}
    if answer.content is not None:
        content = answer.content
        schema: JsonObject = content if isinstance(content, dict) else references[content]
        out["content"] = {name: {"schema": _as_sent(name, schema)} for name in answer.media_types}
        out["content"] |= {name: {"schema": _as_sent(name, TEXT)} for name in answer.other_media_types}
    headers = {"X-Request-ID": "Names this request in the log.", **answer.headers}
    out["headers"] = {name: _header(about) for name, about in headers.items()}
    return out


def _as_sent(media_type: str, schema: JsonObject) -> JsonObject:
    """Return the schema of an answer: what is no text is bytes."""
    return BYTES if schema == TEXT and not _TEXT_TYPES.fullmatch(media_type) else schema


def _header(about: str) -> JsonObject:
    return {"description": about, "schema": {"type": "string"}}


def _problem_answers(path: str, operation: Operation, references: Mapping[Any, JsonObject]) -> JsonObject:
    """Return one answer a status; several kinds of one status share it."""
    common = [*EVERYWHERE]
    common += SIGNED_IN if operation.role is not None else ()
    common += OF_THE_API if path.startswith("/api/") else ()
    common += OF_CONDITIONS if 304 in operation.answers else ()
    common += OF_BODIES if operation.body is not None or operation.is_upload else ()
    by_status: dict[int, list[str]] = {}
    for slug in dict.fromkeys((*operation.problems, *common)):
        by_status.setdefault(KINDS[slug].status, []).append(slug)
    return {str(status): _problem_answer(by_status[status], references) for status in sorted(by_status)}


def _problem_answer(slugs: list[str], references: Mapping[Any, JsonObject]) -> JsonObject:
    about = " ".join(f"`{slug}`: {KINDS[slug].explanation}" for slug in slugs)
    content = {MEDIA_TYPE: {"schema": references[ProblemDetails]}}
    return {"description": about, "content": content}
