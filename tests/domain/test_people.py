"""Roles include each other in their order; what a person began is theirs and the administrators'."""

from typing import NamedTuple

import pytest

from domain.people import ROLES, Role, at_least, may_change


class Someone(NamedTuple):
    name: str
    role: Role


@pytest.mark.parametrize(("place", "role"), [*enumerate(ROLES)])
def test_a_role_includes_those_before_it_and_no_other(place: int, role: Role) -> None:
    assert [at_least(role, needed) for needed in ROLES] == [n <= place for n in range(len(ROLES))]


@pytest.mark.parametrize(
    ("role", "own", "others"), [("viewer", True, False), ("editor", True, False), ("admin", True, True)]
)
def test_work_is_changed_by_who_began_it_and_by_administrators(role: Role, own: bool, others: bool) -> None:
    assert may_change(Someone("ana", role), "ana") is own
    assert may_change(Someone("ana", role), "bia") is others
