"""MySQL and RabbitMQ for a run, in containers as durable as the cluster's.

MySQL shares the network of this machine: a forwarded port costs CPU that belongs to no tier.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from chaos.containers import DEPLOY, PASSWORD, SERVICES, START_SECONDS, Broker, Container, Database, docker, until
from shared.testing.ports import free_port


@dataclass(frozen=True)
class Servers:
    """Both, running."""

    database: Database
    broker: Broker


@contextmanager
def servers(folder: Path) -> Iterator[Servers]:
    """During the block. Raises NoEngine without a container engine."""
    run = f"shutter-bench-{secrets.token_hex(3)}"
    found = Servers(
        Database(Container(f"{run}-mysql"), free_port()),
        Broker(Container(f"{run}-rabbitmq"), free_port(), free_port()),
    )
    try:
        run_mysql(found.database)
        found.broker.run(folder)
        yield found
    finally:
        found.broker.container.remove()
        found.database.container.remove()


def run_mysql(database: Database) -> None:
    """Start it, and return when all four schemas exist."""
    passwords = [f"--env={name.upper()}_DATABASE_PASSWORD={PASSWORD}" for name in SERVICES]
    docker(
        "run",
        "--detach",
        f"--name={database.container.name}",
        "--network=host",
        f"--volume={DEPLOY}/mysql/shutter.cnf:/etc/mysql/conf.d/shutter.cnf:ro",
        f"--volume={DEPLOY}/mysql/provision.sh:/provision.sh:ro",
        f"--env=MYSQL_ROOT_PASSWORD={PASSWORD}",
        *passwords,
        "mysql:9.7",
        "mysqld",
        f"--port={database.port}",
        "--bind-address=127.0.0.1",
        "--mysqlx=OFF",
    )
    until(database.answers, START_SECONDS, "MySQL answers")
    place = ("--env=MYSQL_HOST=127.0.0.1", f"--env=MYSQL_TCP_PORT={database.port}")
    docker("exec", *place, database.container.name, "sh", "/provision.sh")
