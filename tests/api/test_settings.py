from dataclasses import fields
from pathlib import Path

import pytest

from api.settings import SettingError, Settings, read_settings, unknown_variables, variable

OPERATING = Path(__file__).parents[2] / "docs" / "operating.md"


def documented(one):
    """Return the row of docs/operating.md that a setting must have."""
    default = "none" if one.default in (None, (), "") else f"`{one.default}`"
    if isinstance(one.default, bool):
        default = default.lower()
    about = f"{one.metadata['about']}; {one.metadata['rule'].accepts}"
    return f"| `{variable(one)}` | {default} | {one.metadata['unit']} | {about} |"


def rule_of(name):
    return next(one.metadata["rule"].accepts for one in fields(Settings) if one.name == name.lower())


def test_the_table_of_settings_is_what_the_settings_say():
    table = [line for line in OPERATING.read_text().splitlines() if line.startswith("| `FASTTRACK_")]
    assert table == [documented(one) for one in fields(Settings)]


def test_without_variables_every_setting_has_its_default():
    assert read_settings({}) == Settings()


def test_an_option_overrides_a_variable():
    assert read_settings({"FASTTRACK_PORT": "9000"}, {"port": "9001"}).port == 9001


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", "\uff18\uff10"),
        ("WORKERS", "0"),
        ("AUTH", "maybe"),
        ("TIMEZONE", "Recife"),
        ("TIMEZONE", "../etc"),
        ("ALLOWED_HOSTS", "https://example.org"),
        ("ALLOWED_HOSTS", "example.org/"),
        ("ALLOWED_HOSTS", "*.example.org"),
        ("ALLOWED_HOSTS", "*"),
        ("ALLOWED_HOSTS", "bücher.example"),
        ("ALLOWED_HOSTS", "example.org:99999"),
        ("ALLOWED_HOSTS", "user@example.org"),
        ("ALLOWED_HOSTS", "events.example.org:443"),
        ("ALLOWED_HOSTS", "[::1]:8000"),
        ("HOST", "http://x"),
        ("HOST", "x:8000"),
        ("HOST", "x/y"),
        ("HOST", "[::1]:80"),
        ("HOST", "a b"),
        ("HOST", "a..b"),
        ("HOST", ".."),
        ("HOST", ".a"),
        ("HOST", "a" * 64),
        ("HOST", "é" * 60),
        ("ALLOWED_ORIGINS", "null"),
        ("ALLOWED_ORIGINS", "file://"),
        ("ALLOWED_ORIGINS", "*"),
        ("ALLOWED_ORIGINS", "https://*.example.org"),
        ("ALLOWED_ORIGINS", "https://example.org:99999"),
        ("ALLOWED_ORIGINS", "example.org"),
        ("ALLOWED_ORIGINS", "https://example.org/path"),
        ("TRUSTED_PROXIES", "proxy"),
        ("TRUSTED_PROXIES", "10.0.0.1/8"),
        ("TRUSTED_PROXIES", "10.0.0.0/8,fd00::1/64"),
        ("LOG_LEVEL", "loud"),
        ("DATABASE_URL", "mysql://x"),
        ("DATABASE_URL", "foo"),
        ("DATABASE_URL", "sqlite://x"),
        ("DATABASE_URL", "sqlite:///"),
        ("DATABASE_URL", "postgresql://"),
        ("HEARTBEAT_SECONDS", "1.5"),
        ("WEBHOOK_CA_FILE", "/nowhere/ca.pem"),
        ("WEBHOOK_CA_FILE", __file__),
        ("TRACES", "collector:4318"),
        ("TRACES", "grpc://collector:4317"),
        ("TRACES", "http://collector:port"),
        ("TRACES", "http://a..b:4318"),
        ("TRACES", "http://user:secret@collector:4318"),
        ("TRACES", "http://collector:4318/v1/traces?key=secret"),
    ],
)
def test_a_wrong_value_is_refused_with_its_name_value_and_rule(name, value):
    with pytest.raises(SettingError, match=rf"^FASTTRACK_{name} must be .+") as refused:
        read_settings({f"FASTTRACK_{name}": value})
    is_secret = name in ("DATABASE_URL", "TRACES")
    assert f", not {value!r}" in str(refused.value) or is_secret
    assert str(refused.value).endswith("is not shown, because it may hold a password") is is_secret
    assert not is_secret or value not in str(refused.value).replace(rule_of(name), "")


@pytest.mark.parametrize(
    "host", ["*", "0.0.0.0", "::", "::1", "fe80::1%eth0", "localhost", "a_b", "bücher.example"]
)
def test_a_server_listens_on_a_name_or_an_address(host):
    assert read_settings({"FASTTRACK_HOST": host}).host == host


