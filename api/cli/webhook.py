"""`fasttrack webhook`: receivers of messages, through a running server."""

import sys
from functools import partial
from typing import Any

import anyio
import click
import httpx

from api.cli.server_client import EXIT_FAILED, URL_OPTION, server_client
from api.cli.standard_streams import show_secret
from domain.webhooks import (
    FORMATS,
    KEEP_OLD_SECRET_HOURS,
    LONGEST_KEEP_OLD_SECRET_HOURS,
    WebhookFormat,
)

PATH = "/api/v1/webhooks"


@click.group()
def webhook() -> None:
    """Add, list, change, test and remove webhooks of a running server. See docs/webhooks.md."""


@webhook.command()
@click.argument("receiver")
@click.argument("feeds", nargs=-1, required=True, metavar="FEED...")
@click.option("--format", "form", type=click.Choice(FORMATS), default="json", show_default=True)
@URL_OPTION
def add(receiver: str, feeds: tuple[str, ...], form: WebhookFormat, url: str) -> None:
    """Deliver the messages of FEED to the URL RECEIVER; print the id and, only once, the secret."""
    made = _ask(url, "POST", "", {"url": receiver, "feeds": feeds, "format": form})
    lost = f"the webhook {made['id']} was added, but not its secret printed; {_again(made['id'])}"
    show_secret(f"{made['id']}  {made['secret']}", otherwise=lost)


@webhook.command("list")
@URL_OPTION
def list_(url: str) -> None:
    """List every webhook."""
    for one in _ask(url, "GET", "")["items"]:
        state = "enabled" if one["enabled"] else f"disabled: {one['disabled_because']}"
        failing = f", {one['failures']} failures" if one["failures"] else ""
        # `get`: a server of an earlier version does not say.
        maker = f", by {one['created_by']}, who is disabled" if one.get("created_by_disabled") else ""
        click.echo(f"{one['id']}  {state}{failing}{maker}  {one['url']}  {' '.join(one['feeds'])}")


@webhook.command()
@click.argument("webhook_id", metavar="ID")
@URL_OPTION
def log(webhook_id: str, url: str) -> None:
    """Print the last attempts, the newest first."""
    for one in _ask(url, "GET", f"/{webhook_id}")["attempts"]:
        click.echo(
            f"{one['at']}  {one['message_id']}  {one['error'] or one['status']}  in {one['took_ms']} ms"
        )


@webhook.command()
@click.argument("webhook_id", metavar="ID")
@URL_OPTION
def test(webhook_id: str, url: str) -> None:
    """Deliver a test message now, and print the result."""
    attempt = _ask(url, "POST", f"/{webhook_id}/test")
    click.echo(f"{attempt['error'] or attempt['status']}  in {attempt['took_ms']} ms")
    if attempt["error"]:
        sys.exit(EXIT_FAILED)


@webhook.command()
@click.argument("webhook_id", metavar="ID")
@click.option(
    "--keep-old-hours",
    type=click.IntRange(0, LONGEST_KEEP_OLD_SECRET_HOURS),
    default=KEEP_OLD_SECRET_HOURS,
    show_default=True,
    help="hours during which the old secret signs too",
)
@URL_OPTION
def secret(webhook_id: str, keep_old_hours: int, url: str) -> None:
    """Replace the secret, and print the new one, only once."""
    changed = _ask(url, "POST", f"/{webhook_id}/secret", {"keep_old_hours": keep_old_hours})
    lost = f"the secret was replaced, but not printed; {_again(webhook_id)}"
    show_secret(changed["secret"], otherwise=lost)


@webhook.command()
@click.argument("webhook_id", metavar="ID")
@click.option("--receiver", help="the URL to deliver to from now on")
@click.option("--feed", "feeds", multiple=True, help="replaces the feeds; may be repeated")
@URL_OPTION
def change(webhook_id: str, receiver: str | None, feeds: tuple[str, ...], url: str) -> None:
    """Change where a webhook delivers to, or which feeds; what waits is tried at once."""
    wanted = {"url": receiver, "feeds": feeds}
    change = {name: value for name, value in wanted.items() if value}
    if not change:
        raise click.UsageError("give --receiver URL, --feed FEED, or both")
    _ask(url, "PATCH", f"/{webhook_id}", change)


@webhook.command()
@click.argument("webhook_id", metavar="ID")
@URL_OPTION
def enable(webhook_id: str, url: str) -> None:
    """Resume deliveries from the webhook's cursor."""
    _ask(url, "PATCH", f"/{webhook_id}", {"enabled": True})


@webhook.command()
@click.argument("webhook_id", metavar="ID")
@URL_OPTION
def disable(webhook_id: str, url: str) -> None:
    """Stop deliveries until it is enabled again."""
    _ask(url, "PATCH", f"/{webhook_id}", {"enabled": False})


@webhook.command()
@click.argument("webhook_id", metavar="ID")
@URL_OPTION
def remove(webhook_id: str, url: str) -> None:
    """Remove a webhook and its log."""
    _ask(url, "DELETE", f"/{webhook_id}")


def _again(webhook_id: str) -> str:
    return f"run: fasttrack webhook secret {webhook_id}"


def _ask(url: str, method: str, path: str, body: Any = None) -> Any:
    """Return the JSON of an answer, or end the command with what the server refuses."""
    try:
        answer = anyio.run(partial(_request, url, method, PATH + path, body))
    except httpx.HTTPError as error:
        click.echo(f"{url}: {str(error) or type(error).__name__}", err=True)
        sys.exit(EXIT_FAILED)
    if answer.is_success:
        return answer.json() if answer.content else None
    click.echo(f"{url} refuses: {_why(answer)}", err=True)
    sys.exit(EXIT_FAILED)


async def _request(url: str, method: str, path: str, body: Any) -> httpx.Response:
    async with server_client(url) as http:
        return await http.request(method, path, json=body)


def _why(answer: httpx.Response) -> str:
    if not answer.headers.get("content-type", "").startswith("application/problem+json"):
        return str(answer.status_code)
    problem = answer.json()
    errors = [error["message"] for error in problem.get("errors", [])]
    return "; ".join(errors) or str(problem["detail"])
