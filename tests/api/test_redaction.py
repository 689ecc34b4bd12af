"""No secret reaches a log."""

import io
import logging

import pytest

from api.redaction import Redaction, redact
from api.services.credentials import TOKEN_PREFIX, new_token

TOKEN = TOKEN_PREFIX + "Zk3_-xQ9" * 5 + "aB0"


def test_the_token_of_these_tests_has_the_form_of_a_real_one() -> None:
    assert len(TOKEN) == len(new_token())


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {TOKEN}",
        f'127.0.0.1 - "GET /sse/eventos?ticket={TOKEN[3:]}&replay=all"',
        f"/api/v1/eventos?access_token={TOKEN[3:]}",
        f"cookie: a=b; ft_session={TOKEN[3:]}; c=d",
        f"user said {TOKEN}.",
        f"Basic {TOKEN[3:]}",
        f"postgresql://ana:{TOKEN[3:]}@db/x",
        f"postgresql://ana:/{TOKEN[3:]}#?@db/x",
        f"postgresql://db/x?user=ana&password={TOKEN[3:]}",
        f"postgresql://db/x?sslpassword={TOKEN[3:]}",
    ],
)
def test_secrets_are_hidden(text: str) -> None:
    assert TOKEN[3:] not in redact(text)


def test_text_beside_a_secret_is_kept() -> None:
    line = redact("GET /sse/eventos?ticket=abc&replay=all from 10.0.0.1")
    assert line == "GET /sse/eventos?ticket=[hidden]&replay=all from 10.0.0.1"


def test_secrets_in_messages_arguments_and_tracebacks_are_hidden() -> None:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.addFilter(Redaction())
    logger = logging.getLogger("test.redaction")
    logger.addHandler(handler)
    logger.propagate = False
    try:
        logger.error('%s - "WebSocket %s" [accepted] %d', "10.0.0.1", f"/ws?ticket={TOKEN[3:]}", 7)
        try:
            int(TOKEN)
        except ValueError:
            logger.exception("it failed with %(name)s", {"name": TOKEN})
    finally:
        logger.removeHandler(handler)
    told = out.getvalue()
    assert TOKEN[3:] not in told
    assert "10.0.0.1" in told
    assert "[accepted] 7" in told
    assert "ValueError" in told
