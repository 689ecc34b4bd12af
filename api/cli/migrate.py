"""`fasttrack migrate`."""

import anyio
import click

from api.cli.settings_options import chosen_settings, with_settings
from api.settings import Settings
from domain.ports.errors import StorageError


@click.command()
@with_settings
def migrate(**options: str | None) -> None:
    """Migrate the store to this version. `serve` does the same at its start."""
    migrate_store(chosen_settings(options))
    click.echo("The store is up to date.")


def migrate_store(settings: Settings) -> None:
    """Bring the store up to this version, or end the command with the reason why not."""
    try:
        anyio.run(_migrate, settings)
    except (StorageError, OSError) as error:
        raise click.ClickException(str(error)) from error


async def _migrate(settings: Settings) -> None:
    from api.storage.store import open_store  # noqa: PLC0415  # --help need not wait for it

    store = await open_store(
        settings.database_url or "",
        committed=lambda _: None,
        data_dir=settings.data_dir,
        timezone=settings.timezone,
    )
    await store.aclose()
