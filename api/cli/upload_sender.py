"""Sends a file to the server, resuming after network failures."""

from pathlib import Path
from typing import Protocol

import anyio
import httpx
from msgspec import Struct

from api.cli.file_window import FileWindow
from api.client.transports import Refused, problem_errors, problem_text, problem_title

UPLOADS = "/api/v1/uploads"
ATTEMPTS_WITHOUT_PROGRESS = 8
_PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504, *range(520, 531)})
"""Answers that another attempt may change; of a proxy, too (520 to 530). Not 507: the disk stays full."""


class Progress(Protocol):
    """Receives the progress of sending."""

    def sent(self, position: int) -> None:
        """Note how many bytes were sent."""
        ...

    def status(self, text: str) -> None:
        """Show a message about the connection."""
        ...


class _Obstacle(Struct, frozen=True):
    """Why an attempt failed, and how long to wait before the next one."""

    why: str
    status: int = 0
    wait_seconds: float = 0


class Sender:
    """Sends a file, and after a break only what the server does not have yet.

    Attributes:
        position: how many bytes were sent.
        size: how many there are.
    """

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
        self.size = file.stat().st_size
        self.position = 0
        self._upload_id = upload_id
        self._params = {**params, "upload_id": upload_id}
        self._progress = progress

    async def send(self) -> None:
        """Return when every byte is staged.

        Raises:
            Refused: the server will not take this file.
        """
        offset, attempts = 0, 0
        while (obstacle := await self._attempt(offset)) is not None:
            before, offset = offset, await self._offset_had()
            attempts = attempts + 1 if offset == before else 0
            if attempts >= ATTEMPTS_WITHOUT_PROGRESS:
                raise Refused(obstacle.status, f"{obstacle.why}, again and again; see the server's log")
            if offset >= self.size > 0:
                return
            self._progress.status(f"{obstacle.why}; continuing at byte {offset}")
            await anyio.sleep(max(obstacle.wait_seconds, min(0.5 * 2**attempts, 10)))

    async def _attempt(self, offset: int) -> _Obstacle | None:
        """Send from an offset on; return what was in the way, None if the server has all of it."""
        headers = {"Upload-Offset": str(offset)} if offset else {}
        with FileWindow(self._file, offset, self._sent) as window:
            part = (self._name, window, "application/octet-stream")
            try:
                response = await self._http.post(
                    UPLOADS,
                    params=self._params,
                    headers=headers,
                    files={"file": part},  # type: ignore[dict-item]  # a window is a file in all that httpx uses
                )
            except (httpx.LocalProtocolError, httpx.UnsupportedProtocol) as error:
                raise Refused(0, f"the request cannot be made: {error}") from error
            except httpx.TransportError as error:
                return _Obstacle(f"the connection broke ({str(error) or type(error).__name__})")
        if response.is_success:
            return None
        if response.status_code not in _PASSING:
            raise refusal(response)
        title = problem_title(response.content) or response.reason_phrase
        answer = ": ".join(filter(None, (f"{response.status_code} {title}", problem_text(response.content))))
        wait = response.headers.get("Retry-After", "")
        seconds = int(wait) if wait.isascii() and wait.isdigit() else 0
        return _Obstacle(f"the server answers {answer}", response.status_code, seconds)

    def _sent(self, position: int) -> None:
        self.position = position
        self._progress.sent(position)

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
