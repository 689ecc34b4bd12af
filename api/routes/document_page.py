"""Renders the OpenAPI document as plain HTML, without scripts or external files."""

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from api.http.assets import name_of

JsonObject = Mapping[str, Any]

STYLE = """
main.document { max-width: 60rem; }
main.document h1 { margin-bottom: var(--s2); }
main.document h2 { margin: var(--s6) 0 var(--s2); }
main.document h4 { margin: var(--s4) 0 var(--s1); }
details { background: var(--surface); border: 1px solid var(--line); border-radius: var(--round-s);
  margin: var(--s2) 0; }
details > :not(summary) { margin: 0 var(--s4) var(--s3); }
details > table { width: calc(100% - 2 * var(--s4)); }
summary { cursor: pointer; overflow-wrap: anywhere; padding: var(--s2) var(--s4); }
pre { overflow: auto; max-height: 24rem; font: 0.85em/1.5 var(--mono); background: var(--sunken);
  border-radius: var(--round-s); padding: var(--s3); }
th, td { overflow-wrap: anywhere; }
.method { font-weight: 700; display: inline-block; min-width: 4.5rem; color: var(--accent-strong); }
"""
"""What the document needs beside the style of the page, whose colours and type it has."""


def render_page(document: JsonObject) -> str:
    """Return the page."""
    info = document["info"]
    prefix = escape(document["servers"][0]["url"].rstrip("/"))
    icon = f"{prefix}/assets/{name_of('icon', 'svg')}"
    return "".join(
        (
            '<!doctype html><html lang="en"><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(info['title'])} API</title>",
            '<meta name="color-scheme" content="light dark">',
            f'<link rel="icon" href="{icon}" type="image/svg+xml">',
            f'<link rel="stylesheet" href="{prefix}/assets/{name_of("style", "css")}">',
            f'<link rel="stylesheet" href="{prefix}/schema/page.css">',
            f'<header class="top"><div class="top-row"><a class="brand" href="{prefix}/">',
            f'<img src="{icon}" alt="" width="28" height="28"><span>FastTrack</span></a></div></header>',
            '<main class="document">',
            f"<h1>{escape(info['title'])} API {escape(info['version'])}</h1>",
            f"<p class='soft'>{escape(info['summary'])} {escape(info['description'])}</p>",
            f'<p><a href="{prefix}/schema/openapi.json">openapi.json</a>, ',
            f'<a href="{prefix}/asyncapi.json">asyncapi.json</a></p>',
            *_tags(document),
            "<h2>Schemas</h2>",
            *_schemas(document["components"]["schemas"]),
            "</main></html>",
        )
    )


def _tags(document: JsonObject) -> Iterator[str]:
    by_tag: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            by_tag.setdefault(operation["tags"][0], []).append(_operation(path, method, operation))
    for tag, told in sorted(by_tag.items()):
        yield f"<h2>{escape(tag)}</h2>"
        yield from told


def _operation(path: str, method: str, operation: JsonObject) -> str:
    head = f'<span class="method">{method.upper()}</span> <code>{escape(path)}</code> '
    parts = [head + escape(operation["summary"]), "</summary>"]
    if operation["parameters"]:
        parts.append(_table(("Parameter", "In", "About", "Rule"), map(_parameter, operation["parameters"])))
    if "requestBody" in operation:
        parts += (f"<h4>Body</h4><p>{escape(operation['requestBody']['description'])}</p>",)
        parts += _contents(operation["requestBody"]["content"])
    parts.append(_table(("Status", "About", "Content"), map(_answer, operation["responses"].items())))
    return f"<details><summary>{''.join(parts)}</details>"


def _parameter(one: JsonObject) -> tuple[str, ...]:
    return one["name"], one["in"], one.get("description", ""), _json(one["schema"])


def _answer(item: tuple[str, JsonObject]) -> tuple[str, ...]:
    status, answer = item
    return status, answer["description"], ", ".join(answer.get("content", ()))


def _contents(contents: JsonObject) -> list[str]:
    return [f"<p><code>{escape(name)}</code></p>{_pre(one['schema'])}" for name, one in contents.items()]


def _schemas(schemas: JsonObject) -> Iterator[str]:
    for name, schema in schemas.items():
        yield f"<details><summary><code>{escape(name)}</code></summary>{_pre(schema)}</details>"


def _table(head: tuple[str, ...], rows: Any) -> str:
    heads = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><tr>{heads}</tr>{body}</table>"


def _pre(value: Any) -> str:
    return f"<pre>{escape(json.dumps(value, indent=2, ensure_ascii=False))}</pre>"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
