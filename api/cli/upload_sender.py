"""Sends a file to the server, resuming after network failures."""

from pathlib import Path
from typing import Protocol

import anyio
import httpx

from api.cli.file_window import FileWindow
from api.client.transports import Refused, problem_errors, problem_text

UPLOADS = "/api/v1/uploads"
ATTEMPTS_WITHOUT_PROGRESS = 8


class Progress(Protocol):
    """Receives the progress of sending."""

    def sent(self, position: int) -> None:
        """Note how many bytes were sent."""
        ...

    def status(self, text: str) -> None:
        """Show a message about the connection."""
        ...


class Sender:
    """Sends a file, and after a break only what the server does not have yet."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        file: Path,
        *,
        name: str,
        upload_id: str,
        params: dict[str, str],
        progress: Progress,
    ) -> None:
        self._http = http
        self._file = file
        self._name = name
        self._size = file.stat().st_size
        self._upload_id = upload_id
        self._params = {**params, "upload_id": upload_id}
        self._progress = progress

    async def send(self) -> None:
        """Return when every byte is staged.

        Raises:
            Refused: the server will not take this file.
        """
        offset, attempts = 0, 0
        while not await self._attempt(offset):
            before, offset = offset, await self._offset_had()
            attempts = attempts + 1 if offset == before else 0
            if attempts >= ATTEMPTS_WITHOUT_PROGRESS:
                raise Refused(0, "the connection keeps breaking; see the server's log")
            if offset >= self._size > 0:
                return
            self._progress.status(f"the connection broke; continuing at byte {offset}")
            await anyio.sleep(min(0.5 * 2**attempts, 10))

    async def _attempt(self, offset: int) -> bool:
        """Send from an offset on; return whether the server has all of it."""
        headers = {"Upload-Offset": str(offset)} if offset else {}
        with FileWindow(self._file, offset, self._progress.sent) as window:
            part = (self._name, window, "application/octet-stream")
            try:
                response = await self._http.post(
                    UPLOADS,
                    params=self._params,
                    headers=headers,
                    files={"file": part},  # type: ignore[dict-item]  # a window is a file in all that httpx uses
                )
            except httpx.TransportError as error:
                self._progress.status(f"upload: {str(error) or type(error).__name__}")
                return False
        if response.is_success:
            return True
        if response.status_code in (408, 409, 429) or response.status_code >= 500:
            await anyio.sleep(float(response.headers.get("Retry-After", "0")))
            return False
        raise refusal(response)

    async def _offset_had(self) -> int:
        try:
            response = await self._http.head(f"{UPLOADS}/{self._upload_id}")
        except httpx.TransportError:
            return 0
        return int(response.headers.get("Upload-Offset", "0")) if response.is_success else 0


def refusal(response: httpx.Response) -> Refused:
    """Return the error text of an answer."""
    text = problem_text(response.content) or f"HTTP {response.status_code}"
    return Refused(response.status_code, text, problem_errors(response.content))
