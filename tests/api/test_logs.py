import json
import logging

import pytest

from api.logs import (
    ConsoleLines,
    JobFailedError,
    JsonLines,
    WithoutQueries,
    log_failed_services,
    log_failed_start,
)
from domain.ports.errors import StorageUnavailableError


def record(message: str, *args: object, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("fasttrack.api", logging.INFO, "f", 1, message, args, None)
    made.__dict__.update(extra)
    return made


def test_a_json_log_line_is_one_object_with_the_extra_fields():
    line = JsonLines().format(record("GET %s\n%d", "/x", 200, request_id="r1", ms=1.5))
    assert "\n" not in line
    told = json.loads(line)
    assert told["message"] == "GET /x\n200"
    assert (told["level"], told["logger"], told["request_id"], told["ms"]) == (
        "info",
        "fasttrack.api",
        "r1",
        1.5,
    )
    assert told["at"].endswith("Z")


def test_a_console_log_line_shows_the_extra_fields():
    assert ConsoleLines().format(record("GET /x", request_id="r1")).endswith("GET /x  request_id=r1")


@pytest.mark.parametrize("form", [JsonLines(), ConsoleLines()])
def test_an_exception_is_logged_with_its_traceback(form):
    made = record("failed")
    error = ValueError("broken")
    made.exc_info = (ValueError, error, None)
    assert "ValueError: broken" in form.format(made)


def test_queries_are_removed_from_uvicorns_websocket_log_lines():
    made = record('%s - "WebSocket %s" [accepted]', "127.0.0.1:5", "/ws/eventos?ticket=secret")
    assert WithoutQueries().filter(made)
    assert made.getMessage() == '127.0.0.1:5 - "WebSocket /ws/eventos" [accepted]'


def test_a_start_failure_that_the_operator_can_fix_is_logged_in_one_line(caplog):
    log_failed_start(ExceptionGroup("jobs", [StorageUnavailableError("no database there")]))
    assert [one.getMessage() for one in caplog.records] == ["cannot start: no database there"]
    assert caplog.records[0].exc_info is None


def test_an_unexpected_start_failure_is_logged_with_its_traceback(caplog):
    log_failed_start(RuntimeError("ours"))
    assert caplog.records[0].exc_info


@pytest.mark.parametrize("log", [log_failed_start, log_failed_services])
def test_a_reason_that_its_job_has_logged_is_not_logged_again(caplog, log):
    log(ExceptionGroup("jobs", [ExceptionGroup("more", [JobFailedError("run")])]))
    assert caplog.records == []
    log(ExceptionGroup("jobs", [JobFailedError("run"), RuntimeError("another")]))
    assert [record.levelname for record in caplog.records] == ["CRITICAL"]
    assert "another" in str(caplog.records[0].exc_info[1].exceptions)


def test_why_a_server_ends_that_has_served_is_logged_with_its_traceback(caplog):
    log_failed_services(OSError(5, "Input/output error"))
    assert caplog.records[0].getMessage() == "the server stops, because a part of it failed"
    assert caplog.records[0].exc_info
