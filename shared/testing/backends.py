"""The two backends of a service, so that one suite tests both:

embedded (SQLite, in memory), and MySQL with RabbitMQ.
"""

import shutil
import tempfile
import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

import pytest

from shared.database import migrations
from shared.database.engine import Database
from shared.events.bus import Bus
from shared.events.in_memory import InMemoryBus
from shared.events.rabbitmq import RabbitBus
from shared.testing.containers import RabbitServer
from shared.testing.mysql_schemas import MySqlSchemas
from shared.testing.vhosts import Needs, Vhosts


class Backend(Protocol):
    """Where a service under test stores its rows and consumes its events."""

    def empty(self) -> str:
        """The URL of a database without tables."""

    def database(self, folder: Path) -> str:
        """The URL of a new database, migrated with the migrations in this folder."""

    def bus(self, service: str, consumes: Collection[str], publishes: Collection[str]) -> Bus:
        """A separate bus for this service, with a queue for each event that it publishes."""


class Embedded:
    """SQLite files and the bus in memory: what `make run` uses."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def empty(self) -> str:
        """A file that does not exist yet."""
        return f"sqlite:///{self._folder / uuid.uuid4().hex}.db"

    def database(self, folder: Path) -> str:
        """A copy of a file that was migrated once."""
        url = self.empty()
        shutil.copyfile(_template(folder), url.removeprefix("sqlite:///"))
        return url

    def bus(self, service: str, consumes: Collection[str], publishes: Collection[str]) -> Bus:
        """In memory, without retry pauses."""
        return InMemoryBus(lambda _: 0)


@dataclass(frozen=True)
class Servers:
    """The servers that all cluster tests share."""

    mysql: MySqlSchemas
    rabbitmq: RabbitServer
    vhosts: Vhosts


class Cluster:
    """MySQL and RabbitMQ, as in production."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers
        self._empty: list[str] = []
        self._schemas: list[tuple[Path, str]] = []
        self._vhosts: list[tuple[Needs, str]] = []

    def empty(self) -> str:
        """A separate schema."""
        self._empty.append(self._servers.mysql.empty())
        return self._empty[-1]

    def database(self, folder: Path) -> str:
        """A separate schema, migrated once."""
        self._schemas.append((folder, self._servers.mysql.acquire(folder)))
        return self._schemas[-1][1]

    def bus(self, service: str, consumes: Collection[str], publishes: Collection[str]) -> Bus:
        """On a separate virtual host."""
        self._vhosts.append(self._servers.vhosts.acquire(service, consumes, publishes))
        return RabbitBus(self._servers.rabbitmq.url(self._vhosts[-1][1]))

    def clear(self) -> None:
        """Release all schemas and virtual hosts."""
        for url in self._empty:
            self._servers.mysql.drop(url)
        for folder, url in self._schemas:
            self._servers.mysql.release(folder, url)
        for needs, vhost in self._vhosts:
            self._servers.vhosts.release(needs, vhost)


BACKENDS = ["embedded", pytest.param("cluster", marks=pytest.mark.containers)]
only_embedded = pytest.mark.parametrize("backend", ["embedded"], indirect=True)
"""For what neither database nor broker has a part in: HTTP parsing and validation."""


@pytest.fixture(scope="session")
def servers(mysql_url: str, rabbitmq: RabbitServer) -> Iterator[Servers]:
    """The database and the broker of the cluster."""
    mysql = MySqlSchemas(mysql_url)
    yield Servers(mysql, rabbitmq, Vhosts(rabbitmq))
    mysql.close()


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    """Each test that uses it runs with both backends, unless it is marked with `only_embedded`."""
    if request.param == "embedded":
        yield Embedded(tmp_path)
        return
    cluster = Cluster(request.getfixturevalue("servers"))
    yield cluster
    cluster.clear()


@cache
def _templates() -> tempfile.TemporaryDirectory[str]:
    """Removed at the end of the process."""
    return tempfile.TemporaryDirectory(prefix="migrated-")


@cache
def _template(folder: Path) -> Path:
    path = Path(_templates().name) / f"{folder.parent.name}.db"
    database = Database(f"sqlite:///{path}", pool_size=1)
    migrations.upgrade(database, folder)
    database.close()
    return path
