"""The messages of the feed as TypeScript: one union, discriminated by `type`.

Made of the AsyncAPI document's schemas, so that both agree. `python -m api.http.typescript` writes
`api/static/client/messages.d.ts`; a test compares the two.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from api.http.asyncapi import build_asyncapi

Schema = Mapping[str, Any]

TARGET = Path(__file__).parent.parent / "static" / "client" / "messages.d.ts"
_HEAD = "/** The messages of FastTrack's feeds. Made by `make types`: do not edit. */\n"
_NAMED = {"integer": "number", "number": "number", "string": "string", "boolean": "boolean", "null": "null"}


def message_types() -> str:
    """Return the module of types."""
    schemas: dict[str, Schema] = build_asyncapi(version="")["components"]["schemas"]
    messages = [name for name, schema in schemas.items() if "type" in schema.get("properties", {})]
    parts = [_HEAD, *(_interface(name, schema) for name, schema in schemas.items())]
    union = "".join(f"\n  | {name}" for name in messages)
    return "\n".join([*parts, f"export type Message ={union};\n"])


def _interface(name: str, schema: Schema) -> str:
    comment = _comment(schema.get("description"), "")
    if "oneOf" in schema:
        members = "".join(f"\n  | {_type(one, '')}" for one in schema["oneOf"])
        return f"{comment}export type {name} ={members};\n"
    return f"{comment}export interface {name} {_object(schema, '')}\n"


def _object(schema: Schema, indent: str) -> str:
    required = set(schema.get("required", ()))
    lines = [
        f"{_comment(member.get('description'), indent + '  ')}"
        f"{indent}  {name}{'' if name in required else '?'}: {_type(member, indent + '  ')};"
        for name, member in schema["properties"].items()
    ]
    return "\n".join(["{", *lines, indent + "}"])


def _type(schema: Schema, indent: str) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(json.dumps(value, ensure_ascii=False) for value in schema["enum"])
    if alternatives := schema.get("anyOf") or schema.get("oneOf"):
        return " | ".join(dict.fromkeys(_type(one, indent) for one in alternatives))
    return _of_kind(schema, indent)


def _of_kind(schema: Schema, indent: str) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        return " | ".join(_type({**schema, "type": one}, indent) for one in kind)
    if kind == "array":
        return "".join(_array(schema, indent))
    if kind == "object":
        return _object(schema, indent) if "properties" in schema else _record(schema, indent)
    return _NAMED.get(str(kind), "unknown")


def _array(schema: Schema, indent: str) -> Iterator[str]:
    if "prefixItems" in schema:
        yield "[" + ", ".join(_type(one, indent) for one in schema["prefixItems"]) + "]"
        return
    item = _type(schema.get("items", {}), indent)
    yield f"({item})[]" if " | " in item else f"{item}[]"


def _record(schema: Schema, indent: str) -> str:
    values = schema.get("additionalProperties")
    return f"Record<string, {_type(values, indent) if isinstance(values, dict) else 'unknown'}>"


def _comment(text: str | None, indent: str) -> str:
    return f"{indent}/** {' '.join(text.split()).replace('*/', '* /')} */\n" if text else ""


if __name__ == "__main__":
    TARGET.write_text(message_types(), encoding="utf-8")
