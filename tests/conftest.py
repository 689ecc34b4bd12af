"""What all tests share."""

import os
from typing import NoReturn

import pytest


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """Async tests run on the loop that the server runs on."""
    return ("asyncio", {"use_uvloop": True})


def unavailable(what: str) -> NoReturn:
    """Skip for want of a program or service on a developer's machine; in CI that is a failure."""
    if os.environ.get("CI"):
        pytest.fail(f"CI must not skip: {what} is missing")
    pytest.skip(f"{what} is missing")
