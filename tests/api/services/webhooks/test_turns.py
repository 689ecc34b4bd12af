"""What is told of a receiver that keeps failing is told once, whatever becomes of a commit."""

import msgspec
import pytest

from api.services.webhooks.turns import turns
from domain.webhooks import LONG_FAILURE_MS, Attempt, DisabledBecause, Progress, Webhook

SINCE = 1_000
FAILED = Attempt("e.1", SINCE, 1, 500, "answered 500")
TAKEN = Attempt("e.1", SINCE, 1, 204, None)
WELL = Progress(8)
SHORT = Progress(7, 9, SINCE, SINCE + LONG_FAILURE_MS)
LONG = Progress(7, 10, SINCE, SINCE + LONG_FAILURE_MS + 1)


def ended(because: DisabledBecause) -> Progress:
    return Progress(7, 11, SINCE, SINCE + 2 * LONG_FAILURE_MS, because)


def stored(progress: Progress) -> Webhook:
    webhook = Webhook("w", "https://example.org/", ("admin",), "json", "whsec_", "ana", 0, 0)
    return msgspec.structs.replace(webhook, **msgspec.structs.asdict(progress))


@pytest.mark.parametrize(
    ("before", "after", "attempts", "told"),
    [
        (WELL, SHORT, [FAILED], []),
        (SHORT, LONG, [FAILED], ["webhook.failing"]),
        # The commit before was stored, and its answer lost.
        (LONG, LONG, [FAILED], []),
        (WELL, WELL, [TAKEN], []),
        (SHORT, WELL, [TAKEN], []),
        (LONG, WELL, [TAKEN], ["webhook.recovered"]),
        (LONG, SHORT, [TAKEN, FAILED], ["webhook.recovered"]),
        # Skipped, because it is no longer kept: nobody took it.
        (LONG, WELL, [], []),
        (LONG, WELL, [FAILED], []),
        (SHORT, ended("failing"), [FAILED], []),
        (SHORT, ended("gone"), [FAILED], []),
        (LONG, ended("failing"), [FAILED], []),
    ],
)
def test_each_turn_is_told_once(
    before: Progress, after: Progress, attempts: list[Attempt], told: list[str]
) -> None:
    drafts = turns(stored(before), after, attempts, at_ms=SINCE + 5)
    assert [msgspec.json.decode(body)["kind"] for _, body, *_ in drafts] == told
    assert turns(None, after, attempts, at_ms=SINCE + 5) == []
