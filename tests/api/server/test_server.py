"""A server whose work has died does not go on without it."""

from pathlib import Path

import anyio
import pytest

from api.services.housekeeping import Housekeeping
from tests.serving import serving

pytestmark = pytest.mark.anyio


async def test_a_failed_background_job_ends_the_server_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    die = anyio.Event()

    async def run(_self: Housekeeping) -> None:
        await die.wait()
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(Housekeeping, "run", run)
    async with serving(tmp_path) as served:
        assert not served.server.has_failed
        async with served.client() as client:
            assert (await client.get("/healthz")).status_code == 200
        die.set()
        with anyio.fail_after(30):
            while served.server.servers and served.server.servers[0].is_serving():  # noqa: ASYNC110
                await anyio.sleep(0.02)
        assert served.server.has_failed
    said = next(record for record in caplog.records if "failed, so the server stops" in record.message)
    assert (said.levelname, "a fault of ours" in (said.exc_text or "")) == ("CRITICAL", True)
