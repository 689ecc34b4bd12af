"""Every fault of a form is told by its field; values are quoted only where none may be a secret."""

from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from api.http.problems import HttpProblem
from api.routes.json_form import read_form
from domain.problems import Problem, problem


class Row(Struct, forbid_unknown_fields=True):
    line: Annotated[int, Meta(ge=1, le=9)]
    cells: dict[str, str | int | None]


class Form(Struct, forbid_unknown_fields=True):
    name: str
    role: Literal["viewer", "editor"] = "viewer"
    rows: list[Row] = []
    values: dict[str, dict[str, str]] | None = None


FAULTS: list[tuple[Any, list[tuple[str, str]]]] = [
    ([], [("", "invalid_type")]),
    (None, [("", "invalid_type")]),
    ({}, [("name", "required")]),
    ({"name": 5}, [("name", "invalid_type")]),
    ({"name": None}, [("name", "invalid_type")]),
    ({"name": "a", "role": "secret"}, [("role", "unknown_value")]),
    ({"name": "a", "role": 5}, [("role", "unknown_value")]),
    ({"name": "a", "nome": "secret"}, [("nome", "unknown_member")]),
    ({"role": "x", "nome": 1}, [("name", "required"), ("role", "unknown_value"), ("nome", "unknown_member")]),
    ({"name": "a", "rows": {}}, [("rows", "invalid_type")]),
    ({"name": "a", "rows": [5]}, [("rows[0]", "invalid_type")]),
    (
        {"name": "a", "rows": [{"line": 1, "cells": {}}, {}]},
        [("rows[1].line", "required"), ("rows[1].cells", "required")],
    ),
    ({"name": "a", "rows": [{"line": 10, "cells": {}}]}, [("rows[0].line", "out_of_range")]),
    ({"name": "a", "rows": [{"line": 2**63, "cells": {}}]}, [("rows[0].line", "out_of_range")]),
    ({"name": "a", "rows": [{"line": 10**300, "cells": {}}]}, [("rows[0].line", "out_of_range")]),
    ({"name": "a", "rows": [{"line": True, "cells": {}}]}, [("rows[0].line", "invalid_type")]),
    ({"name": "a", "rows": [{"line": 1.5, "cells": {}}]}, [("rows[0].line", "invalid_type")]),
    (
        {"name": "a", "rows": [{"line": 1, "cells": {"Nome": ["secret"]}}]},
        [("rows[0].cells.Nome", "invalid_type")],
    ),
    ({"name": "a", "values": 5}, [("values", "invalid_type")]),
    ({"name": "a", "values": {"city": {"Rec": 5}}}, [("values.city.Rec", "invalid_type")]),
]


@pytest.mark.parametrize(("value", "expected"), FAULTS, ids=str)
def test_each_fault_has_its_field_and_code(value: Any, expected: list[tuple[str, str]]) -> None:
    with pytest.raises(HttpProblem) as refused:
        read_form(value, Form)
    assert refused.value.slug == "validation"
    errors = refused.value.errors or []
    assert [(error.field, error.code) for error in errors] == expected
    for error in errors:
        assert "secret" not in f"{error.message} {error.value}"
        assert "`" not in error.message


def test_allowed_values_and_bounds_are_named() -> None:
    with pytest.raises(HttpProblem) as refused:
        read_form({"name": "a", "role": "x", "rows": [{"line": 0, "cells": {}}]}, Form)
    assert [error.message for error in refused.value.errors or []] == [
        "role must be one of viewer, editor",
        "rows[0].line must be 1 to 9",
    ]


def test_values_are_told_where_none_is_a_secret() -> None:
    with pytest.raises(HttpProblem) as refused:
        read_form(
            {"name": 5, "role": "x", "nam": 1, "rows": [{"line": 0, "cells": []}]}, Form, may_quote=True
        )
    told = [(error.field, error.value, error.suggestion) for error in refused.value.errors or []]
    assert told == [
        ("name", "5", None),
        ("role", "x", None),
        ("nam", "nam", "name"),
        ("rows[0].line", "0", None),
        ("rows[0].cells", "[…]", None),
    ]


RULES: dict[str, Any] = {
    "name": lambda name: [] if name.islower() else [Problem("name", "invalid_value", "lower case", name)],
    "values": lambda values: [
        problem("required", f"values.{name}") for name in values or () if not values[name]
    ],
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"name": "a"}, []),
        ({"name": "a", "values": None}, []),
        ({"name": "a", "values": {"city": {"a": "b"}}}, []),
        ({"name": "A"}, [("name", "invalid_value")]),
        ({"name": "A", "role": "x"}, [("role", "unknown_value"), ("name", "invalid_value")]),
        ({"name": 5, "values": {"city": {}}}, [("name", "invalid_type"), ("values.city", "required")]),
        ({"values": {"city": {}}}, [("name", "required"), ("values.city", "required")]),
        ({"name": "A", "values": 5}, [("values", "invalid_type"), ("name", "invalid_value")]),
        ([], [("", "invalid_type")]),
    ],
)
def test_rules_are_asked_of_each_member_of_the_right_type(
    value: Any, expected: list[tuple[str, str]]
) -> None:
    try:
        read_form(value, Form, RULES)
    except HttpProblem as refused:
        errors = refused.errors or []
        assert [(error.field, error.code) for error in errors] == expected
        assert {error.value for error in errors} == {None}
    else:
        assert expected == []


def test_a_form_without_faults_is_returned() -> None:
    assert read_form({"name": "a", "rows": [{"line": 1, "cells": {"x": None}}]}, Form) == Form(
        "a", rows=[Row(1, {"x": None})]
    )


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4)
members = st.sampled_from(["name", "role", "rows", "values", "line", "cells", "x"])
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(members, inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_any_value_is_a_form_or_has_a_fault_for_each_wrong_member(value: object) -> None:
    try:
        msgspec.convert(value, Form)
    except msgspec.ValidationError:
        with pytest.raises(HttpProblem) as refused:
            read_form(value, Form)
        assert refused.value.errors
        # Those of msgspec itself are the last resort, for what no rule of ours knows.
        assert not any("`" in error.message for error in refused.value.errors)
    else:
        assert read_form(value, Form) == msgspec.convert(value, Form)
