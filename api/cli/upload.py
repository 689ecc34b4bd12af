"""`fasttrack import`: sends a file, follows its import, and survives what the network does."""

import sys
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import anyio
import click
import httpx
import msgspec

from api.cli.feed_client import FeedClient, Message
from api.cli.file_window import FileWindow
from api.cli.import_display import ImportDisplay
from api.cli.server_client import EXIT_FAILED, URL_OPTION, server_client
from api.cli.transports import Refused, problem_text

UPLOADS = "/api/v1/uploads"
EXIT_SOME_REJECTED = 1
ATTEMPTS_WITHOUT_PROGRESS = 8


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@URL_OPTION
@click.option(
    "--mapping",
    multiple=True,
    metavar="FIELD=COLUMN",
    help="Read FIELD from COLUMN; repeatable, or one JSON object.",
)
@click.option(
    "--default",
    "defaults",
    multiple=True,
    metavar="FIELD=VALUE",
    help="Use VALUE where the cell is empty; likewise.",
)
@click.option("--dry-run", is_flag=True, help="Check everything, store nothing.")
@click.option("--atomic", is_flag=True, help="All rows or none.")
@click.option("--date-format", type=click.Choice(["iso", "dmy"]), help="How dates are written in the file.")
@click.option("--encoding", help="Of the text; detected otherwise.")
@click.option("--delimiter", help="Between cells; detected otherwise.")
@click.option("--sheet", help="Of a workbook; the first otherwise.")
def import_file(file: Path, url: str, **options: Any) -> None:
    """Import the events of FILE and show every rejected row.

    Ends with 0 when all rows went in, 1 when some were rejected, 2 when the import failed.
    """
    sys.exit(_run(file, url, _params(options)))


def _run(file: Path, url: str, params: dict[str, str]) -> int:
    try:
        return anyio.run(_import, file, url, params)
    except BaseExceptionGroup as group:
        first = _first(group)
        if not isinstance(first, Refused):
            raise
        click.echo(f"{url} refuses: {first}", err=True)
        return EXIT_FAILED
    except KeyboardInterrupt:
        click.echo("stopped; what arrived is kept, and waits a day for the rest", err=True)
        return 130


async def _import(file: Path, url: str, params: dict[str, str]) -> int:
    upload_id = f"cli-{token_urlsafe(9)}"
    size = (await anyio.Path(file).stat()).st_size
    with ImportDisplay(file.name, size) as display:
        async with server_client(url) as http, anyio.create_task_group() as group:
            # The feed is opened first: it carries the import from its first row on.
            sender = Sender(http, file, size, upload_id=upload_id, params=params, display=display)
            group.start_soon(sender.send)
            finished = await _follow(http, upload_id, display)
            group.cancel_scope.cancel()
    display.summary(finished)
    return _exit_code(finished)


async def _follow(http: httpx.AsyncClient, upload_id: str, display: ImportDisplay) -> Message:
    client = FeedClient(http, [f"upload/{upload_id}"], on_status=display.status)
    async for message in client.messages():
        display.show(message)
        if message["type"] == "finished":
            return message
    raise Refused(204, "the feed ended without the end of the import")


def _exit_code(finished: Message) -> int:
    if finished["status"] != "completed":
        return EXIT_FAILED
    return EXIT_SOME_REJECTED if finished["rejected"] else 0


class Sender:
    """Sends a file, and after a break only what the server does not have yet."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        file: Path,
        size: int,
        *,
        upload_id: str,
        params: dict[str, str],
        display: ImportDisplay,
    ) -> None:
        self._http = http
        self._file = file
        self._size = size
        self._upload_id = upload_id
        self._params = {**params, "upload_id": upload_id}
        self._display = display

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
                raise Refused(0, "the connection breaks again and again; see the server's log")
            if offset >= self._size > 0:
                return
            self._display.status(f"the connection broke: going on at byte {offset}")
            await anyio.sleep(min(0.5 * 2**attempts, 10))

    async def _attempt(self, offset: int) -> bool:
        """Send from an offset on; tell whether the server has taken it all."""
        headers = {"Upload-Offset": str(offset)} if offset else {}
        with FileWindow(self._file, offset, self._display.sent) as window:
            part = (self._file.name, window, "application/octet-stream")
            try:
                response = await self._http.post(
                    UPLOADS,
                    params=self._params,
                    headers=headers,
                    files={"file": part},  # type: ignore[dict-item]  # a window is a file in all that httpx uses
                )
            except httpx.TransportError as error:
                self._display.status(f"upload: {str(error) or type(error).__name__}")
                return False
        if response.is_success:
            return True
        # A fault of the file itself is told on the feed too; there the reader sees it as the end.
        if response.status_code in (408, 409, 429) or response.status_code >= 500:
            await anyio.sleep(float(response.headers.get("Retry-After", "0")))
            return False
        raise Refused(response.status_code, problem_text(response.content) or f"HTTP {response.status_code}")

    async def _offset_had(self) -> int:
        try:
            response = await self._http.head(f"{UPLOADS}/{self._upload_id}")
        except httpx.TransportError:
            return 0
        return int(response.headers.get("Upload-Offset", "0")) if response.is_success else 0


def _params(options: dict[str, Any]) -> dict[str, str]:
    params = {
        "mode": "atomic" if options["atomic"] else None,
        "dry_run": "true" if options["dry_run"] else None,
        "mapping": _members("--mapping", options["mapping"]),
        "defaults": _members("--default", options["defaults"]),
        **{name: options[name] for name in ("date_format", "encoding", "delimiter", "sheet")},
    }
    return {name: value for name, value in params.items() if value}


def _members(option: str, values: tuple[str, ...]) -> str | None:
    """Return `FIELD=TEXT` pairs, or one JSON object, as a JSON object."""
    if len(values) == 1 and values[0].lstrip().startswith("{"):
        return values[0]
    pairs = [value.partition("=") for value in values]
    for name, equals, _ in pairs:
        if not (name and equals):
            raise click.BadParameter(f"{name!r}: write FIELD=TEXT, such as title=TITULO", param_hint=option)
    return msgspec.json.encode({name: text for name, _, text in pairs}).decode() if pairs else None


def _first(group: BaseExceptionGroup[Any]) -> BaseException:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
