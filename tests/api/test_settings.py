from dataclasses import fields
from pathlib import Path

import pytest

from api.settings import SettingError, Settings, read_settings, unknown_variables, variable

OPERATING = Path(__file__).parents[2] / "docs" / "operating.md"


@pytest.mark.parametrize("one", fields(Settings), ids=variable)
def test_every_setting_is_documented_with_its_default(one):
    rows = [line for line in OPERATING.read_text().splitlines() if f"`{variable(one)}`" in line]
    assert rows, f"{variable(one)} is not in docs/operating.md"
    default = "" if one.default in (None, ()) else str(one.default)
    assert any(default in row and one.metadata["unit"] in row for row in rows)


def test_without_variables_every_default_holds():
    assert read_settings({}) == Settings()


def test_an_option_beats_a_variable():
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
        ("ALLOWED_ORIGINS", "example.org"),
        ("ALLOWED_ORIGINS", "https://example.org/path"),
        ("TRUSTED_PROXIES", "proxy"),
        ("LOG_LEVEL", "loud"),
        ("DATABASE_URL", "mysql://x"),
        ("HEARTBEAT_SECONDS", "1.5"),
    ],
)
def test_a_wrong_value_is_refused_by_name_value_and_rule(name, value):
    with pytest.raises(SettingError, match=rf"FASTTRACK_{name} must be .+, not") as refused:
        read_settings({f"FASTTRACK_{name}": value})
    assert (value in str(refused.value)) is (name != "DATABASE_URL")


def test_all_wrong_values_are_told_at_once():
    with pytest.raises(SettingError) as refused:
        read_settings({"FASTTRACK_PORT": "x", "FASTTRACK_AUTH": "y"})
    assert len(str(refused.value).splitlines()) == 2


def test_many_workers_need_a_shared_store():
    with pytest.raises(SettingError, match="postgresql"):
        read_settings({"FASTTRACK_WORKERS": "2"})
    shared = {"FASTTRACK_WORKERS": "2", "FASTTRACK_DATABASE_URL": "postgresql://localhost/x"}
    assert read_settings(shared).workers == 2


def test_a_misspelt_variable_is_found():
    assert unknown_variables({"FASTTRACK_PROT": "1", "FASTTRACK_PORT": "1", "HOME": "/"}) == [
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
