"""`fasttrack serve`."""

import click

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
    # Imported here: --help need not wait for the framework.
    from api.logs import configure_logs  # noqa: PLC0415
    from api.server import run  # noqa: PLC0415

    configure_logs(settings.log_format, settings.log_level)
    try:
        run(settings)
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        advice = "set FASTTRACK_PORT or FASTTRACK_HOST, or stop what listens there"
        raise click.ClickException(f"cannot listen on {where}: {error.strerror}; {advice}") from error
