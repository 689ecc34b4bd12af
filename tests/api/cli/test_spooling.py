"""Pipes and devices are copied before they are sent."""

import errno
import os
from pathlib import Path

import anyio
import pytest

from api.cli.spooling import spool

pytestmark = pytest.mark.anyio


async def test_a_pipe_is_copied(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"title\n")
    os.close(writing)
    await spool(reading, tmp_path / "copy")
    os.close(reading)
    assert (tmp_path / "copy").read_bytes() == b"title\n"


async def test_a_wait_for_bytes_can_be_stopped(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with anyio.move_on_after(0.05) as stopped:
        await spool(tmp_path / "pipe", tmp_path / "copy")
    assert stopped.cancelled_caught
    # Let the thread end: a writer comes, and goes.
    os.close(os.open(tmp_path / "pipe", os.O_WRONLY))


async def test_a_copy_that_fails_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file") as raised:
        await spool(tmp_path / "nowhere", tmp_path / "copy")
    assert (raised.value.errno, raised.value.filename) == (errno.ENOENT, str(tmp_path / "nowhere"))
