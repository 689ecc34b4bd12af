"""The rules and the dashboard under deploy/ name metrics and labels that a server has."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import unavailable
from tests.serving import serving

pytestmark = pytest.mark.anyio

DEPLOY = Path(__file__).parents[2] / "deploy"
DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana" / "fasttrack.json").read_text())
RULES: list[dict[str, Any]] = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())["groups"][0][
    "rules"
]
GIVEN_BY_PROMETHEUS = {"instance", "job"}
NAME = re.compile(r"\b((?:fasttrack|process)_[a-z_]+)\b(?:\{([^}]*)\})?")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def exposition(tmp_path: Path) -> str:
    async with serving(tmp_path) as served, served.client() as client:
        assert (await client.get("/healthz")).status_code == 200
        return (await client.get("/metrics")).text


def expressions() -> Iterator[str]:
    """Yield every expression of the rules and of the dashboard."""
    yield from (rule["expr"] for rule in RULES)
    yield from (target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"])
    yield from (one["query"]["query"] for one in DASHBOARD["templating"]["list"] if one["type"] == "query")


def series(exposition: str) -> dict[str, set[str]]:
    """Return the labels of every series by its name."""
    labels: dict[str, set[str]] = {}
    for family in families(exposition):
        for sample in family.samples:
            labels.setdefault(sample.name, set()).update(sample.labels)
    return labels


def families(exposition: str) -> list[Metric]:
    return [*text_string_to_metric_families(exposition)]


async def test_dashboards_and_rules_name_only_existing_metrics_and_labels(exposition: str) -> None:
    known, named = series(exposition), set()
    for expression in expressions():
        for name, matchers in NAME.findall(expression):
            named.add(name)
            assert name in known, expression
            assert set(re.findall(r"(\w+)\s*[!=]", matchers)) <= known[name] | GIVEN_BY_PROMETHEUS, expression
    assert len(named) > 15


async def test_expressions_group_only_by_labels_of_their_metric(exposition: str) -> None:
    known = series(exposition)
    for expression in expressions():
        for grouped, name in re.findall(r"by \(([^)]*)\) \((?:rate\()?(\w+)", expression):
            labels = {one.strip() for one in grouped.split(",")}
            assert labels <= known[name] | GIVEN_BY_PROMETHEUS, expression


async def test_every_metric_is_documented(exposition: str) -> None:
    guide = (DEPLOY.parent / "docs" / "operating.md").read_text()
    for family in families(exposition):
        name = family.name + ("_total" if family.type == "counter" else "")
        assert f"`{name}`" in guide, name
        assert family.documentation.endswith(".")


def test_every_alert_has_a_severity_and_advice() -> None:
    for rule in RULES:
        if "alert" in rule:
            assert rule["labels"]["severity"] in {"warning", "critical"}
            assert set(rule["annotations"]) == {"summary", "description"}


def test_panels_do_not_overlap_and_have_unique_titles() -> None:
    cells: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        own = {
            (place["x"] + column, place["y"] + row)
            for column in range(place["w"])
            for row in range(place["h"])
        }
        assert not own & cells
        assert all(column < 24 for column, _ in own)
        cells |= own
    titles = [panel["title"] for panel in DASHBOARD["panels"]]
    assert len(titles) == len(set(titles))


def test_the_prometheus_configuration_loads_the_rules() -> None:
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    assert [(DEPLOY / "prometheus" / name).is_file() for name in config["rule_files"]] == [True]
    jobs = {one["job_name"] for one in config["scrape_configs"]}
    assert all(job in jobs for text in expressions() for job in re.findall(r'job="(\w+)"', text))


async def test_promtool_accepts_the_rules(exposition: str) -> None:
    assert families(exposition)
    if (promtool := shutil.which("promtool")) is None:
        unavailable("promtool (Debian: prometheus)")
    checks = [["check", "metrics"], ["check", "config", str(DEPLOY / "prometheus" / "prometheus.yml")]]
    for words in checks:
        done = subprocess.run(  # noqa: ASYNC221 - some milliseconds.
            [promtool, *words], input=exposition, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
