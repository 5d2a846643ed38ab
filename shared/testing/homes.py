"""The two homes that a service lives in, so that one suite proves it in both: embedded, and on real servers."""

import shutil
import tempfile
import uuid
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

import pytest
from sqlalchemy import create_engine, inspect, text

from shared import migrations
from shared.database import Database
from shared.events.bus import Bus
from shared.events.in_process import InProcessBus
from shared.events.rabbitmq import RabbitBus
from shared.events.topology import Member, definitions
from shared.testing.containers import RabbitServer


class Home(Protocol):
    """Where a service under test keeps its rows and hears its facts."""

    def empty(self) -> str:
        """The URL of a database without tables."""

    def database(self, folder: Path) -> str:
        """The URL of a fresh database, brought up by the migrations in this folder."""

    def bus(self, service: str, hears: Collection[str], announces: Collection[str]) -> Bus:
        """A bus of its own for this service; what it announces has a place to go."""


class Embedded:
    """SQLite files and the bus in memory: what `make run` uses."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def empty(self) -> str:
        """A file that is not there yet."""
        return f"sqlite:///{self._folder / uuid.uuid4().hex}.db"

    def database(self, folder: Path) -> str:
        """A copy of a file that was migrated once."""
        target = self._folder / f"{uuid.uuid4().hex}.db"
        shutil.copyfile(_template(folder), target)
        return f"sqlite:///{target}"

    def bus(self, service: str, hears: Collection[str], announces: Collection[str]) -> Bus:
        """In memory, without pauses."""
        return InProcessBus(lambda _: 0)


class Cluster:
    """MySQL and RabbitMQ: what a team's machine and production use."""

    def __init__(self, mysql_url: str, rabbitmq: RabbitServer) -> None:
        self._mysql_url = mysql_url
        self._rabbitmq = rabbitmq
        self._schemas: list[str] = []
        self._vhosts: list[str] = []

    def empty(self) -> str:
        """A schema of its own."""
        name = f"test_{uuid.uuid4().hex}"
        self._run(f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci")
        self._schemas.append(name)
        return f"{self._mysql_url}/{name}"

    def database(self, folder: Path) -> str:
        """A schema of its own, with the tables of one that was migrated once."""
        url = self.empty()
        template = _migrated_schema(self._mysql_url, folder)
        statements = _tables(f"{self._mysql_url}/{template}")
        engine = create_engine(url)
        with engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement.replace("%", "%%"))
        engine.dispose()
        return url

    def bus(self, service: str, hears: Collection[str], announces: Collection[str]) -> Bus:
        """A virtual host of its own."""
        vhost = uuid.uuid4().hex
        management = self._rabbitmq.management
        management.put(f"/vhosts/{vhost}").raise_for_status()
        self._vhosts.append(vhost)
        members = {service: Member(announces, hears), "elsewhere": Member((), announces)}
        topology = definitions(members, vhost)
        del topology["vhosts"]
        management.post(f"/definitions/{quote(vhost, safe='')}", json=_local(topology)).raise_for_status()
        return RabbitBus(self._rabbitmq.url(vhost))

    def clear(self) -> None:
        """Give everything back."""
        for name in self._schemas:
            self._run(f"DROP DATABASE {name}")
        for vhost in self._vhosts:
            self._rabbitmq.management.delete(f"/vhosts/{vhost}")

    def _run(self, statement: str) -> None:
        engine = create_engine(self._mysql_url)
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()


@pytest.fixture(params=["embedded", pytest.param("cluster", marks=pytest.mark.containers)])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Home]:
    """Each test that uses it runs in both homes."""
    if request.param == "embedded":
        yield Embedded(tmp_path)
        return
    cluster = Cluster(request.getfixturevalue("mysql_url"), request.getfixturevalue("rabbitmq"))
    yield cluster
    cluster.clear()


@cache
def _template(folder: Path) -> Path:
    path = Path(tempfile.mkdtemp(prefix="migrated-")) / "template.db"
    _migrate(f"sqlite:///{path}", folder)
    return path


@cache
def _migrated_schema(mysql_url: str, folder: Path) -> str:
    name = f"template_{uuid.uuid4().hex}"
    engine = create_engine(mysql_url)
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci"))
    engine.dispose()
    _migrate(f"{mysql_url}/{name}", folder)
    return name


@cache
def _tables(url: str) -> list[str]:
    """The statements that make the tables of this database again."""
    engine = create_engine(url)
    with engine.connect() as connection:
        names = inspect(connection).get_table_names()
        made = [connection.exec_driver_sql(f"SHOW CREATE TABLE `{name}`").one()[1] for name in names]
    engine.dispose()
    return made


def _migrate(url: str, folder: Path) -> None:
    database = Database(url, pool_size=1)
    migrations.upgrade(database, folder)
    database.close()


def _local(topology: dict[str, list[dict[str, object]]]) -> dict[str, list[dict[str, object]]]:
    """Definitions of one virtual host do not name it."""
    return {
        kind: [{name: value for name, value in each.items() if name != "vhost"} for each in things]
        for kind, things in topology.items()
    }
