"""File descriptors that run out are logged, once a minute."""

import os
import resource
from pathlib import Path

import pytest

from api.server.descriptors import DescriptorWatch, is_one_left


def test_running_out_of_descriptors_is_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    now, left = [0.0], [True]
    watch = DescriptorWatch(lambda: now[0], is_one_left=lambda: left[0])
    lines = []
    for at, is_left in (
        (0, True),
        (1, False),
        (2, False),
        (60, False),
        (61, False),
        (62, True),
        (121, False),
    ):
        now[0], left[0] = float(at), is_left
        watch.look()
        lines.append(len(caplog.records))
    assert lines == [0, 1, 1, 1, 2, 2, 3]


def _highest() -> int:
    return max(int(one.name) for one in Path("/proc/self/fd").iterdir())


def test_using_up_the_last_descriptor_is_noticed() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    opened = []
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (_highest() + 5, hard))
        while is_one_left():
            opened.append(os.dup(0))
        assert opened
    finally:
        for one in opened:
            os.close(one)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert is_one_left()
