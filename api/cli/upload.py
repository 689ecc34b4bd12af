"""`fasttrack import`: sends a file, follows its import, and proposes the options that it would need."""

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import aclosing, contextmanager, suppress
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import anyio
import click
import httpx
import msgspec
from click.core import ParameterSource
from msgspec import Struct

from api.cli.file_names import readable
from api.cli.import_display import ImportDisplay, JsonReport, Report
from api.cli.import_outcome import ImportOutcome
from api.cli.import_proposal import Proposal, propose
from api.cli.rejected_file import check_rejected, form_of
from api.cli.server_client import URL_OPTION, UnreachableError, check_reachable, server_client
from api.cli.spooling import spool
from api.cli.upload_sender import UPLOADS, Sender, refusal
from api.client.feed_client import FeedClient
from api.client.transports import Refused
from api.storage.backup import replacing
from domain.ports.errors import StorageError

_READ_ATTEMPTS = 5
_PLAIN = ("date_format", "encoding", "delimiter", "sheet", "header_row", "on_duplicate", "key", "repairs_of")


@click.command("import")
@click.argument(
    "file", required=False, type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
)
@URL_OPTION
@click.option(
    "--mapping",
    multiple=True,
    metavar="FIELD=COLUMN",
    help="Read FIELD from COLUMN, by name or as #3; repeatable, or one JSON object.",
)
@click.option(
    "--default",
    "defaults",
    multiple=True,
    metavar="FIELD=VALUE",
    help="Use VALUE where the cell of FIELD is empty; repeatable, or one JSON object.",
)
@click.option("--values", metavar="JSON", help='Replace cells: {"venue_type":{"Auditorium":"Auditório"}}.')
@click.option(
    "--date-format",
    type=click.Choice(["auto", "iso", "dmy", "mdy"]),
    help="Order of day and month in the file's dates.",
)
@click.option(
    "--on-duplicate",
    type=click.Choice(["insert", "skip", "update"]),
    help="What to do with a row whose event exists already.",
)
@click.option("--key", metavar="FIELDS", help="Fields that identify an event, such as title,event_date,city.")
@click.option(
    "--mode", type=click.Choice(["partial", "atomic"]), help="Import all valid rows, or all rows or none."
)
@click.option("--atomic", is_flag=True, help="Short for --mode atomic.")
@click.option("--dry-run", is_flag=True, help="Check everything, store nothing.")
@click.option("--encoding", help="Text encoding; detected if not given.")
@click.option("--delimiter", help="Delimiter between cells; detected if not given.")
@click.option(
    "--sheet", help="Sheet of a workbook, by name or number; otherwise the first one with a header."
)
@click.option(
    "--header-row",
    type=click.IntRange(min=0),
    help="Row with the column names, 0 for a file without; detected if not given.",
)
@click.option(
    "--rejected",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write the rejected rows to this .csv, .xlsx or .json.",
)
@click.option(
    "--repairs-of", metavar="ID", help="FILE has corrected rows of this import; default: its rejected rows."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object at the end, for programs.")
def import_file(file: Path | None, url: str, rejected: Path | None, as_json: bool, **options: Any) -> None:
    """Import the events of FILE (- for standard input) and show every rejected row.

    Where the file needs options to get in, the command with them is printed.

    Ends with 0 when all rows went in, 2 when the options are wrong, 3 when some rows were rejected,
    4 when the import failed or the server cannot be reached, 130 when Ctrl+C stopped the command: the
    import may continue on the server.
    """
    params = _params(options)
    if file is None and "repairs_of" not in params:
        raise click.UsageError("Missing argument 'FILE'.")
    if rejected:
        check_rejected(rejected, file)
    run = ImportRun(url, params, file, rejected, as_json=as_json, more=_where(url))
    try:
        code = anyio.run(run.run)
    except KeyboardInterrupt:
        code = run.stopped()
    sys.exit(code)


class ImportRun:
    """One call of the command. `more` are options that every other command repeats."""

    def __init__(
        self,
        url: str,
        params: dict[str, str],
        file: Path | None,
        rejected: Path | None,
        *,
        as_json: bool,
        more: list[str],
    ) -> None:
        self._url = url.rstrip("/")
        self._params = params
        self._file = file
        self._rejected = rejected
        self._as_json = as_json
        self._more = more
        self._outcome = ImportOutcome(f"cli-{token_urlsafe(9)}")
        self._sender: Sender | None = None
        self._name = readable(file.name) if file else ""

    async def run(self) -> int:
        """Import, show how it ended, and return the exit code."""
        async with server_client(self._url) as http:
            with _folder() as folder:
                try:
                    await check_reachable(http)
                    await self._import(http, await self._source(http, folder))
                except (UnreachableError, Refused) as no:
                    self._note(no)
                    self._end()
        return self._outcome.exit_code

    def stopped(self) -> int:
        """Say what Ctrl+C left, and return the exit code."""
        self._outcome.stopped = self._left()
        self._end()
        return self._outcome.exit_code

    def _left(self) -> list[str]:
        """Return what goes on without this command, and the commands that watch, cancel and undo it."""
        if self._sender is None:
            return ["stopped: nothing was sent"]
        upload_id, sender = self._outcome.upload_id, self._sender
        where = f"{self._url}{UPLOADS}/{upload_id}"
        token = _token()
        undo = f"to undo it: {self._undo}"
        if self._outcome.finished:
            return [f"stopped: the import {upload_id} has ended", undo]
        if sender.position < sender.size:
            first = (
                f"stopped: {sender.position} of {sender.size} bytes were sent; they are kept for a day as "
                f"{upload_id}, and rows of them may be stored"
            )
        else:
            first = (
                f"stopped watching: all of it was sent, and the import {upload_id} continues on the server"
            )
        return [
            first,
            f"to watch it: fasttrack tail upload/{upload_id} {' '.join(self._more)}".rstrip(),
            f"to cancel it: curl -X POST{token} {where}/cancel",
            f"to cancel it and undo what it stored: curl -X POST{token} '{where}/cancel?undo=true'",
            undo.replace("undo it", "undo it when it has ended"),
        ]

    @property
    def _undo(self) -> str:
        """The command that undoes the import."""
        return f"curl -X POST{_token()} {self._url}{UPLOADS}/{self._outcome.upload_id}/undo"

    def _end(self, proposals: Sequence[Proposal] = (), report: Report | None = None) -> None:
        url = f"{self._url}{UPLOADS}/{self._outcome.upload_id}/rejected.csv"
        (report or self._report(self._name)).ended(
            self._outcome, proposals, rejected_url=url, options=self._repeated()
        )

    def _repeated(self) -> list[str]:
        """Return what a proposed command has of this one besides the options of the import."""
        words = [*self._more]
        # Where rows are in, the rest is imported from the server: the file that has it stays as it is.
        if self._rejected is not None and not self._outcome.has_rows_in:
            words += ["--rejected", readable(str(self._rejected))]
        return [*words, "--json"] if self._as_json else words

    async def _source(self, http: httpx.AsyncClient, folder: Path) -> "_Source":
        """Return what to send: a file that can be read again after a break, whatever it came from."""
        if self._file is None:
            path = folder / "rejected.csv"
            await _download(http, self._params["repairs_of"], path, "csv")
            return _Source(path, path.name, "")
        is_stdin = str(self._file) == "-"
        if self._file.is_file() and not is_stdin:
            return _Source(self._file, self._name, readable(str(self._file)))
        path = folder / "stdin"
        await spool(sys.stdin.fileno() if is_stdin else self._file, path)
        return _Source(path, "stdin", "-") if is_stdin else _Source(path, self._name, str(self._file))

    async def _import(self, http: httpx.AsyncClient, source: "_Source") -> None:
        report = self._report(source.name, source.path.stat().st_size)
        with report:
            try:
                await self._send_and_follow(http, source, report)
            except BaseExceptionGroup as group:
                first = _first(group)
                if not isinstance(first, Refused):
                    raise
                self._note(first)
            await self._keep_rejected(http)
            proposals = await self._proposals(http, source)
        self._end(proposals, report)

    async def _send_and_follow(self, http: httpx.AsyncClient, source: "_Source", report: Report) -> None:
        upload_id = self._outcome.upload_id
        self._sender = sender = Sender(
            http, source.path, name=source.name, upload_id=upload_id, params=self._params, progress=report
        )
        async with anyio.create_task_group() as group:
            # The feed is opened as well: it carries the import from its first row on.
            group.start_soon(sender.send)
            client = FeedClient(http, [f"upload/{upload_id}"], on_status=report.status)
            async with aclosing(client.messages()) as messages:
                async for message in messages:
                    self._outcome.take(message)
                    report.show(message)
                    if self._outcome.finished:
                        group.cancel_scope.cancel()
                        return
            raise Refused(204, "the feed ended before the import did")

    async def _keep_rejected(self, http: httpx.AsyncClient) -> None:
        if self._rejected is None or self._outcome.finished is None:
            return
        shown = readable(str(self._rejected))
        try:
            with replacing(self._rejected, private=False) as part:
                await _download(http, self._outcome.upload_id, part, form_of(self._rejected))
        except Refused as no:
            click.echo(f"the rejected rows cannot be read: {no}", err=True)
        except StorageError as no:
            click.echo(str(no), err=True)
        except OSError as error:
            click.echo(f"{shown} cannot be written: {error.strerror}", err=True)
        else:
            self._outcome.rejected_file = shown

    async def _proposals(self, http: httpx.AsyncClient, source: "_Source") -> list[Proposal]:
        # A proposal is an extra: that it cannot be had must not hide what became of the import.
        with suppress(Refused, httpx.HTTPError):
            return await propose(
                http, source.path, self._params, self._outcome, shown=source.shown, undo=self._undo
            )
        return []

    def _note(self, no: UnreachableError | Refused) -> None:
        if isinstance(no, Refused):
            self._outcome.refused = no
        else:
            self._outcome.unreachable = str(no)

    def _report(self, name: str, size: int = 0) -> Report:
        return JsonReport(name) if self._as_json else ImportDisplay(name, size)


class _Source(Struct, frozen=True):
    """What is sent: `path` has its bytes, `shown` is how a command line names it."""

    path: Path
    name: str
    shown: str


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="fasttrack-") as folder:
        yield Path(folder)


