"""The ticket of a request is found however its query is written."""

import pytest

from api.security.ticket_parameter import read_ticket


@pytest.mark.parametrize(
    ("query", "ticket"),
    [
        ("", None),
        ("feed=eventos", None),
        ("tickets=x", None),
        ("ticket=", ""),
        ("ticket=x", "x"),
        ("feed=eventos&ticket=x", "x"),
        ("%74icket=x", "x"),
        ("ticket=%78", "x"),
        ("ticket=x&ticket=y", "x"),
    ],
)
def test_a_ticket_is_read_from_a_query(query: str, ticket: str | None) -> None:
    assert read_ticket(query.encode()) == ticket
