"""Every sentence has a code and parameters, which the document of the feed lists."""

import re
from pathlib import Path
from string import Formatter
from typing import Any

import msgspec
import pytest

from api.services.event_messages import created, deleted, many, updated
from api.services.identity import Identity
from api.services.imports.repairs import _notice as import_repaired
from api.services.imports.sentences import SENTENCES as OF_IMPORTS
from api.services.imports.sentences import warning_line
from api.services.notifications import (
    import_notification,
    task_notification,
    user_notification,
    webhook_disabled,
    webhook_failing,
    webhook_gap,
    webhook_notification,
    webhook_recovered,
)
from api.services.task_sentences import SENTENCES as OF_TASKS
from api.services.task_sentences import task_line
from domain.events import Event
from domain.imports import ImportOptions, Upload
from domain.people import User
from domain.problems import problem
from domain.rows.columns import Columns
from domain.rows.warnings import Warnings
from domain.webhooks import Progress, Webhook
from streams.messages import Draft

SENTENCES = {**OF_IMPORTS, **OF_TASKS}
TEXT = (Path(__file__).parents[3] / "docs" / "feed-protocol.md").read_text()
LISTED = {
    code: sorted(re.findall(r"`(\w+)`", re.sub(r"\([^)]*\)", "", params)))
    # The first table that has a code counts: the steps of tasks have a table of their own below.
    for codes, params in reversed(re.findall(r"^\| (`[^|]+`) \| ([^|]*) \|$", TEXT, re.MULTILINE))
    for code in re.findall(r"`([a-z_.]+)`", codes)
}
NOT_SAID = {"import.taking_out": {"reason_code", "reason_rule", "reason_params"}}
"""Parameters that are sent though the English does not speak of them."""
EVENT = Event(7, "Show", "", "2026-01-02T00:00:00", "Recife", (), None, None, 1, "", "")
ANA = Identity(name="ana", role="admin", person="ana")
WEBHOOK = Webhook("w", "https://example.org/", ("admin",), "json", "whsec_", "ana", 0, 0)
UPLOAD = Upload("a", "completed", "a.csv", ImportOptions(), "ana", 0, 0)
USER = User(1, "bia", "viewer", "", False, 0)


def told(draft: Draft) -> dict[str, Any]:
    body: dict[str, Any] = msgspec.json.decode(draft[1])
    return body


def test_each_sentence_is_listed_with_its_parameters() -> None:
    used = {
        code: sorted({name for _, name, _, _ in Formatter().parse(text) if name} | NOT_SAID.get(code, set()))
        for code, text in SENTENCES.items()
    }
    assert {code: LISTED.get(code) for code in used} == used


@pytest.mark.parametrize(
    "notice",
    [
        created(EVENT, ANA, 0)[-1],
        updated(EVENT, ["title"], ANA, 0)[-1],
        deleted(EVENT, ANA, 0)[-1],
        import_notification(
            "a", "a.csv", "failed", accepted=1, rejected=2, actor="ana", at_ms=0, error=problem("empty_file")
        ),
        import_repaired(UPLOAD, 1, "ana", 0),
        task_notification("t", "check", "completed", filename="a.csv", actor="ana", at_ms=0),
        *(user_notification(verb, USER, actor="ana", at_ms=0) for verb in ("added", "disabled", "rotated")),
        *(
            webhook_notification(verb, WEBHOOK, actor="ana", at_ms=0)
            for verb in ("added", "changed", "secret_changed", "removed")
        ),
        webhook_disabled(WEBHOOK, "gone", at_ms=0),
        webhook_gap(WEBHOOK, at_ms=0),
        webhook_failing(WEBHOOK, Progress(0, 9, 1, 2), at_ms=0),
        webhook_recovered(WEBHOOK, at_ms=0),
    ],
    ids=lambda notice: told(notice)["kind"],
)
def test_a_notification_has_the_parameters_listed_for_its_kind(notice: Draft) -> None:
    message = told(notice)
    assert sorted(message["params"]) == LISTED[message["kind"]]


def test_a_failed_import_says_all_that_the_words_for_it_speak_of() -> None:
    error = problem("not_text", "file", kind="pdf", advice="export_table")
    message = told(
        import_notification("a", "a.pdf", "failed", accepted=0, rejected=0, actor="ana", at_ms=0, error=error)
    )
    assert message["message"] == f"for ana: {error.message}"
    params = message["params"]
    assert (params["reason_code"], params["reason_rule"]) == ("not_text", None)
    assert params["reason_params"] == {
        "field": "file",
        "value": None,
        "kind": "pdf",
        "advice": "export_table",
    }


@pytest.mark.parametrize(
    ("accepted", "rejected", "words"),
    [
        (1, 0, "1 row accepted, 0 rejected, for ana"),
        (0, 0, "0 rows accepted, 0 rejected, for ana"),
        (2, 1, "2 rows accepted, 1 rejected, for ana"),
    ],
)
def test_an_ended_import_says_its_rows(accepted: int, rejected: int, words: str) -> None:
    notice = import_notification(
        "a", "a.csv", "completed", accepted=accepted, rejected=rejected, actor="ana", at_ms=0
    )
    assert told(notice)["message"] == words


def test_a_change_of_many_events_says_which_and_how_many() -> None:
    message = told(many("delete", 12, ANA, 0)[-1])
    assert (message["kind"], message["params"]) == ("bulk_change", {"change": "delete", "count": 12})


def test_a_task_log_line_has_its_sentence_and_parameters() -> None:
    message = told(task_line("t", "info", "check.found", at_ms=0, accepted=3, rejected=1))
    assert (message["code"], message["params"]) == ("check.found", {"accepted": 3, "rejected": 1})
    assert message["feed"] == "tarefas/t"
    assert message["message"] == "3 rows would be stored, 1 would be rejected"


def test_a_warning_line_names_the_columns_that_it_counts() -> None:
    columns = Columns(("title", "Nota", "Preço"), {"title": 0}, 3, 3, {}, (1, 2))
    (warning,) = Warnings({}).described(columns)
    message = told(warning_line("upload/a", warning, at_ms=0, counted=True))
    assert message["code"] == "ignored_columns"
    assert message["params"] == {"count": 2, "names": ["Nota", "Preço"]}