async def _download(http: httpx.AsyncClient, upload_id: str, path: Path, form: str) -> None:
    """Write an import's rejected rows to a file, from the beginning again after a break."""
    address = f"{UPLOADS}/{upload_id}/rejected"
    for attempt in range(_READ_ATTEMPTS):
        try:
            async with http.stream("GET", address, params={"format": form}) as answer:
                if not answer.is_success:
                    await answer.aread()
                    raise refusal(answer)
                with path.open("wb") as file:
                    async for chunk in answer.aiter_bytes():
                        file.write(chunk)
                return
        except httpx.TransportError:
            await anyio.sleep(0.5 * 2**attempt)
    raise Refused(0, "the connection keeps breaking; see the server's log")


def _params(options: dict[str, Any]) -> dict[str, str]:
    params = {
        "mode": "atomic" if options["atomic"] else options["mode"],
        "dry_run": "true" if options["dry_run"] else None,
        "mapping": _members("--mapping", options["mapping"]),
        "defaults": _members("--default", options["defaults"]),
        "values": _object("--values", options["values"]) if options["values"] else None,
        **{name: options[name] for name in _PLAIN},
    }
    return {name: str(value) for name, value in params.items() if value not in (None, "")}


def _members(option: str, values: tuple[str, ...]) -> str | None:
    """Return `FIELD=TEXT` pairs, or one JSON object, as a JSON object."""
    if len(values) == 1 and values[0].lstrip().startswith("{"):
        return _object(option, values[0])
    pairs = [value.partition("=") for value in values]
    for name, equals, _ in pairs:
        if not (name and equals):
            raise click.BadParameter(f"{name!r}: use FIELD=TEXT, such as title=TITULO", param_hint=option)
    return msgspec.json.encode({name: text for name, _, text in pairs}).decode() if pairs else None


def _object(option: str, text: str) -> str:
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise click.BadParameter(f"is not JSON: {error}", param_hint=option) from None
    if not isinstance(value, dict):
        raise click.BadParameter("must be a JSON object", param_hint=option)
    return text


def _token() -> str:
    """Return how curl sends the token, where there is one."""
    return ' -H "Authorization: Bearer $FASTTRACK_TOKEN"' if os.environ.get("FASTTRACK_TOKEN") else ""


def _where(url: str) -> list[str]:
    """Return the option of the server, if it stands on the command line."""
    source = click.get_current_context().get_parameter_source("url")
    is_given = source is ParameterSource.COMMANDLINE
    return ["--url", url] if is_given else []


def _first(group: BaseExceptionGroup[Any]) -> BaseException:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
