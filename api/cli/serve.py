"""`fasttrack serve`."""

import gc
import sys

import click

from api.cli.migrate import migrate_store
from api.cli.settings_options import chosen_settings, with_settings
from api.settings import Settings


@click.command()
@with_settings
def serve(**options: str | None) -> None:
    """Serve the API, the feeds and the web page."""
    settings = chosen_settings(options)
    click.echo(banner(settings), err=True)
    _run(settings)


def banner(settings: Settings) -> str:
    """Return what a person wants to know at the start."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    access = (
        "open: everyone is admin" if settings.is_open else "token: `fasttrack user add NAME` lets people in"
    )
    lines = [
        f"FastTrack on http://{host}:{settings.port}",
        f"  data    {settings.data_dir.resolve()}",
        f"  access  {access}",
        "  stop    Ctrl+C",
    ]
    if settings.is_open and not settings.is_loopback:
        lines.append("  WARNING everyone who reaches this address is admin, because FASTTRACK_AUTH is open")
    return "\n".join(lines)


def _run(settings: Settings) -> None:
    # What starts is there to stay: to look for garbage in it takes a tenth of the start. The server
    # turns the collector on again when it has started.
    gc.disable()
    # Imported here: --help need not wait for the framework.
    from api.logs import configure_logs  # noqa: PLC0415
    from api.server import listening_sockets, serve_on  # noqa: PLC0415

    configure_logs(settings.log_format, settings.log_level)
    try:
        sockets = listening_sockets(settings.host, settings.port)
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        advice = "set FASTTRACK_PORT or FASTTRACK_HOST, or stop what listens there"
        raise click.ClickException(f"cannot listen on {where}: {error.strerror}; {advice}") from error
    if settings.workers == 1:
        serve_on(sockets, settings)
        return
    gc.enable()
    from api.workers import Workers  # noqa: PLC0415

    migrate_store(settings)
    sys.exit(Workers(settings, sockets).run())
