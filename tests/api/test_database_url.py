"""What the URL of a store contains is found whatever characters its password has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.database_url import has_password, is_database_url, unknown_parameter

GOOD = [
    "sqlite:///relative.db",
    "sqlite:////var/lib/fasttrack.sqlite3",
    "sqlite://",
    "postgresql://db/x",
    "postgres://ana@db:5432/x",
    "postgresql+asyncpg://ana:a#b/c?d@db:5432/x",
    "postgresql://[::1]:5432/x",
    "postgresql:///x?host=/run/postgresql",
    "postgresql://db?sslmode=require",
]
BAD = [
    "",
    "mysql://db/x",
    "db/x",
    "host=db password=x",
    "postgresql:ana:x@db/x",
    "postgresql://db:99999/x",
    "postgresql://db:x/y",
    "postgresql://[::1/x",
]


@pytest.mark.parametrize("url", GOOD)
def test_a_url_of_a_store_is_accepted(url: str) -> None:
    assert is_database_url(url)
    assert unknown_parameter(url) is None


@pytest.mark.parametrize("url", BAD)
def test_another_text_is_not_accepted(url: str) -> None:
    assert not is_database_url(url)


@given(st.text(st.characters(exclude_characters="@", min_codepoint=33, max_codepoint=126)))
def test_every_password_is_found(password: str) -> None:
    assert has_password(f"postgresql://ana:{password}@db/x")
    assert has_password(f"postgresql:ana:{password}@db/x")
    assert is_database_url(f"postgresql://ana:{password}@db/x")
    assert unknown_parameter(f"postgresql://ana:{password}@db/x") is None


@pytest.mark.parametrize("url", ["postgresql://ana@db:5432/x", "postgresql://db:5432/x?user=ana", *GOOD[:4]])
def test_a_url_without_a_password_has_none(url: str) -> None:
    assert not has_password(url)


@pytest.mark.parametrize("name", ["channel_binding", "schema", "pgbouncer", "sslmod", "keepalives"])
def test_a_parameter_that_is_not_supported_is_named(name: str) -> None:
    assert unknown_parameter(f"postgresql://ana:a?b@db/x?sslmode=require&{name}=x") == name
