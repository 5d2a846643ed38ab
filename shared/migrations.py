"""The history of a service's tables, by Alembic: run before the service, never at import.

Alembic is loaded where it is used: it takes 8 MB that no process needs for serving.
"""

from pathlib import Path

from sqlalchemy import Connection, MetaData

from shared.database import Database


def upgrade(database: Database, folder: Path) -> None:
    """Bring the database to the newest revision in this folder. Safe to repeat."""
    _run(database, folder, "upgrade", "head")


def downgrade(database: Database, folder: Path) -> None:
    """Take every revision back."""
    _run(database, folder, "downgrade", "base")


def _run(database: Database, folder: Path, verb: str, target: str) -> None:
    from alembic import command  # noqa: PLC0415 - of 8 MB, see above
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    with database.engine.connect().execution_options(writes=True) as connection, connection.begin():
        config.attributes["connection"] = connection
        getattr(command, verb)(config, target)


def run_inside(metadata: MetaData) -> None:
    """What each service's env.py calls: use the connection that `upgrade` opened."""
    from alembic import context  # noqa: PLC0415 - as above

    connection: Connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=metadata, transactional_ddl=False)
    context.run_migrations()
