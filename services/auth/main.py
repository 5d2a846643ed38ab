"""Command line of auth: `python -m services.auth.main [serve|migrate|replay|withdrawals|rotate-keys|openapi]`."""

from pathlib import Path

import click

from shared import clock
from shared.database.engine import Database
from shared.errors import AppError
from shared.server.cli import commands
from shared.service_list import PURGE_REPORTERS

from . import queries
from .actions import keys
from .app import NAME, create_app
from .settings import Settings
from .tokens import SIGNING_KEYS, KeyCipher

cli = commands(NAME, Settings, create_app, Path(__file__).parent)


@cli.command()
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="The newest so many")
@click.option("--open", "unfinished", is_flag=True, help="Only those that some service has not reported")
def withdrawals(*, limit: int, unfinished: bool) -> None:
    """List deleted accounts, and when each service reported that it is done."""
    database = Database(Settings().database_url, pool_size=1)
    for each in database.read(queries.withdrawal_states, open_only=unfinished, limit=limit):
        where = "  ".join(f"{name} {each[name] or 'not yet'}" for name in PURGE_REPORTERS)
        click.echo(f"{each['user_id']}  withdrawn {each['withdrawn_at']}  {where}")
    database.close()


@cli.command("rotate-keys")
def rotate_keys() -> None:
    """Publish a new signing key. It signs in two minutes; the one before it is deleted when its last token has expired.

    No process needs a restart. Run again before the new key signs, it changes nothing.
    """
    settings = Settings()
    database = Database(settings.database_url, pool_size=1)
    try:
        made = database.write(keys.rotate, KeyCipher(settings.key(SIGNING_KEYS)))
    except AppError as refusal:
        raise SystemExit(refusal.detail) from refusal
    finally:
        database.close()
    already = "" if made.fresh else "already "
    click.echo(f"key {made.kid} is {already}published and signs from {clock.format_rfc3339(made.signs_from)}")


if __name__ == "__main__":
    cli()
