"""An outage of the store is one line of the log, and tries at growing distances."""

import logging

import pytest

from api.services.outage import LONGEST_PAUSE_SECONDS, Outage
from domain.ports.errors import StorageUnavailableError

AWAY = StorageUnavailableError("the database does not answer")


def test_one_warning_without_traceback_and_growing_pauses(caplog: pytest.LogCaptureFixture) -> None:
    outage = Outage(logging.getLogger("x"), "things wait", first_pause_seconds=0.5)
    assert [outage.pause(AWAY) for _ in range(6)] == [
        0.5,
        1,
        2,
        4,
        LONGEST_PAUSE_SECONDS,
        LONGEST_PAUSE_SECONDS,
    ]
    assert [(one.levelname, one.getMessage(), one.exc_info) for one in caplog.records] == [
        ("WARNING", "things wait: the database does not answer", None)
    ]
    outage.over()
    assert outage.pause(AWAY) == 0.5
    assert len(caplog.records) == 2


def test_a_loop_that_is_slower_anyway_does_not_become_quicker() -> None:
    outage = Outage(logging.getLogger("x"), "things wait", first_pause_seconds=60)
    assert [outage.pause(AWAY) for _ in range(3)] == [60, 60, 60]
