"""What a release needs stays true between releases: one version, a section of changes, every licence."""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement

from api.storage.migrate import known_versions

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_javascript_client_and_the_changelog_have_the_version_of_the_program() -> None:
    ours = PROJECT["version"]
    package = json.loads((ROOT / "api" / "static" / "client" / "package.json").read_text())
    assert package["version"] == ours
    assert re.search(rf"^## \[{re.escape(ours)}\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)


def test_commands_of_the_documents_name_the_version() -> None:
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    named = {
        found
        for document in documents
        for found in re.findall(r"fasttrack(?:-client)?-(\d+\.\d+\.\d+)", document.read_text())
    }
    assert named == {PROJECT["version"]}


def shipped(requirements: Iterable[str], extra: str = "") -> Iterator[str]:
    """Yield the packages that these bring into an environment, and what those need."""
    for text in requirements:
        one = Requirement(text)
        if one.marker is not None and not one.marker.evaluate({"extra": extra}):
            continue
        yield one.name.lower().replace("_", "-")
        for further in one.extras or {""}:
            yield from shipped(requires(one.name) or (), further)


def test_every_package_that_is_shipped_is_listed_with_its_licence() -> None:
    rows = re.findall(r"^\| \[([^\]]+)\]\([^)]+\) \| (\S+) \| (.+) \|$", licences(), re.MULTILINE)
    listed = {name.lower().replace("_", "-"): licence for name, _, licence in rows}
    extras = [one for name in ("postgres", "tracing") for one in PROJECT["optional-dependencies"][name]]
    needed = {*shipped([*PROJECT["dependencies"], *extras])}
    assert needed <= {*listed}, "make sbom"
    assert [name for name, licence in listed.items() if licence == "UNKNOWN"] == []
    assert [
        name for name, licence in listed.items() if re.search(r"(?<!L)GPL|AGPL|Proprietary", licence)
    ] == []


def test_the_list_of_licences_has_the_versions_of_the_constraints() -> None:
    pinned = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().split())
    for name, listed, _ in re.findall(
        r"^\| \[([^\]]+)\]\([^)]+\) \| (\S+) \| (.+) \|$", licences(), re.MULTILINE
    ):
        assert pinned[name] == listed, f"{name}: make sbom"


def licences() -> str:
    return (ROOT / "docs" / "licences.md").read_text()


def test_the_upgrade_notes_list_every_migration_of_this_version() -> None:
    notes = (ROOT / "docs" / "upgrading.md").read_text()
    assert [number for number in known_versions() if number > "0004" and f"| {number} |" not in notes] == []
