"""What the URL of a store contains is found whatever characters its password has."""

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from api.database_url import has_password, hosts_of, is_database_url, unknown_parameter, url_fault
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


@pytest.mark.parametrize("host", ["a..b", "..", ".a", "a" * 64, "\u00e9" * 60])
@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ana:S3cret@{}/x",
        "postgres://ana:S3cret@one,{}:5432/x",
        "postgresql+asyncpg:///x?password=S3cret&host={}",
        "postgresql:///x?host=one,{}&port=1,2&password=S3cret",
    ],
)
def test_a_host_that_cannot_be_looked_up_is_named_without_the_password(url: str, host: str) -> None:
    with pytest.raises(SettingError) as refused:
        read_settings({"FASTTRACK_DATABASE_URL": url.format(host)})
    told = str(refused.value)
    assert told.startswith(f"FASTTRACK_DATABASE_URL names the host {host!r}: ")
    assert "\n" not in told
    assert "S3cret" not in told


@pytest.mark.parametrize("folder", ["/run/" + "a" * 90, "%2Frun%2F" + "a" * 90])
def test_the_folder_of_a_unix_socket_is_no_host_name(folder: str) -> None:
    url = f"postgresql:///x?host={folder}"
    assert hosts_of(url) == []
    assert read_settings({"FASTTRACK_DATABASE_URL": url}).database_url == url


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("sqlite:///a..b?host=x", []),
        ("postgresql:///x", []),
        ("postgresql://ana:a@db:5432/x", ["db"]),
        ("postgresql://[::1]:5432/x", []),
        ("postgres://one,two/x?host=three,&port=1", ["one", "two", "three"]),
    ],
)
def test_the_hosts_of_a_url_are_known(url: str, hosts: list[str]) -> None:
    assert hosts_of(url) == hosts


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
