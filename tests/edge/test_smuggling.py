"""Nothing in a body, or behind a broken one, is ever parsed as a request: alone and behind proxies."""

import asyncio
from pathlib import Path

import pytest

from tests.edge.recorder import answers, recording, talk
from tests.edge.smuggling import CASES
from tests.end_to_end.proxies.real import Documented, documented_for_any_host

pytestmark = pytest.mark.anyio


def test_the_table_has_at_least_100_cases() -> None:
    assert len(CASES) >= 100


async def test_each_request_ends_at_the_boundary_that_http_defines() -> None:
    async with recording() as recorder:
        wrong = []
        for name, (sent, status) in CASES.items():
            recorder.requests.clear()
            answered = [one.status for one in answers(await talk(recorder.port, sent))]
            paths = [request.path for request in recorder.requests if request.body is not None]
            # A body may have begun well before it is found broken.
            if answered != [status] or "/smuggled" in paths or paths != ["/first"] * (status == 200):
                wrong.append((name, status, answered, paths))
    assert wrong == []


@pytest.mark.parametrize("step", [1, 7])
async def test_packet_boundaries_do_not_change_a_request(step: int) -> None:
    async with recording() as recorder:

        async def status_of(sent: bytes) -> list[int]:
            packets = [sent[at : at + step] for at in range(0, len(sent), step)]
            return [one.status for one in answers(await talk(recorder.port, *packets))]

        found = await asyncio.gather(*[status_of(sent) for sent, _ in CASES.values()])
        assert "/smuggled" not in [request.path for request in recorder.requests]
    wrong = {name: got for (name, case), got in zip(CASES.items(), found, strict=True) if got != [case[1]]}
    assert wrong == {}


@pytest.mark.parametrize("proxy", ["nginx", "haproxy", "caddy", "apache"])
async def test_no_request_is_smuggled_through_a_proxy(proxy: Documented, tmp_path: Path) -> None:
    async with recording() as recorder:
        with documented_for_any_host(proxy, tmp_path, recorder.port) as port:
            sent = [case for case, _ in CASES.values()]
            await asyncio.gather(*[talk(port, one, ends=False, patience=3) for one in sent])
    # What the proxy passes on as a request, it has marked (/readyz it asks itself).
    assert [one.path for one in recorder.requests].count("/first") > 10
    unmarked = [
        request
        for request, headers in zip(recorder.requests, recorder.headers, strict=True)
        if b"x-forwarded-for" not in dict(headers) and request.path != "/readyz"
    ]
    assert unmarked == []
