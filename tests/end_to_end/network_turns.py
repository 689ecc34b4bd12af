"""Keeps tests that change the machine's network apart from those of a browser, over all processes of a run.

A browser aborts what it is loading whenever an interface comes or goes.
"""

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_FOLDER = Path(tempfile.gettempdir())


@contextmanager
def needing_the_network() -> Iterator[None]:
    """Hold up changes of the network for the block."""
    with _opened("gate") as gate, _opened("network") as network:
        # Whoever waits for a change holds the gate, so that it comes.
        with _locked(gate, fcntl.LOCK_SH):
            fcntl.flock(network, fcntl.LOCK_SH)
        yield


@contextmanager
def changing_the_network() -> Iterator[None]:
    """Wait until nobody needs the network, and have it for the block."""
    with _opened("gate") as gate, _opened("network") as network, _locked(gate, fcntl.LOCK_EX):
        fcntl.flock(network, fcntl.LOCK_EX)
        yield


def _opened(name: str) -> IO[bytes]:
    """Open a lock's file; closing it gives the lock back."""
    return (_FOLDER / f"fasttrack-tests-{name}.lock").open("wb")


@contextmanager
def _locked(file: IO[bytes], how: int) -> Iterator[None]:
    fcntl.flock(file, how)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)
