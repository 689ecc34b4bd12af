"""`fasttrack webhook` through a running server."""

from pathlib import Path

import anyio.to_thread
import pytest
from click.testing import CliRunner, Result

from api.__main__ import main
from tests.api.services.webhooks.receiver import receiving, status
from tests.serving import Served, serving

pytestmark = pytest.mark.anyio


async def run(served: Served, *words: str) -> Result:
    """Run a command as a person does, while the server goes on."""
    command = ["webhook", words[0], "--url", served.url, *words[1:]]
    return await anyio.to_thread.run_sync(lambda: CliRunner().invoke(main, command))


async def test_a_webhook_is_created_listed_and_removed(tmp_path: Path) -> None:
    async with receiving() as receiver, serving(tmp_path, webhook_private_addresses=True) as served:
        made = await run(served, "add", receiver.url, "eventos", "admin")
        webhook_id, secret = made.output.split()
        assert secret.startswith("whsec_")
        assert webhook_id.isalnum()  # Never an option of a command.
        listed = (await run(served, "list")).output
        assert f"{webhook_id}  enabled" in listed
        assert f"{receiver.url}  eventos admin" in listed
        assert secret not in listed
        assert (await run(served, "test", webhook_id)).output.startswith("204  in ")
        changed = await run(served, "secret", webhook_id, "--keep-old-hours", "1")
        assert (changed.output.startswith("whsec_"), changed.output == f"{secret}\n") == (True, False)
        assert (await run(served, "disable", webhook_id)).exit_code == 0
        assert "disabled: admin" in (await run(served, "list")).output
        assert (await run(served, "enable", webhook_id)).exit_code == 0
        moved = receiver.url.replace("localhost", "127.0.0.1")
        change = await run(served, "change", webhook_id, "--receiver", moved)
        assert (change.exit_code, change.output) == (0, "")
        assert f"{moved}  eventos admin" in (await run(served, "list")).output
        assert (await run(served, "change", webhook_id, "--feed", "eventos")).exit_code == 0
        assert (await run(served, "list")).output.endswith(f"{moved}  eventos\n")
        nothing = await run(served, "change", webhook_id)
        assert (nothing.exit_code, "--receiver URL" in nothing.output) == (2, True)
        receiver.answer = lambda _: status(500)
        tried = await run(served, "test", webhook_id)
        assert (tried.exit_code, tried.output.split("  ")[0]) == (4, "answered 500")
        assert "answered 500  in " in (await run(served, "log", webhook_id)).output.splitlines()[0]
        assert (await run(served, "remove", webhook_id)).exit_code == 0
        assert (await run(served, "list")).output == ""


async def test_a_refusal_of_the_server_ends_the_command(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        private = await run(served, "add", "http://127.0.0.1/", "dashboard")
        assert (private.exit_code, "is a state" in private.output) == (4, True)
        assert (await run(served, "remove", "unknown")).exit_code == 4
    gone = await run(served, "list")
    assert (gone.exit_code, served.url in gone.output) == (4, True)
