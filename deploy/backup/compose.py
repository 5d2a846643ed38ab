"""Backup and restore of the cluster of docker-compose.yml: schemas in MySQL, volumes of files, and `.env`."""

import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from deploy import cluster
from deploy.backup.archive import Archive, copy_tree
from deploy.commands import ROOT, Compose, compose
from deploy.data_folder import StartupError
from shared.service_list import NAMES

SECRETS = "env"
PROCESSES = ("gateway", *NAMES)
DUMP = (
    'MYSQL_PWD="$MYSQL_ROOT_PASSWORD" exec mysqldump --user=root --single-transaction --skip-lock-tables'
    " --no-tablespaces --hex-blob --set-gtid-purged=OFF {}"
)
LOAD = 'MYSQL_PWD="$MYSQL_ROOT_PASSWORD" exec mysql --user=root {}'


class ComposeSystem:
    """The databases, files and secrets of the cluster. A backup can be taken while it runs."""

    kind = "compose"

    def save_secrets(self, archive: Archive) -> None:
        """Copy `.env`. Raises StartupError if there is none: then there is nothing to back up."""
        if not cluster.ENV.exists():
            raise StartupError("there is no cluster here: .env is missing")
        shutil.copy2(cluster.ENV, archive.folder / SECRETS)

    def save_database(self, service: str, archive: Archive) -> None:
        """A consistent dump, without blocking the server."""
        with (archive.folder / f"{service}.sql").open("wb") as target:
            _in_container("mysql", DUMP.format(service), output=target)

    def save_files(self, service: str, archive: Archive, _previous: Archive | None) -> None:
        """Copy what the archive does not have yet."""
        received = archive.folder / f".{service}"
        received.mkdir(mode=0o700)
        with _stored_files(service) as volume:
            if volume is not None:
                volume.extractall(received, filter="data")
        copy_tree(received, archive.files(service))
        shutil.rmtree(received)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Stop the gateway and the services; MySQL and the broker go on. Start them at the end."""
        compose("stop", *PROCESSES)
        compose("up", "--detach", "--wait", "mysql")
        yield
        compose("up", "--detach", "--wait")

    def load_secrets(self, archive: Archive) -> None:
        """Raises StartupError if the secrets are others: the data were useless with them."""
        own, saved = cluster.read(cluster.ENV), cluster.read(archive.folder / SECRETS)
        differing = [name for name in own if name.endswith("_SECRET") and own[name] != saved.get(name)]
        if differing:
            raise StartupError(
                f".env differs from that of the backup ({', '.join(differing)}): copy that one here first"
            )

    def load_database(self, service: str, archive: Archive) -> None:
        """Replace the schema by that of the backup, and bring it to that of this release."""
        _in_container("mysql", LOAD.format(f'--execute="DROP DATABASE IF EXISTS {service}; CREATE DATABASE {service}"'))
        with (archive.folder / f"{service}.sql").open("rb") as dump:
            _in_container("mysql", LOAD.format(service), given=dump)
        self.run(service, "migrate")

    def load_files(self, service: str, archive: Archive) -> None:
        """Add what is missing. Nothing is removed: the records of deleted accounts are among the files."""
        folder = archive.files(service)
        if not folder.exists():
            return
        unpack = [
            "run",
            "--rm",
            "--no-deps",
            "-T",
            service,
            "tar",
            "--extract",
            "--skip-old-files",
            "--directory=/data",
        ]
        with subprocess.Popen(_command(*unpack), cwd=ROOT, stdin=subprocess.PIPE) as process:  # noqa: S603 - as above
            with tarfile.open(fileobj=process.stdin, mode="w|") as stream:
                stream.add(folder, arcname=".")
            assert process.stdin is not None  # noqa: S101 - for the type checker
            process.stdin.close()
            if process.wait():
                raise subprocess.CalledProcessError(process.returncode, unpack)

    def run(self, service: str, *arguments: str) -> None:
        """A command of this service."""
        Compose().run(service, *arguments)


@contextmanager
def _stored_files(service: str) -> Iterator[tarfile.TarFile | None]:
    """The volume of a service as a stream; None if it has none."""
    if f"{service}-files" not in compose("config", "--volumes", capture=True).split():
        yield None
        return
    pack = ["exec", "-T", service, "tar", "--create", "--directory=/data", "."]
    with subprocess.Popen(_command(*pack), cwd=ROOT, stdout=subprocess.PIPE) as process:  # noqa: S603 - a fixed program
        with tarfile.open(fileobj=process.stdout, mode="r|") as stream:
            yield stream
        if process.wait() > 1:  # 1: a file changed while it was read, or was deleted
            raise subprocess.CalledProcessError(process.returncode, pack)


def _in_container(
    service: str, script: str, *, given: IO[bytes] | None = None, output: IO[bytes] | None = None
) -> None:
    subprocess.run(  # noqa: S603 - a fixed program
        _command("exec", "-T", service, "sh", "-c", script),
        cwd=ROOT, stdin=given or subprocess.DEVNULL, stdout=output, check=True,
    )  # fmt: skip


def _command(*arguments: str) -> list[str]:
    return ["docker", "compose", *arguments]
