"""`fasttrack serve`."""

import errno
import gc
import logging
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import click

from api.cli.migrate import migrate_store
from api.cli.settings_options import chosen_settings, with_settings
from api.settings import Settings

OPEN_TO_OTHERS = "everyone who reaches this address is admin, because FASTTRACK_AUTH is open"

logger = logging.getLogger("fasttrack.server")


@click.command()
@with_settings
def serve(**options: str | None) -> None:
    """Serve the API, the feeds and the web page."""
    _run(chosen_settings(options))


def banner(settings: Settings, places: list[str]) -> str:
    """Return the text that is printed at the start. `places` are the listening addresses."""
    lines = [
        f"FastTrack on {' and '.join(places)}",
        f"  data    {settings.data_dir.resolve()}",
        f"  access  {settings.access_in_words}",
        "  stop    Ctrl+C",
    ]
    if _is_open_to_others(settings):
        lines.append(f"  WARNING {OPEN_TO_OTHERS}")
    return "\n".join(lines)


def _is_open_to_others(settings: Settings) -> bool:
    return settings.auth == "open" and (settings.names_others or not settings.is_loopback)


def _introduce(settings: Settings, places: list[str]) -> None:
    """Say what a person wants to know, in lines of the log where machines read them."""
    if settings.log_format == "console":
        click.echo(banner(settings, places), err=True)
        return
    logger.info("access is %s", settings.access_in_words)
    if _is_open_to_others(settings):
        logger.warning(OPEN_TO_OTHERS)


@contextmanager
def _listening(settings: Settings) -> Iterator[list[socket.socket]]:
    """Listen on the address of the settings, or end the command with the reason why not."""
    from api.server.listening import listening_sockets, unix_socket  # noqa: PLC0415

    with ExitStack() as stack:
        try:
            if settings.unix_socket is None:
                sockets = listening_sockets(settings.host, settings.port)
            else:
                sockets = [stack.enter_context(unix_socket(settings.unix_socket))]
        except OSError as error:
            where = settings.unix_socket or f"{settings.host}:{settings.port}"
            which = "FASTTRACK_UNIX_SOCKET" if settings.unix_socket else "FASTTRACK_PORT or FASTTRACK_HOST"
            advice = f"set {which}"
            if error.errno == errno.EADDRINUSE:
                advice += ", or stop what listens there"
            raise click.ClickException(
                f"cannot listen on {where}: {error.strerror or error}; {advice}"
            ) from error
        yield sockets


def _run(settings: Settings) -> None:
    # What starts is there to stay: to look for garbage in it takes a tenth of the start. The server
    # turns the collector on again when it has started.
    gc.disable()
    # Imported here: --help need not wait for the framework.
    from api.logs import configure_logs  # noqa: PLC0415

    configure_logs(settings.log_format, settings.log_level)
    from api.server.listening import place_of  # noqa: PLC0415

    with _listening(settings) as sockets:
        # Not before: of a port that is taken it would not be true.
        _introduce(settings, [*map(place_of, sockets)])
        _serve(sockets, settings)


def _serve(sockets: list[socket.socket], settings: Settings) -> None:
    from api.server.server import serve_on  # noqa: PLC0415

    if settings.workers == 1:
        serve_on(sockets, settings)
        return
    gc.enable()
    from api.server.supervisor import Supervisor  # noqa: PLC0415

    migrate_store(settings)
    sys.exit(Supervisor(settings, sockets).run())
