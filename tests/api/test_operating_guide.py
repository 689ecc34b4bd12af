"""The files that docs/operating.md gives are right as they stand there."""

import re
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import click
import pytest
import yaml

from api.__main__ import main
from api.settings import Settings, read_settings, unknown_variables, variable
from api.storage import postgres
from tests.conftest import unavailable

GUIDE = (Path(__file__).parents[2] / "docs" / "operating.md").read_text()


def block(language: str) -> str:
    """Return the one block of a language."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    return str(found)


def program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if found is None:
        unavailable(f"{name}, to check docs/operating.md")
    return found


def check_settings(environment: dict[str, str]) -> None:
    assert environment
    assert unknown_variables(environment) == []
    read_settings(environment)


def test_the_compose_file_names_what_there_is() -> None:
    compose = yaml.safe_load(block("yaml"))
    services = compose["services"]
    assert services["first"] == services["second"]
    assert set(compose) == {"services", "volumes"}
    for service in services.values():
        assert ("image" in service) != ("build" in service)
        assert set(service.get("depends_on", ())) <= set(services)
        for volume in service.get("volumes", ()):
            assert volume.startswith("./") or volume.partition(":")[0] in compose["volumes"]
    server = services["first"]
    assert server["command"] == ["fasttrack", "serve"]
    assert server["command"][1] in main.list_commands(click.Context(main))
    check_settings(
        {
            name: str(value).replace("${DATABASE_PASSWORD:?}", "x")
            for name, value in server["environment"].items()
        }
    )
    assert {variable(one) for one in fields(Settings)} >= set(server["environment"])
    assert int(services["database"]["command"][-1].partition("=")[2]) > 22 * 4 + 10


def test_the_image_is_made_of_what_the_project_has() -> None:
    lines = yaml.safe_load(block("yaml"))["services"]["first"]["build"]["dockerfile_inline"].splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["FROM", "COPY", "RUN", "USER"]
    assert "/source/constraints.txt" in lines[2]
    assert (Path(__file__).parents[2] / "constraints.txt").exists()


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    text = block("ini")
    unit = tmp_path / "fasttrack@.service"
    # systemd looks whether the program is there; ours is where this runs.
    unit.write_text(
        text.replace("/opt/fasttrack/.venv/bin/fasttrack", str(Path(sys.executable).with_name("fasttrack")))
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


@pytest.mark.parametrize("per_process", [postgres.WRITERS + postgres.READERS + postgres.QUICK + 1])
def test_the_connections_of_a_process_are_as_many_as_the_guide_says(per_process: int) -> None:
    assert f"at most {per_process} a process" in GUIDE
