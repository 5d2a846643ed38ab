"""`make backup` and `make restore`: all databases, files and secrets, of a standalone or of the compose cluster."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import click

from deploy.backup.archive import Archive
from deploy.backup.compose import ComposeSystem
from deploy.backup.standalone import StandaloneSystem
from deploy.data_folder import StartupError
from shared import clock
from shared.service_list import NAMES

# Consumers of events first: each publisher then has published at least what its consumers have seen, and publishes
# again, after a restore, what they have not.
SAVED_IN_ORDER = tuple(reversed(NAMES))


class System(Protocol):
    """What can be backed up and restored."""

    kind: str

    def save_secrets(self, archive: Archive) -> None: ...
    def save_database(self, service: str, archive: Archive) -> None: ...
    def save_files(self, service: str, archive: Archive, previous: Archive | None) -> None: ...
    def stopped(self) -> AbstractContextManager[None]: ...
    def load_secrets(self, archive: Archive) -> None: ...
    def load_database(self, service: str, archive: Archive) -> None: ...
    def load_files(self, service: str, archive: Archive) -> None: ...
    def run(self, service: str, *arguments: str) -> None: ...


def back_up(system: System, backups: Path) -> Path:
    """Take a backup. Returns its folder."""
    previous, since = Archive.newest(backups), clock.now()
    archive = Archive.begin(backups, since)
    try:
        _save(system, archive, previous)
    except BaseException:
        shutil.rmtree(archive.folder)
        raise
    return archive.finish(system.kind, since, NAMES)


def _save(system: System, archive: Archive, previous: Archive | None) -> None:
    system.save_secrets(archive)
    for service in NAMES:
        system.save_files(service, archive, previous)
    for service in SAVED_IN_ORDER:
        system.save_database(service, archive)
    for service in NAMES:  # those that were stored meanwhile, and to which the databases refer already
        system.save_files(service, archive, previous)


def restore(system: System, folder: Path, services: Sequence[str]) -> None:
    """Replace the data of these services by those of a backup, and correct what that reverted."""
    archive = Archive(folder)
    manifest = archive.manifest(system.kind, services)
    with system.stopped():
        system.load_secrets(archive)
        for service in services:
            system.load_files(service, archive)
            system.load_database(service, archive)
        options = [option for service in services for option in ("--restored", service)]
        for service in SAVED_IN_ORDER:
            system.run(service, "after-restore", "--since", manifest.since, *options)


def _system(compose: bool) -> System:
    return ComposeSystem() if compose else StandaloneSystem(Path(os.environ.get("DATA_DIR") or "data"))


@click.group(help=__doc__)
def cli() -> None:
    os.umask(0o077)  # a backup contains everything that its system protects


@cli.command("backup")
@click.option("--compose", is_flag=True, help="Of the compose cluster, not of DATA_DIR")
@click.option("--to", "backups", type=click.Path(path_type=Path), default=Path("backups"), show_default=True)
def backup_command(*, compose: bool, backups: Path) -> None:
    """Write a new folder below BACKUPS. The server may run."""
    click.echo(f"{back_up(_system(compose), backups)} is complete")


@cli.command("restore")
@click.argument("folder", type=click.Path(path_type=Path, exists=True))
@click.argument("services", nargs=-1, type=click.Choice(NAMES))
@click.option("--compose", is_flag=True, help="Into the compose cluster, not into DATA_DIR")
def restore_command(*, folder: Path, services: tuple[str, ...], compose: bool) -> None:
    """Restore the backup in FOLDER, of all services or of some. A standalone must be stopped."""
    restore(_system(compose), folder, services or NAMES)
    click.echo(f"{', '.join(services or NAMES)} restored from {folder}")


def main() -> None:
    """Run a command; a problem with a known remedy is one sentence."""
    try:
        cli()
    except (StartupError, subprocess.CalledProcessError) as error:
        sys.exit(f"Not done: {error}")


if __name__ == "__main__":
    main()
