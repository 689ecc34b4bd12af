"""No secret reaches a log."""

import io
import logging
import re
from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.redaction import HIDDEN, Redaction, redact
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


TICKET = TOKEN[3:]
CALENDAR = f"fc_{TICKET}"


def escaped(text: str, times: int, *, only: str = "") -> str:
    """Return a text with each character escaped, or some, and that again: `ft_`, `%66%74_`, `%2566%2574_`."""
    for _ in range(times):
        text = "".join(f"%{ord(one):02x}" if not only or one in only else one for one in text)
        only = "%" if only else ""
    return text


@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("only", ["", "f", "_", "t_", "3-x", "/?=&"])
@pytest.mark.parametrize(
    ("before", "secret"),
    [
        ("/api/v1/eventos/", TOKEN),
        ("/x", TOKEN),
        ("/eventos.ics?key=", CALENDAR),
        ("/eventos.ics/", CALENDAR),
        ("/x", CALENDAR),
        ("/sse/eventos?ticket=", TICKET),
        ("/sse/eventos?a=b&ticket=", TICKET),
    ],
)
def test_an_escaped_secret_is_hidden(before: str, secret: str, only: str, times: int) -> None:
    told = redact(f"GET {escaped(before + secret, times, only=only)}&more=1 from 10.0.0.1")
    assert told.endswith((f"{HIDDEN}&more=1 from 10.0.0.1", f"{HIDDEN} from 10.0.0.1"))
    assert not any(form in told for form in (TICKET[5:15], escaped(TICKET[5:15], times, only=only)))


@pytest.mark.parametrize(
    "text",
    [
        "/api/v1/eventos/S%C3%A3o%20Jo%C3%A3o",
        "/Basic%20introduction%20to%20bearer%20things",
        "/api/v1/uploads/draft_2026%2D01%2D01",
        "/left_12345678%20",
        "100% of ticket%20s, 50%25 of them",
        "/%%%25%2",
        "/https%3A%2F%2Fexample.org%3Aport/x%40y",
        "/ticket%3Aa/token/secret%20=",
    ],
)
def test_what_is_no_secret_once_it_is_decoded_stays(text: str) -> None:
    assert redact(text) == text


@given(st.text("%2356f7t4_5FaA/ ", max_size=80))
def test_redacting_hides_spans_and_changes_nothing_else(text: str) -> None:
    told = redact(text)
    if HIDDEN not in told:
        assert told == text
    pattern = ".*".join(re.escape(part) for part in told.split(HIDDEN))
    assert re.fullmatch(pattern, text, re.DOTALL)


@pytest.mark.parametrize("unit", ["://a:", "%25", "%", "ft_", "ticket=%26", "Bearer ", "%66t_"])
def test_redacting_takes_time_in_proportion_to_the_text(unit: str) -> None:
    def seconds(size: int) -> float:
        text = unit * (size // len(unit))
        times = []
        for _ in range(3):
            begun = thread_time()
            redact(text)
            times.append(thread_time() - begun)
        return min(times)

    # Quadratic time would be 256-fold; what is quick is not measured well.
    assert seconds(160_000) < max(5 * 16 * seconds(10_000), 0.1)


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


@pytest.mark.parametrize(
    "text",
    [
        f"GET /x/%C3%AA{TOKEN}",
        f"GET /x/_{TOKEN}",
        f"GET /x/%5F{TOKEN}",
        "postgresql://ana:" + "p" * 2000 + "@host/x",
        "https%3A%2F%2Fana%3Apppppppp%40host",
    ],
)
def test_a_secret_is_hidden_whatever_letters_stand_before_it(text: str) -> None:
    told = redact(text)
    assert HIDDEN in told
    assert "pppp" not in told
    assert TOKEN[5:15] not in told
