"""Stops imports between two batches, in whichever process they are."""

import anyio

from api.services.imports.held_imports import HeldImports, check_unfinished
from api.services.imports.ownership import LOOK_SECONDS
from api.services.imports.running_import import RunningImport
from domain.imports import ENDED, Upload

STOPS_WITHIN_SECONDS = 10.0

_STOPPED = frozenset({"cancelled", "undoing", "undone"})
"""What an import is that was cancelled, and perhaps undone."""


class Cancellation:
    """Cancels imports of this process, and asks the others for theirs."""

    def __init__(self, held: HeldImports) -> None:
        """Cancel imports that this process holds, finds or takes."""
        self._held = held

    async def cancel(self, upload_id: str, *, undo_by: str | None = None) -> Upload:
        """Stop an import, and return it as it is then; rows already in stay in, or begin to be undone.

        Raises:
            ImportRefusedError: `not_found`, or `wrong_state`: it ended.
        """
        check_unfinished(await self._held.find(upload_id))
        await self._held.ownership.ask_to_stop(upload_id, undo_by=undo_by)
        taken = await self._held.take(upload_id)
        # Whoever had it may have stopped it meanwhile: then it is what was asked for.
        if taken is not None and taken.upload.state not in _STOPPED:
            check_unfinished(taken.upload)
            await self._held.take_up(*taken)
        await self.heed_requests()
        upload = await self._stopped(upload_id)
        if upload.state not in _STOPPED:
            check_unfinished(upload)
        return upload

    async def heed_requests(self) -> None:
        """Stop what is asked to stop, and give what another process needs."""
        await self._held.ownership.heed(self._stop)

    def _stop(self, running: RunningImport) -> None:
        if running.ask_to_cancel():
            self._held.worker.start(running)

    async def _stopped(self, upload_id: str) -> Upload:
        """Wait for the end of an import that was asked to stop, and return it."""
        with anyio.move_on_after(STOPS_WITHIN_SECONDS):
            while True:
                if (running := self._held.get(upload_id)) is not None:
                    await running.wait_for_end()
                    return running.upload
                if (upload := await self._held.find(upload_id)).state in ENDED:
                    return upload
                await anyio.sleep(LOOK_SECONDS)
        return await self._held.find(upload_id)
