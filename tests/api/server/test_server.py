"""A server whose work has died does not go on without it."""

from pathlib import Path

import anyio
import pytest

from api.services.housekeeping import Housekeeping
from api.services.imports.cancellation import Cancellation
from api.services.imports.quota import StagingQuota
from tests.serving import serving

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("owner", "job", "sentence"),
    [
        (Housekeeping, "run", "the background job"),
        (StagingQuota, "count_staged", "the server stops, because a part of it failed"),
        (Cancellation, "heed_requests", "the server stops, because a part of it failed"),
    ],
)
async def test_a_failed_part_ends_the_server_with_its_reason_once(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    owner: type,
    job: str,
    sentence: str,
) -> None:
    die = anyio.Event()
    begun: list[object] = []

    async def run(self: object) -> None:
        begun.append(self)
        if owner is StagingQuota and len(begun) == 1:
            return  # The first count is awaited by the start.
        await die.wait()
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(owner, job, run)
    monkeypatch.setattr("api.services.imports.service.SWEEP_SECONDS", 0.05)
    async with serving(tmp_path) as served:
        assert not served.server.has_failed
        async with served.client() as client:
            assert (await client.get("/healthz")).status_code == 200
        die.set()
        with anyio.fail_after(30):
            while served.server.servers and served.server.servers[0].is_serving():  # noqa: ASYNC110
                await anyio.sleep(0.02)
        assert served.server.has_failed
    told = [record for record in caplog.records if record.levelname == "CRITICAL"]
    assert [record.message.startswith(sentence) for record in told] == [True]
    assert "a fault of ours" in (told[0].exc_text or "")
