"""Command line of posts: `python -m services.posts.main [serve|migrate|replay|openapi|rebuild-feed]`."""

from pathlib import Path

import click

from shared import ids
from shared.database.engine import Database
from shared.server.cli import commands

from .actions.feed import rebuild
from .app import NAME, create_app
from .settings import Settings

cli = commands(NAME, Settings, create_app, Path(__file__).parent)


@cli.command("rebuild-feed")
@click.option("--user", help="Only the feed of the person with this id")
def rebuild_feed(user: str | None) -> None:
    """Rewrite the timelines of all feeds, or of one. Safe while the service runs, to interrupt, and to repeat."""
    settings = Settings()
    database = Database(settings.database_url, pool_size=1)
    if user is None:
        _ask_for_all(database)
    else:
        database.write(rebuild.ask_for, [ids.parse(user)])
    written = 0
    while database.write(rebuild.rebuild_some, settings.timeline_kept):
        written += 1
    database.close()
    click.echo(f"{written} timelines written; a running service writes the rest")


def _ask_for_all(database: Database) -> None:
    after: int | None = 0
    while after is not None:
        after = database.write(rebuild.ask_for_next, after)


if __name__ == "__main__":
    cli()
