"""What the interface's description says of an event is what the rules hold."""

import importlib
from collections.abc import Iterator

import pytest

from api.routes import event_input
from domain import limits


@pytest.fixture
def restored() -> Iterator[None]:
    yield
    importlib.reload(event_input)


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize(
    ("name", "path", "word"),
    [
        ("TITLE_CHARACTERS", ("title",), "maxLength"),
        ("CITY_CHARACTERS", ("city",), "maxLength"),
        ("PARTICIPANTS", ("participants",), "maxItems"),
        ("LOCATION_NAME_LEAST_CHARACTERS", ("local_info", "location_name"), "minLength"),
        ("LOCATION_NAME_CHARACTERS", ("local_info", "location_name"), "maxLength"),
        ("ADDRESS_CHARACTERS", ("local_info", "address"), "maxLength"),
        ("CAPACITY", ("local_info", "capacity"), "maximum"),
    ],
)
def test_the_json_schema_has_the_limits_of_the_domain(
    name: str, path: tuple[str, ...], word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as lowered:
        lowered.setattr(limits, name, getattr(limits, name) - 1)
        schema = importlib.reload(event_input).EVENT_SCHEMA
        for member in path:
            either = [schema, *schema.get("anyOf", []), *schema.get("oneOf", [])]
            schema = next(one["properties"][member] for one in either if "properties" in one)
        assert schema[word] == getattr(limits, name)
