"""The OpenAPI document as a page: plain HTML, no script, nothing from elsewhere."""

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

JsonObject = Mapping[str, Any]

STYLE = """
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 20%, transparent); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
details { border: 1px solid var(--line); border-radius: .4rem; margin: .5rem 0; padding: .5rem .8rem; }
summary { cursor: pointer; overflow-wrap: anywhere; }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; }
pre { overflow: auto; max-height: 24rem; border-left: .2rem solid var(--line); padding-left: .8rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .2rem .6rem .2rem 0; }
td { border-top: 1px solid var(--line); }
.method { font-weight: 700; display: inline-block; min-width: 4.5rem; }
"""


def render_page(document: JsonObject) -> str:
    """Return the page."""
    info = document["info"]
    return "".join(
        (
            '<!doctype html><html lang="en"><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(info['title'])} API</title>",
            '<link rel="stylesheet" href="/schema/page.css">',
            f"<h1>{escape(info['title'])} API {escape(info['version'])}</h1>",
            f"<p>{escape(info['summary'])} {escape(info['description'])}</p>",
            '<p><a href="/schema/openapi.json">openapi.json</a>, ',
            '<a href="/asyncapi.json">asyncapi.json</a></p>',
            *_tags(document),
            "<h2>Schemas</h2>",
            *_schemas(document["components"]["schemas"]),
            "</html>",
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
