"""The house is as docs/architecture.md draws it: no circles, rooms in layers, each module tested."""

import ast
import re
import tomllib
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp

HERE = Path(__file__).parents[1]
GUIDE = (HERE / "docs" / "architecture.md").read_text()
LINT = tomllib.loads((HERE / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]


def section(title: str) -> str:
    """Return the text of the guide under a heading."""
    return GUIDE.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def test_no_two_modules_import_each_other_not_even_for_their_types() -> None:
    graph = grimp.build_graph("api", "domain", "streams", exclude_type_checking_imports=False)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        raise AssertionError(f"a circle of imports: {' -> '.join(error.args[1])}") from None


def test_the_guide_lists_the_packages_in_the_order_of_the_layers() -> None:
    layered = next(contract["layers"] for contract in LINT if contract.get("exhaustive"))
    layers = [tuple(f"api/{name}" for name in layer.split(" | ")) for layer in layered]
    assert [*rooms_of_the_guide()] == [*layers, ("domain", "streams")]


def rooms_of_the_guide() -> Iterator[tuple[str, ...]]:
    """Yield the packages of each row of the guide's table."""
    for row in section("The packages").splitlines():
        if row.startswith("| `"):
            yield tuple(name.strip("`/").removesuffix(".py") for name in row.split("|")[1].strip().split(" "))


def test_every_path_in_the_guide_exists() -> None:
    paths = re.findall(r"`((?:api|domain|streams|tests|docs|bench)/[^`*]*)`", GUIDE)
    assert len(paths) > 30
    assert [path for path in paths if not (HERE / path).exists()] == []


def test_the_guide_lists_each_module_of_an_import_once() -> None:
    rows = [row for row in section("The modules of an import").splitlines() if "| `" in row]
    listed = sorted(name for row in rows for name in re.findall(r"`(\w+)`", row))
    there = (HERE / "api" / "services" / "imports").glob("*.py")
    assert listed == sorted(module.stem for module in there if module.stem != "__init__")


REACH = re.compile(
    r"noqa: SLF001|^\s*from uvicorn\.|^\s*import uvicorn$|\.asgi_handler = "
    r"|\.asgi_router\."
    r"|^\s*from \w+(?:\.\w+)* import _[A-Za-z]",
    re.MULTILINE,
)
"""What a reach into the insides of a library looks like; ruff lets no private attribute pass unmarked."""


def test_every_use_of_a_private_part_of_a_library_is_listed_with_its_test() -> None:
    sources = [path for package in ("api", "domain", "streams") for path in (HERE / package).rglob("*.py")]
    reaching = {str(path.relative_to(HERE)) for path in sources if REACH.search(path.read_text())}
    rows = [row for row in section("Private parts of libraries").splitlines() if row.startswith("| `")]
    assert {row.split("`")[1] for row in rows} == reaching


TESTED_THROUGH = {
    # Rooms that are tested through their one door, whichever of their modules does the work.
    "api/cli": ("tests/api/cli", "commands are run as programs: what they print, how they exit"),
    "api/feeds": ("tests/contracts/test_transports.py", "one suite for every transport"),
    "api/routes": ("tests/api", "paths are called over HTTP"),
    "api/server": ("tests/edge", "what arrives at a socket"),
    "api/services/exports": ("tests/api/routes/test_round_trips.py", "a file that is written is read again"),
    "api/services/imports": (
        "tests/api/services/imports",
        "whole imports, over a real store",
    ),
    "api/tracing": ("tests/api/tracing", "spans are read as a collector gets them"),
    "api/storage": ("tests/contracts", "one suite holds both databases to each port"),
    "api/unpacking": ("tests/api/unpacking", "it runs in a process of its own, which is given files"),
    "domain/csv": ("tests/domain/files/test_corpus.py", "a reader is judged by the rows that come out"),
    "domain/dates": ("tests/domain/dates/test_event_date.py", "what is written, and the date that is read"),
    "domain/files": ("tests/domain/files/test_corpus.py", "a reader is judged by the rows that come out"),
    "domain/rows": ("tests/domain/files/test_corpus.py", "a reader is judged by the rows that come out"),
    # Modules that put others together, or are one step of what others do.
    "api/__main__.py": ("tests/api/cli", "every command begins in it"),
    "api/app.py": ("tests/api/security/test_guards.py", "puts together what answers there"),
    "api/feed_lifetime.py": ("tests/end_to_end/test_one_feed.py", "opens and closes the feed"),
    "api/lifetime.py": ("tests/api/security/test_ends.py", "opens and closes what runs there"),
    "api/malloc.py": ("tests/edge/test_memory.py", "what it does is seen in the memory of a process"),
    "api/metric_sources.py": ("tests/api/http/test_metrics.py", "the metrics that it feeds are read there"),
    "api/http/app_services.py": ("tests/api/security/test_guards.py", "what every handler is given"),
    "api/http/assets.py": ("tests/api/routes/test_pages.py", "what a page loads"),
    "api/http/large_answers.py": ("tests/edge/test_memory.py", "what it does is seen in memory"),
    "api/http/not_found.py": ("tests/api/security/test_guards.py", "the answer where there is no path"),
    "api/http/wrong_parameters.py": ("tests/api/routes/test_call_rules.py", "what is refused of a URL"),
    "api/http/websockets.py": ("tests/contracts/test_transports.py", "one suite for every transport"),
    "api/parsing/__main__.py": ("tests/api/parsing/test_pool.py", "it runs in the pool's processes"),
    "api/parsing/process.py": ("tests/api/parsing/test_pool.py", "it runs in the pool's processes"),
    "api/parsing/wire.py": ("tests/api/parsing/test_pool.py", "both ends of it are there"),
    "api/security/arrival.py": ("tests/api/security/test_proxies.py", "who called, through which proxies"),
    "api/security/cookies.py": ("tests/api/security/test_authentication.py", "sessions are in cookies"),
    "api/security/forwarded.py": ("tests/api/security/test_proxies.py", "who called, through which proxies"),
    "api/services/analysis_task.py": ("tests/api/services/test_tasks.py", "one kind of task"),
    "api/services/event_messages.py": ("tests/api/services/test_sentences.py", "all sentences in one table"),
    "api/services/notifications.py": ("tests/api/services/test_sentences.py", "all sentences in one table"),
    "api/services/people.py": ("tests/api/security", "who may is asked over HTTP"),
    "api/services/personal.py": ("tests/api/routes/test_calendars.py", "calendars and read marks"),
    "api/services/readiness.py": ("tests/api/security/test_ends.py", "a server that stops is not ready"),
    "api/services/session_revocation.py": (
        "tests/api/security/test_ends.py",
        "streams of a session end with it",
    ),
    "api/services/task_report.py": ("tests/api/services/test_tasks.py", "what a task reports"),
    "api/services/task_sentences.py": ("tests/api/services/test_sentences.py", "all sentences in one table"),
    "api/services/webhooks": (
        "tests/api/services/webhooks/test_delivery.py",
        "sent to a receiver that listens",
    ),
    "streams/view.py": ("tests/streams/test_reader.py", "readers share it"),
}
"""Room or module: where it is tested instead of in a file of its own name, and why."""


def own_test(module: Path) -> Path:
    """Return the test file that the mirror has for a module."""
    return HERE / "tests" / module.parent.relative_to(HERE) / f"test_{module.name}"


def does_something(module: Path) -> bool:
    """Return whether a module has more than names, types and protocols."""
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name != "__init__"
        and not all(is_constant(line) for line in node.body)
        for node in ast.walk(ast.parse(module.read_text()))
    )


def is_constant(line: ast.stmt) -> bool:
    """Return whether a statement is a docstring or an ellipsis."""
    return isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant)


def test_every_module_is_tested_in_a_file_of_its_name_or_where_the_table_says() -> None:
    modules = [
        module
        for package in ("api", "domain", "streams")
        for module in (HERE / package).rglob("*.py")
        if "migrations" not in module.parts and does_something(module)
    ]
    untested = [str(module.relative_to(HERE)) for module in modules if not own_test(module).exists()]
    assert [path for path in untested if not is_tested_elsewhere(path)] == []
    # Nothing stands in the table for no reason, and what it names is there.
    assert [entry for entry in TESTED_THROUGH if not any(path.startswith(entry) for path in untested)] == []
    assert [tests for tests, _ in TESTED_THROUGH.values() if not (HERE / tests).exists()] == []


def is_tested_elsewhere(path: str) -> bool:
    """Return whether the table has a module, or the room that it is in."""
    return path in TESTED_THROUGH or any(str(room) in TESTED_THROUGH for room in Path(path).parents)
