"""The HTTP client of the commands: where the server is, and who is calling."""

import os
import re

import click
import httpx

from api.authority import is_host_name


def _checked(_context: click.Context, _option: click.Parameter, url: str) -> str:
    """Return the URL of a server; click reports what is wrong with any other, and ends with 2."""
    try:
        known = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise click.BadParameter(f"{url!r}: {error}") from None
    if known.scheme not in {"http", "https"} or not known.host or not is_host_name(known.host):
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

EXIT_FAILED = 4
"""Of a command that the server refuses, or that failed; 2 is click's for a wrong command line."""


class UnreachableError(Exception):
    """There is no server at the URL."""


def server_client(url: str) -> httpx.AsyncClient:
    """Return a client of the server at `url`.

    The token comes from the environment, never from the command line, where others could read it.
    """
    token = _token()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.AsyncClient(base_url=url, headers=headers, timeout=httpx.Timeout(30, write=120))


def _token() -> str:
    """Return the token, "" if none is set; blanks around it, such as the line end of a file, are dropped.

    Raises:
        click.UsageError: it is no token; the sentence does not show it.
    """
    token = os.environ.get("FASTTRACK_TOKEN", "").strip()
    if not re.fullmatch(r"[\x21-\x7e]*", token):
        raise click.UsageError(
            "FASTTRACK_TOKEN is not a token: it has blanks, line ends, or characters beyond ASCII; "
            "set it to the one line that `fasttrack user add NAME` printed"
        )
    return token


async def check_reachable(http: httpx.AsyncClient) -> None:
    """Return if a server listens at the URL; raise UnreachableError otherwise.

    Raises:
        UnreachableError: the connection is refused, or the name is unknown.
    """
    try:
        await http.get("/healthz", timeout=5)
    except httpx.ConnectError as error:
        reason = f"no answer ({error}); is the server running?"
        raise UnreachableError(f"{http.base_url}: {reason}") from error
    except httpx.HTTPError:
        return
