"""What the URL of a store contains is found whatever characters its password has."""

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from api.database_url import has_password, is_database_url, unknown_parameter, url_fault
from api.settings import SettingError, read_settings

GOOD = [
    "sqlite:///relative.db",
    "sqlite:////var/lib/fasttrack.sqlite3",
    "sqlite+aiosqlite:///a.db",
    "postgresql://db",
    "postgresql:///x",
    "postgresql://db/x",
    "postgres://ana@db:5432/x",
    "postgresql+asyncpg://ana:a#b/c?d@db:5432/x",
    "postgresql://[::1]:5432/x",
    "postgresql:///x?host=/run/postgresql",
    "postgresql://db?sslmode=require",
    "postgresql://db/x?application_name=a@b",
    "postgresql://one,two/x?target_session_attrs=read-write",
    "postgresql:///x?host=one,two&port=5432,5433",
]
BAD = [
    "",
    "mysql://db/x",
    "foo",
    "sqlite://",
    "sqlite:///",
    "sqlite:///?mode=ro",
    "sqlite://x",
    "sqlite://x/y.db",
    "postgresql://",
    "postgresql:///",
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
    assert url_fault(url) is None


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


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("postgresql://ana:a@b@db/x", "percent-encode"),
        ("postgresql://ana:a@b:c/d@db/x", "percent-encode"),
        ("postgresql://ana:S3cret@:5432/y@db:5432/x", "percent-encode"),
        ("postgresql://ana:S3cret@one/y@db/x", "percent-encode"),
        ("postgres://a/na:secret@db/x", "percent-encode"),
        ("postgresql://ana:secret@one:5432,two:5432/x", "?host=one,two&port="),
        ("postgresql+asyncpg://one:5432,two:5433/x", "?host=one,two&port="),
    ],
)
def test_a_url_that_would_be_read_in_another_way_than_it_was_meant_has_a_sentence(
    url: str, advice: str
) -> None:
    fault = url_fault(url)
    assert fault is not None
    assert advice in fault
    assert "ecret" not in fault
    with pytest.raises(SettingError, match="FASTTRACK_DATABASE_URL ") as refused:
        read_settings({"FASTTRACK_DATABASE_URL": url})
    assert advice in str(refused.value)


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126)))
def test_every_password_is_read_as_it_was_meant_or_has_a_sentence(password: str) -> None:
    url = f"postgresql://ana:{password}@db/x"
    if url_fault(url) is None and is_database_url(url):
        read = sa.make_url(url)
        assert (read.username, read.host, read.database) == ("ana", "db", "x")


@given(st.text("an:@/?#[]1,.%", max_size=40))
def test_no_url_without_a_fault_fails_where_it_is_read(rest: str) -> None:
    url = f"postgresql://{rest}"
    if url_fault(url) is None and is_database_url(url):
        sa.make_url(url)


def test_a_service_is_refused_since_it_would_not_be_read() -> None:
    assert unknown_parameter("postgresql://db/x?service=main") == "service"
