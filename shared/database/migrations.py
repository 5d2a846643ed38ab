"""Alembic migrations of a service: run by a command, never at import.

Alembic is imported inside functions, because it takes 8 MB that a serving process does not need.
"""

from pathlib import Path

from sqlalchemy import Connection, MetaData, inspect, text

from shared.database.engine import Database


def upgrade(database: Database, folder: Path) -> None:
    """Upgrade to the newest revision in this folder. Safe to repeat, and cheap if nothing is to be done.

    The schema of a later release stays as it is: after a rollback the former code runs on it.
    """
    if not _is_current(database, folder):
        _run(database, folder, "upgrade", "head")


def downgrade(database: Database, folder: Path) -> None:
    """Revert every revision."""
    _run(database, folder, "downgrade", "base")


def _is_current(database: Database, folder: Path) -> bool:
    """Whether the newest revision, or one of a later release, is applied. File names begin with revisions, in order."""
    # Without Alembic, which takes half a second of CPU to find that there is nothing to do.
    newest = max((path.stem.partition("_")[0] for path in (folder / "versions").glob("*.py")), default=None)
    with database.engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        applied = list(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())
    return len(applied) == 1 and newest is not None and applied[0] >= newest


def _run(database: Database, folder: Path, verb: str, target: str) -> None:
    from alembic import command  # noqa: PLC0415 - of 8 MB, see above
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    with database.engine.connect().execution_options(writes=True) as connection, connection.begin():
        config.attributes["connection"] = connection
        getattr(command, verb)(config, target)


def run_migrations(metadata: MetaData) -> None:
    """For the env.py of each service: uses the connection that `upgrade` opened."""
    from alembic import context  # noqa: PLC0415 - as above

    connection: Connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=metadata, transactional_ddl=False)
    context.run_migrations()
