"""`fasttrack tail`: a feed on the terminal."""

import sys
from collections.abc import Callable
from contextlib import aclosing

import anyio
import click
import msgspec

from api.cli.server_client import EXIT_FAILED, URL_OPTION, server_client
from api.cli.standard_streams import output_lost
from api.client.feed_client import FeedClient, Message
from api.client.transports import Refused

LEVEL_STYLES = {"debug": "dim", "info": "", "warning": "yellow", "error": "red"}


@click.command()
@click.argument("feeds", nargs=-1, required=True, metavar="FEED...")
@URL_OPTION
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line, for pipes.")
@click.option(
    "--replay",
    type=click.Choice(["all", "none"]),
    help="Begin with all stored messages, or with new ones only.",
)
def tail(feeds: tuple[str, ...], url: str, as_json: bool, replay: str | None) -> None:
    """Print the messages of FEED until it ends, such as eventos, upload/arquivo1 or tarefas/abc.

    It changes the transport and resumes by itself; nothing is missed or shown twice.
    """
    try:
        anyio.run(_tail, list(feeds), url, as_json, replay)
    except Refused as refused:
        click.echo(f"{url} refuses: {refused}", err=True)
        sys.exit(EXIT_FAILED)
    except BrokenPipeError:
        # The reader has closed the pipe, as `head` does.
        output_lost()


async def _tail(feeds: list[str], url: str, as_json: bool, replay: str | None) -> None:
    show = _show_json if as_json else _console()
    async with server_client(url) as http:
        client = FeedClient(http, feeds, on_status=lambda text: click.echo(text, err=True), replay=replay)
        async with aclosing(client.messages()) as messages:
            async for message in messages:
                show(message)


def _show_json(message: Message) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(message) + b"\n")
    sys.stdout.buffer.flush()


def _console() -> Callable[[Message], None]:
    from rich.text import Text  # noqa: PLC0415 - only who watches pays for it

    from api.cli.piped_console import PipedConsole  # noqa: PLC0415

    console = PipedConsole(highlight=False, soft_wrap=True)

    def show(message: Message) -> None:
        line = Text(f"{message.get('at', '')[11:19]} ", style="dim")
        line.append(f"{message.get('feed', '')} ", style="cyan")
        line.append(summary(message), style=LEVEL_STYLES.get(message.get("level", "info"), ""))
        console.print(line)

    return show


def summary(message: Message) -> str:
    """Return a message as one line; of an unknown type, its members."""
    kind = message["type"]
    writer = SUMMARIES.get(kind, _members)
    # A message of a newer server may lack what this version expects: show it all the same.
    try:
        text = writer(message)
    except (KeyError, TypeError):
        text = _members(message)
    # No control sequence in a title may reach the terminal.
    return "".join(char if char.isprintable() else "�" for char in f"{kind}  {text}")


def _progress(message: Message) -> str:
    if "step" in message:
        return f"{message['progresso']:3}% {message['step']}"
    counts = f"{message['accepted']} in, {message['rejected']} rejected"
    return f"{message['progresso']:3}% line {message['line']}: {message['title']}  ({counts})"


def _row_error(message: Message) -> str:
    reasons = "; ".join(f"{error['field']}: {error['message']}" for error in message["errors"])
    return f"line {message['line']}: {reasons}"


def _finished(message: Message) -> str:
    error = message["error"]
    reason = f": {error['message']}" if error else ""
    return f"{message['status']} after {message['seconds']} s{reason}"


def _changed(message: Message) -> str:
    return f"{message['event']['id']} {message['event']['title']}"


def _members(message: Message) -> str:
    return msgspec.json.encode(
        {k: v for k, v in message.items() if k not in ("type", "id", "feed", "at")}
    ).decode()


SUMMARIES: dict[str, Callable[[Message], str]] = {
    "progress": _progress,
    "row_error": _row_error,
    "finished": _finished,
    "log": lambda message: str(message["message"]),
    "event.created": _changed,
    "event.updated": _changed,
    "event.deleted": lambda message: str(message["event_id"]),
    "events.changed": lambda message: f"{message['count']} by {message['reason']}",
    "notification": lambda message: f"{message['title']}: {message['message']}",
}
