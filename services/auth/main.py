"""Auth as a process: `python -m services.auth.main [serve|migrate|replay|withdrawals|openapi]`."""

from pathlib import Path
from typing import Annotated

import typer

from shared.database import Database
from shared.process import commands

from . import queries
from .app import NAME, create_app
from .models import PURGING
from .settings import Settings

cli = commands(NAME, Settings, create_app, Path(__file__).parent)


@cli.command()
def withdrawals(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The newest so many")] = 100,
    unfinished: Annotated[bool, typer.Option("--open", help="Only those that some service has not reported")] = False,
) -> None:
    """Tell for each withdrawn account what is done where."""
    database = Database(Settings().database_url, pool_size=1)
    for each in database.read(queries.withdrawal_states, open_only=unfinished, limit=limit):
        where = "  ".join(f"{name} {each[name] or 'not yet'}" for name in PURGING)
        typer.echo(f"{each['user_id']}  withdrawn {each['withdrawn_at']}  {where}")
    database.close()


if __name__ == "__main__":
    cli()
