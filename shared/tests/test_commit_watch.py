"""Commits of other processes to a SQLite file wake the workers of a table."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Column, Integer, MetaData, Table

from shared.database.commit_watch import commit_watchers
from shared.database.engine import Database
from shared.testing.waiting import WAIT_SECONDS

from .tables import made

METADATA = MetaData()
JOBS = Table("jobs", METADATA, Column("id", Integer, primary_key=True))


def test_commit_of_another_connection_calls_the_listeners_of_the_table(tmp_path: Path) -> None:
    file = tmp_path / "jobs.db"
    database = Database(made(f"sqlite:///{file}", METADATA))
    called = asyncio.Event()

    async def scenario() -> None:
        loop = asyncio.get_running_loop()

        def listener() -> None:
            loop.call_soon_threadsafe(called.set)

        database.listeners.add("jobs", listener)
        (watcher,) = commit_watchers("jobs", database, [JOBS])
        watcher.start()
        with closing(sqlite3.connect(file)) as other:
            for job in range(3):
                called.clear()
                other.execute("INSERT INTO jobs VALUES (?)", (job,))
                other.commit()
                await asyncio.wait_for(called.wait(), WAIT_SECONDS)
        await watcher.stop()

    asyncio.run(scenario())
    database.close()
