"""What the answers to an upload mean: which are shown and end it, and which are tried again."""

from collections.abc import Iterator
from pathlib import Path

import anyio
import httpx
import pytest

from api.cli import upload_sender
from api.cli.upload_sender import ATTEMPTS_WITHOUT_PROGRESS, Sender
from api.client.transports import Refused

pytestmark = pytest.mark.anyio


class Told:
    """Keeps what the sender says."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def sent(self, position: int) -> None:
        """Ignore it."""

    def status(self, text: str) -> None:
        """Keep it."""
        self.said.append(text)


def problem(status: int, title: str, detail: str, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"title": title, "detail": detail}, headers=headers)


async def sent(
    answers: Iterator[httpx.Response | Exception], file: Path, monkeypatch: pytest.MonkeyPatch
) -> Told:
    """Send a file to a server that gives these answers, without waiting between them."""

    async def no_wait(_seconds: float) -> None:
        await anyio.lowlevel.checkpoint()

    def answer(request: httpx.Request) -> httpx.Response:
        request.read()
        if request.method == "HEAD":
            return httpx.Response(404)
        given = next(answers)
        if isinstance(given, Exception):
            raise given
        return given

    monkeypatch.setattr(upload_sender.anyio, "sleep", no_wait)
    await anyio.Path(file).write_bytes(b"title\n")
    told = Told()
    transport = httpx.MockTransport(answer)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as http:
        await Sender(http, file, name="a.csv", upload_id="u", params={}, progress=told).send()
    return told


@pytest.mark.parametrize("status", [400, 403, 413, 501, 505, 507])
async def test_an_answer_that_a_repetition_cannot_mend_ends_the_upload(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    answers = iter([problem(status, "No room left", "The disk is full.")])
    with pytest.raises(Refused, match=r"The disk is full\.") as refused:
        await sent(answers, tmp_path / "a.csv", monkeypatch)
    assert refused.value.status == status


@pytest.mark.parametrize("wait", ["", "1", "Wed, 21 Oct 2026 07:28:00 GMT"])
async def test_a_passing_answer_is_shown_as_it_is_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wait: str
) -> None:
    headers = {"Retry-After": wait} if wait else {}
    answers = iter([problem(503, "Not available now", "The store is away.", **headers), httpx.Response(202)])
    told = await sent(answers, tmp_path / "a.csv", monkeypatch)
    assert told.said == ["the server answers 503 Not available now: The store is away.; continuing at byte 0"]


async def test_no_answer_is_a_broken_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([httpx.ReadError("reset"), httpx.Response(202)])
    told = await sent(answers, tmp_path / "a.csv", monkeypatch)
    assert told.said == ["the connection broke (reset); continuing at byte 0"]


async def test_what_never_passes_ends_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = (problem(503, "Not available now", "Away.") for _ in range(ATTEMPTS_WITHOUT_PROGRESS))
    with pytest.raises(Refused, match="503 Not available now: Away") as refused:
        await sent(answers, tmp_path / "a.csv", monkeypatch)
    assert refused.value.status == 503


async def test_a_fault_of_this_side_is_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Refused, match="cannot be made"):
        await sent(iter([httpx.LocalProtocolError("odd header")]), tmp_path / "a.csv", monkeypatch)
