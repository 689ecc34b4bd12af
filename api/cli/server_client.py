"""The HTTP client of the commands: where the server is, and who is calling."""

import os

import click
import httpx


def _checked(_context: click.Context, _option: click.Parameter, url: str) -> str:
    """Return the URL of a server; click tells what is wrong with any other, and ends with 2."""
    try:
        known = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise click.BadParameter(f"{url!r}: {error}") from None
    if known.scheme not in {"http", "https"} or not known.host:
        raise click.BadParameter(f"{url!r} is not like http://127.0.0.1:8000")
    return url


URL_OPTION = click.option(
    "--url",
    envvar="FASTTRACK_URL",
    default="http://127.0.0.1:8000",
    show_default=True,
    callback=_checked,
    help="The server. A personal token is read from FASTTRACK_TOKEN.",
)

EXIT_FAILED = 2


def server_client(url: str) -> httpx.AsyncClient:
    """Return a client of the server at `url`.

    The token comes from the environment, never from the command line, where others could read it.
    """
    token = os.environ.get("FASTTRACK_TOKEN")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.AsyncClient(base_url=url, headers=headers, timeout=httpx.Timeout(30, write=120))
