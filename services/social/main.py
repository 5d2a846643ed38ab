"""Command line of social: `python -m services.social.main [COMMAND]`; without one it serves."""

from pathlib import Path

import click

from shared.database.engine import Database
from shared.server.cli import commands
from shared.server.import_command import add_import
from shared.server.recount_command import add_recount

from . import models
from .actions import recount, restore
from .app import NAME, create_app
from .settings import Settings


def on_restore(database: Database, _settings: Settings, restored: frozenset[str]) -> None:
    """Publish all edges, unless posts was restored with this service and so has seen none that is lost."""
    after: int | None = 0 if NAME in restored else None
    while after is not None:
        after = database.write(restore.raise_restriction_versions, after)
    if NAME in restored and "posts" not in restored:
        click.echo(f"social: the edges of {restore.announce_all_follows(database)} users published")


cli = commands(NAME, Settings, create_app, Path(__file__).parent, on_restore)


add_recount(
    cli,
    Settings,
    recount.recount_some,
    "user_id",
    "Correct the counts of followers and followed users. Lists whose were wrong.",
)
add_import(cli, Settings, Path(__file__).parent, models.metadata)

if __name__ == "__main__":
    cli()
