"""The AsyncAPI document names every member of every message, so that clients can be generated from it."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from api.http.asyncapi import build_asyncapi
from api.services.feeds import FEEDS
from domain.messages import RowError
from domain.problems import Problem

DOCUMENT = build_asyncapi(version="1.2.3")


def schemas(value: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each JSON object of the document with its path."""
    if isinstance(value, dict):
        yield path, value
        for name, member in value.items():
            yield from schemas(member, f"{path}/{name}")
    elif isinstance(value, list):
        for place, member in enumerate(value):
            yield from schemas(member, f"{path}/{place}")


def test_each_feed_of_the_catalogue_is_a_channel() -> None:
    addresses = {channel["address"] for channel in DOCUMENT["channels"].values()}
    feeds = {re.sub(r"\{\w+_id\}", "*", one.removeprefix("/{transport}/")) for one in addresses}
    assert feeds == {kind.name for kind in FEEDS.kinds}


def test_no_schema_is_left_untyped() -> None:
    for path, schema in schemas(DOCUMENT["components"]["schemas"]):
        assert schema, f"{path} may be anything"
        if schema.get("type") == "array":
            assert schema.get("items") or schema.get("prefixItems"), f"{path} is an array of anything"
        if schema.get("type") == "object":
            assert "properties" in schema or schema.get("additionalProperties"), f"{path} is any object"


def test_every_reference_resolves() -> None:
    for path, value in schemas(DOCUMENT):
        if (reference := value.get("$ref")) is not None:
            target: Any = DOCUMENT
            for name in reference.removeprefix("#/").split("/"):
                assert name in target, f"{path} refers to {reference}"
                target = target[name]


def test_messages_of_a_channel_are_discriminated_by_type() -> None:
    components = DOCUMENT["components"]["schemas"]
    unions = {name: schema for name, schema in components.items() if "oneOf" in schema}
    assert len(unions) == len(DOCUMENT["channels"])
    for name, union in unions.items():
        members = [components[one["$ref"].rpartition("/")[2]] for one in union["oneOf"]]
        types = [kind for member in members for kind in member["properties"]["type"]["enum"]]
        assert len(types) == len(set(types)) == len(members), name


def test_sent_messages_have_the_members_that_the_document_requires() -> None:
    problem = Problem("city", "required", "city must not be empty")
    sent = msgspec.to_builtins(RowError("upload/x", "", "x", 1, 2, 1, 0, 1, 10, None, [problem]))
    schema = DOCUMENT["components"]["schemas"]
    assert set(schema["RowError"]["required"]) - {"id"} == set(sent)
    assert set(schema["Problem"]["required"]) == set(sent["errors"][0])
    optional = schema["Problem"]["properties"].keys() - schema["Problem"]["required"]
    assert optional == {"suggestions", "rule", "params"}


def test_a_type_that_one_feed_alone_carries_names_it() -> None:
    """Two states have the same `type`: a program tells them apart by `feed`."""
    components = DOCUMENT["components"]["schemas"]
    by_type: dict[str, list[str]] = {}
    for name, schema in components.items():
        for kind in schema.get("properties", {}).get("type", {}).get("enum", ()):
            by_type.setdefault(kind, []).append(name)
    feeds = {
        name: schema.get("properties", {}).get("feed", {}).get("const") for name, schema in components.items()
    }
    named = {name: feed for name, feed in feeds.items() if feed}
    assert named == {
        "EventCreated": "eventos",
        "EventUpdated": "eventos",
        "EventDeleted": "eventos",
        "EventsChanged": "eventos",
        "Notification": "admin",
        "DashboardState": "dashboard",
        "PresenceState": "presenca",
    }
    assert by_type["state"] == ["DashboardState", "PresenceState"]
