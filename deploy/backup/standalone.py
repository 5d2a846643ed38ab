"""Backup and restore of a standalone: SQLite files and folders below DATA_DIR."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from deploy.backup.archive import Archive, copy_tree
from deploy.commands import Standalone
from deploy.data_folder import StartupError, lock

SECRETS = "secrets.json"


class StandaloneSystem:
    """The databases, files and secrets in a data folder. A backup can be taken while the server runs."""

    kind = "standalone"

    def __init__(self, data: Path) -> None:
        self._data = data
        self._commands = Standalone(data)

    def save_secrets(self, archive: Archive) -> None:
        """Copy them. Raises StartupError if there are none: then there is nothing to back up."""
        if not (self._data / SECRETS).exists():
            raise StartupError(f"there are no data in {self._data}")
        shutil.copy2(self._data / SECRETS, archive.folder)

    def save_database(self, service: str, archive: Archive) -> None:
        """A consistent copy, without blocking the server. Raises StartupError if the database is damaged."""
        with (
            closing(sqlite3.connect(f"file:{self._data / service}.db?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(archive.folder / f"{service}.db")) as copy,
        ):
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
            (found,) = copy.execute("PRAGMA quick_check").fetchone()
        if found != "ok":
            raise StartupError(f"{self._data / service}.db is damaged: {found}")

    def save_files(self, service: str, archive: Archive, previous: Archive | None) -> None:
        """Copy what the archive does not have yet."""
        before = None if previous is None else previous.files(service)
        copy_tree(self._data / "files" / service, archive.files(service), before)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Raises StartupError while the server runs."""
        self._data.mkdir(mode=0o700, parents=True, exist_ok=True)
        with lock(self._data):
            yield

    def load_secrets(self, archive: Archive) -> None:
        """Copy them back. Raises StartupError if there are others: the data were useless with them.

        Those of services that the backup does not have yet are kept.
        """
        own, saved = self._data / SECRETS, archive.folder / SECRETS
        if not own.exists():
            shutil.copy2(saved, own)
        elif not json.loads(saved.read_bytes()).items() <= json.loads(own.read_bytes()).items():
            raise StartupError(f"{own} differs from that of the backup: move it away, then restore all services")

    def load_database(self, service: str, archive: Archive) -> None:
        """Replace it, and bring its schema to that of this release."""
        path = self._data / f"{service}.db"
        part = path.with_suffix(".part")
        shutil.copyfile(archive.folder / path.name, part)
        for name in (f"{path.name}-wal", f"{path.name}-shm"):
            (self._data / name).unlink(missing_ok=True)
        part.replace(path)
        self.run(service, "migrate")

    def load_files(self, service: str, archive: Archive) -> None:
        """Add what is missing. Nothing is removed: the records of deleted accounts are among the files."""
        copy_tree(archive.files(service), self._data / "files" / service)

    def run(self, service: str, *arguments: str) -> None:
        """A command of this service."""
        self._commands.run(service, *arguments)
