"""The command import-database: takes over the data of a service that ran elsewhere."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from sqlalchemy import MetaData

from shared.database import migrations
from shared.database.copy import NotACopy, copy_rows
from shared.database.engine import Database


def add_import(cli: click.Group, settings_type: Callable[[], Any], folder: Path, metadata: MetaData) -> None:
    """Add the command for the service in this folder."""

    @cli.command("import-database")
    @click.argument("url")
    def import_database(url: str) -> None:
        """Copy the database at URL, such as sqlite:////import/posts.db. Interrupted, run it again to continue.

        The service must not run, neither there nor here, and its database here must be empty at first.
        """
        source, target = Database(url, pool_size=1), Database(settings_type().database_url, pool_size=1)
        try:
            for each in (source, target):
                migrations.upgrade(each, folder / "migrations")
            copy_rows(source, target, metadata, lambda table, rows: click.echo(f"{table}: {rows} rows"))
        except NotACopy as problem:
            raise click.ClickException(str(problem)) from problem
        finally:
            source.close()
            target.close()
