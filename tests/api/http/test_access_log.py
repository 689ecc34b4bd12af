import io
import json
import logging
import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from api.http.access_log import AccessLines, log_access
from api.logs import ConsoleLines, JsonLines

FIELDS = {
    "method": "GET",
    "path": "/api/v1/eventos/7",
    "route": "/api/v1/eventos/{event_id}",
    "status": 404,
    "bytes": 120,
    "client": "127.0.0.1",
    "request_id": "r1",
    "ms": 0.4,
    "user": "ana",
}
FORMS = {"json": JsonLines(), "console": ConsoleLines()}
CLOCK = re.compile(r"\d\d\d\d-\d\d-\d\dT[\d:.]+Z|\d\d:\d\d:\d\d")


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> Iterator[Any]:
    logger = logging.getLogger("fasttrack.access")
    lines, before = AccessLines(request.param), logger.level
    logger.addHandler(lines)
    logger.setLevel("INFO")
    yield request.param
    logger.removeHandler(lines)
    logger.setLevel(before)


@pytest.mark.parametrize(
    "changed",
    [{}, {"user": None}, {"bytes": None}, {"path": "/a%0Ab/\u00e9"}, {"method": "WS", "status": 101}],
)
def test_a_line_is_the_one_that_logging_would_write(
    form: str, capsys: pytest.CaptureFixture[str], changed: dict[str, Any]
) -> None:
    fields = FIELDS | changed
    record = logging.LogRecord(
        "fasttrack.access",
        logging.INFO,
        "f",
        1,
        "%s %s %d",
        (fields["method"], fields["path"], fields["status"]),
        None,
    )
    record.__dict__.update(fields)
    log_access(fields)
    assert CLOCK.sub("at", capsys.readouterr().err) == CLOCK.sub("at", FORMS[form].format(record)) + "\n"


@pytest.mark.parametrize(
    "path", ["/x/ft_" + "a" * 43, "/eventos.ics;token=secret-secret", "/fc_" + "b" * 43, "/whsec_" + "c" * 32]
)
def test_a_line_holds_no_secret(form: str, capsys: pytest.CaptureFixture[str], path: str) -> None:
    log_access(FIELDS | {"path": path})
    line = capsys.readouterr().err
    assert "[hidden]" in line
    assert not re.search("secret-secret|aaaaaaaa|bbbbbbbb|cccccccc", line)


def test_a_reader_of_the_log_that_is_gone_fails_no_request(
    form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Gone(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, _data: Any) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BufferedWriter(Gone()), write_through=True))
    monkeypatch.setattr(logging, "raiseExceptions", False)
    log_access(FIELDS)


def test_no_line_is_written_below_the_level(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("fasttrack.access").setLevel("WARNING")
    log_access(FIELDS)
    assert capsys.readouterr().err == ""


def test_a_json_line_has_its_fields_in_the_order_of_the_guide(capsys: pytest.CaptureFixture[str]) -> None:
    AccessLines("json").write(FIELDS)
    assert list(json.loads(capsys.readouterr().err)) == ["at", "level", "logger", "message", *FIELDS]
