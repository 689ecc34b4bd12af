"""What all tests share: the event loop, hypothesis, and how the suite runs in several processes."""

import fcntl
import functools
import gc
import os
import zlib
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NoReturn

import httpx
import hypothesis
import pytest
from httpx._transports import default as httpx_transports

HERE = Path(__file__).parent
PLACES_OVER_POSTGRES = (HERE / "contracts", HERE / "end_to_end")
"""Folders to lock: as many as tests that may start servers over PostgreSQL at a time."""

# Every client reads the machine's certificates anew, in 25 ms of CPU; tests make one for each call, and poll.
httpx_transports.create_ssl_context = functools.cache(httpx.create_ssl_context)  # type: ignore[attr-defined]

THOROUGH = bool(os.environ.get("THOROUGH"))
"""Set by `make test-thorough`: what is tried in turn or at random is tried more often."""

# One profile for every property test. A loaded machine is no failure, so there is no deadline. CI draws the
# same examples each time: it fails for the change it looks at; developers' runs look for new examples, and
# thorough ones for many.
hypothesis.settings.register_profile(
    "fasttrack",
    deadline=None,
    max_examples=1000 if THOROUGH else 100,
    derandomize=bool(os.environ.get("CI")) and not THOROUGH,
    print_blob=True,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture, hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("fasttrack")


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """Async tests run on the loop that the server runs on."""
    return ("asyncio", {"use_uvloop": True})


def unavailable(what: str) -> NoReturn:
    """Skip for want of a program or service on a developer's machine; in CI that is a failure."""
    if os.environ.get("CI"):
        pytest.fail(f"CI must not skip: {what} is missing")
    pytest.skip(f"{what} is missing")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the tests for several processes: what waits longest first, what runs alone last.

    A file stays in one process, so its module fixtures (a browser, a server) are made once. The files of
    `end_to_end` outside `browser` share nothing between their tests: each of those goes where there is room.
    """
    items.sort(key=_turn)
    for item in items:
        if group := _group(item):
            item.add_marker(pytest.mark.xdist_group(group))


def _turn(item: pytest.Item) -> int:
    if item.get_closest_marker("alone"):
        return 3
    folders = item.path.parts
    if "browser" in folders:
        return 0
    return 1 if "end_to_end" in folders else 2


def _group(item: pytest.Item) -> str | None:
    turn = _turn(item)
    if turn == 1:
        return None
    return "alone" if turn == 3 else item.nodeid.partition("::")[0]


def pytest_collection_finish() -> None:
    """Spare the collector what is there to stay: through six thousand tests it would look again and again."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Let a test run when the machine has what it needs. The wait is outside its time limit.

    A test marked `alone` runs while no other process runs one. Two at a time start servers over PostgreSQL:
    they may have six processes each, and its 100 connections are for all tests.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return (yield)
    with ExitStack() as held:
        if _starts_servers_over_postgres(item):
            held.enter_context(_locked(PLACES_OVER_POSTGRES[zlib.crc32(item.nodeid.encode()) % 2]))
        alone = item.get_closest_marker("alone") is not None
        held.enter_context(_locked(HERE, shared=not alone))
        return (yield)


def _starts_servers_over_postgres(item: pytest.Item) -> bool:
    if "end_to_end" not in item.path.parts:
        return False
    params = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    return params.get("store_url") == "postgresql" or params.get("deployment") in {2, 3}


@contextmanager
def _locked(folder: Path, *, shared: bool = False) -> Iterator[None]:
    """Hold a folder of this checkout: together with other processes that test it, or alone."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