@pytest.mark.parametrize(
    ("value", "networks"),
    [
        ("10.0.0.0/8", ("10.0.0.0/8",)),
        ("10.0.0.1", ("10.0.0.1/32",)),
        ("10.0.0.1/32, fd00::/8", ("10.0.0.1/32", "fd00::/8")),
        ("unix:,::1", ("unix:", "::1/128")),
    ],
)
def test_a_proxy_is_trusted_by_its_address_or_its_network(value, networks):
    assert read_settings({"FASTTRACK_TRUSTED_PROXIES": value}).trusted_proxies == networks


@pytest.mark.parametrize("path", ["/fasttrack", "fasttrack", "fasttrack/"])
def test_a_root_path_begins_with_one_slash(path):
    assert read_settings({"FASTTRACK_ROOT_PATH": path}).root_path == "/fasttrack"


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("http://collector:4318", "http://collector:4318/v1/traces"),
        ("https://[::1]:4318/", "https://[::1]:4318/v1/traces"),
        ("https://otlp.example.org/otlp/v1/traces", "https://otlp.example.org/otlp/v1/traces"),
    ],
)
def test_a_collector_without_a_path_gets_that_of_traces(value, url):
    assert read_settings({"FASTTRACK_TRACES": value}).traces == url


@pytest.mark.parametrize("host", ["events.example", "EVENTS.example", "10.0.0.1", "::1", "[::1]", "a_b"])
def test_a_name_or_address_can_be_an_allowed_host(host):
    assert read_settings({"FASTTRACK_ALLOWED_HOSTS": host}).allowed_hosts == (host.lower(),)


def test_all_wrong_values_are_reported_at_once():
    with pytest.raises(SettingError) as refused:
        read_settings({"FASTTRACK_PORT": "x", "FASTTRACK_AUTH": "y"})
    assert len(str(refused.value).splitlines()) == 2


def test_many_workers_need_a_shared_store():
    with pytest.raises(SettingError, match="postgresql"):
        read_settings({"FASTTRACK_WORKERS": "2"})
    shared = {"FASTTRACK_WORKERS": "2", "FASTTRACK_DATABASE_URL": "postgresql://localhost/x"}
    assert read_settings(shared).workers == 2


def test_a_misspelt_variable_is_reported():
    of_commands = {"FASTTRACK_URL": "http://127.0.0.1:8000", "FASTTRACK_TOKEN": "ft_x"}
    assert unknown_variables({"FASTTRACK_PROT": "1", "FASTTRACK_PORT": "1", "HOME": "/", **of_commands}) == [
        "FASTTRACK_PROT"
    ]


@pytest.mark.parametrize(
    ("host", "auth", "is_open"),
    [
        ("127.0.0.1", "auto", True),
        ("localhost", "auto", True),
        ("::1", "auto", True),
        ("0.0.0.0", "auto", False),
        ("example.org", "auto", False),
        ("127.0.0.1", "token", False),
        ("0.0.0.0", "open", True),
    ],
)
def test_auto_is_open_on_loopback_only(host, auth, is_open):
    assert Settings(host=host, auth=auth).is_open is is_open


@pytest.mark.parametrize(
    ("others", "is_open"),
    [
        ({}, True),
        ({"allowed_hosts": ("localhost", "127.0.0.1", "events.localhost")}, True),
        ({"allowed_origins": ("http://localhost:5173", "http://[::1]:3000", "tauri://localhost")}, True),
        ({"allowed_hosts": ("events.example",)}, False),
        ({"allowed_hosts": ("localhost", "127.0.0.1.evil.example")}, False),
        ({"allowed_origins": ("https://panel.example",)}, False),
        ({"allowed_origins": ("chrome-extension://abcdefgh",)}, False),
        ({"trusted_proxies": ("10.0.0.0/8",)}, False),
        ({"trusted_proxies": ("127.0.0.1/32",)}, False),
        ({"root_path": "/fasttrack"}, False),
    ],
)
def test_auto_requires_a_token_when_a_setting_names_other_hosts(others, is_open):
    settings = Settings(**others)
    assert (settings.is_open, settings.is_open_locally) == (is_open, is_open)
    assert Settings(auth="open", **others).is_open
    assert not Settings(auth="open", **others).is_open_locally


def test_the_url_of_the_store_may_be_read_from_a_file(tmp_path):
    path = tmp_path / "url"
    path.write_text("postgresql://ana:secret@db/x\n# of the main store\n")
    environment = {"FASTTRACK_DATABASE_URL_FILE": str(path)}
    assert read_settings(environment).database_url == "postgresql://ana:secret@db/x"
    with pytest.raises(SettingError, match="both set"):
        read_settings({**environment, "FASTTRACK_DATABASE_URL": "sqlite:///x"})


@pytest.mark.parametrize("content", [None, b"", b"mysql://ana:secret@db/x", b"\xff"])
def test_a_file_without_a_url_is_reported_without_its_content(tmp_path, content):
    path = tmp_path / "url"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingError, match="FASTTRACK_DATABASE_URL_FILE") as refused:
        read_settings({"FASTTRACK_DATABASE_URL_FILE": str(path)})
    assert "secret" not in str(refused.value)
