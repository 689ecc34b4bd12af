"""The files under deploy/ are right as they stand: settings exist, and nothing private gets into an image."""

import fnmatch
import ipaddress
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml

from api.__main__ import main
from api.settings import Settings, read_settings, unknown_variables
from tests.conftest import unavailable

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE = ("compose.yaml", "compose.postgres.yaml")


def program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if found is None:
        unavailable(f"{name}, to check deploy/")
    return found


def check_settings(environment: dict[str, str]) -> None:
    ours = {name: value for name, value in environment.items() if name.startswith("FASTTRACK_")}
    assert ours
    assert unknown_variables(ours) == []
    read_settings(ours)


def filled(text: str) -> str:
    """Fill a compose file's variables as an environment would."""
    return re.sub(r"\$\{[A-Z_]+(?::-([^}]*)|:\?)?\}", lambda found: found[1] or "secret", text)


def instructions(path: Path) -> list[tuple[str, str]]:
    joined = path.read_text().replace("\\\n", " ")
    lines = [line for line in joined.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.strip().partition(" ") for line in lines)]


@pytest.mark.parametrize("name", COMPOSE)
def test_a_compose_file_names_existing_files_and_settings(name: str) -> None:
    compose = yaml.safe_load(filled((DEPLOY / name).read_text()))
    for service in compose["services"].values():
        assert set(service.get("depends_on", ())) <= set(compose["services"])
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            is_file = source.startswith("./") and (DEPLOY / source).exists()
            assert is_file or source in compose["volumes"]
        if "build" in service:
            folder = (DEPLOY / service["build"]["context"]).resolve()
            assert (folder / service["build"]["dockerfile"]).is_file()
            check_settings({key: str(value) for key, value in service["environment"].items()})


@pytest.mark.parametrize("name", COMPOSE)
def test_a_server_in_a_container_cannot_write_outside_its_data(name: str) -> None:
    compose = yaml.safe_load(filled((DEPLOY / name).read_text()))
    for service in compose["services"].values():
        if "build" in service:
            assert service["read_only"] is True
            assert service["cap_drop"] == ["ALL"]
            assert service["security_opt"] == ["no-new-privileges:true"]


def test_the_database_of_the_compose_file_has_enough_connections() -> None:
    compose = yaml.safe_load(filled((DEPLOY / "compose.postgres.yaml").read_text()))
    per_process = Settings().database_connections
    processes = 2 * int(compose["services"]["first"]["environment"]["FASTTRACK_WORKERS"])
    connections = int(compose["services"]["database"]["command"][-1].partition("=")[2])
    assert connections > per_process * processes + 10


_COMPOSE_COMMAND = re.compile(
    r"docker compose --file deploy/(\S+) (exec|stop|run|logs)((?: --?\w+)*) (\w+)(?: (fasttrack )?([\w-]+))?"
)


def test_the_documented_commands_name_services_and_commands_that_there_are() -> None:
    commands = _COMPOSE_COMMAND.findall((ROOT / "docs/operating.md").read_text())
    assert len(commands) >= 7
    for name, verb, _, service, program_name, word in commands:
        services = yaml.safe_load(filled((DEPLOY / name).read_text()))["services"]
        assert service in services, (name, service)
        if program_name or (verb == "run"):
            assert word in main.list_commands(click.Context(main)), word
        elif verb == "stop" and word:
            assert word in services
        elif verb == "exec":
            assert word in ("pg_dump", "pg_restore")


def test_the_image_runs_without_root_and_has_a_health_check() -> None:
    lines = instructions(DEPLOY / "Containerfile")
    words = [word for word, _ in lines]
    assert words.count("FROM") == 2, "what builds is not what runs"
    last = dict(lines[len(words) - 1 - words[::-1].index("FROM") :])
    assert int(last["USER"]) > 0
    assert last["STOPSIGNAL"] == "SIGTERM"
    assert "/healthz" in last["HEALTHCHECK"]
    assert json.loads(last["ENTRYPOINT"]) == ["fasttrack"]
    (command,) = json.loads(last["CMD"])
    assert command in main.list_commands(click.Context(main))
    settings = dict(pair.split("=", 1) for pair in last["ENV"].split())
    check_settings(settings)
    assert last["VOLUME"] == settings["FASTTRACK_DATA_DIR"]


def test_the_image_contains_only_the_program() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    assert lines[0] == "*", "all is left out but what is named"
    kept = {line[1:] for line in lines if line.startswith("!")}
    assert kept == {"api", "domain", "streams", "pyproject.toml", "constraints.txt", "README.md", "LICENSE"}
    assert all((ROOT / name).exists() for name in kept)
    for private in ("data/fasttrack.sqlite3", ".venv/bin/python", ".git/config", ".env", "blobs/x"):
        assert not any(fnmatch.fnmatch(private.split("/")[0], name) for name in kept)


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    text = (DEPLOY / "fasttrack@.service").read_text()
    unit = tmp_path / "fasttrack@.service"
    # systemd looks whether the program is there; ours is where this runs.
    unit.write_text(
        text.replace("/opt/fasttrack/bin/fasttrack", str(Path(sys.executable).with_name("fasttrack")))
    )
    checked = subprocess.run(
        [program("systemd-analyze"), "verify", str(tmp_path / "fasttrack@8000.service")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stderr) == (0, "")
    (settings,) = re.findall("^Environment=(.*)", text, re.MULTILINE)
    check_settings(dict(one.split("=", 1) for one in settings.split()))


def test_the_unit_leaves_the_server_little_to_do_harm_with(tmp_path: Path) -> None:
    unit = tmp_path / "fasttrack@8000.service"
    unit.write_text((DEPLOY / "fasttrack@.service").read_text())
    done = subprocess.run(
        [program("systemd-analyze"), "security", "--offline=true", "--threshold=25", "--no-pager", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_nginx_accepts_its_configuration(tmp_path: Path) -> None:
    # Names of other containers have no address here.
    text = (
        (DEPLOY / "nginx.conf").read_text().replace("first:", "127.0.0.1:").replace("second:", "127.0.0.2:")
    )
    whole = tmp_path / "nginx.conf"
    whole.write_text(f"error_log stderr; pid {tmp_path}/pid; events {{}} http {{ access_log off; {text} }}")
    checked = subprocess.run(
        [program("nginx"), "-t", "-c", str(whole), "-p", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr


def test_the_servers_of_the_compose_file_trust_the_proxy_alone() -> None:
    compose = yaml.safe_load(filled((DEPLOY / "compose.postgres.yaml").read_text()))
    trusted = compose["services"]["first"]["environment"]["FASTTRACK_TRUSTED_PROXIES"]
    assert trusted == compose["services"]["web"]["networks"]["front"]["ipv4_address"]
    (pool,) = compose["networks"]["front"]["ipam"]["config"]
    proxy, subnet = ipaddress.ip_address(trusted), ipaddress.ip_network(pool["subnet"])
    # Docker's gateway, by which clients may come, is the first address; the others come from the range.
    assert proxy in subnet
    assert proxy != subnet[1]
    assert proxy not in ipaddress.ip_network(pool["ip_range"])
