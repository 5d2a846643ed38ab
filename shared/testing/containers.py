"""MySQL, RabbitMQ and Valkey in containers, the first two started once for a test run."""

import subprocess
from collections.abc import Iterator
from typing import TYPE_CHECKING

import httpx
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from shared.testing.docker import remove_container, start_container
from shared.testing.waiting import WAIT_SECONDS, eventually
from shared.testing.xdist_shared import Started, shared_by_workers

if TYPE_CHECKING:
    from testcontainers.core.container import DockerContainer

PASSWORD = "only-for-tests"
MYSQL_FAST = (
    "--disable-log-bin --innodb-flush-log-at-trx-commit=0 --innodb-doublewrite=OFF --performance-schema=OFF"
    " --mysqlx=OFF --skip-name-resolve --max-connections=400 --innodb-stats-auto-recalc=OFF"
)
"""A database that lives as long as a run of tests need not survive a loss of power; the last is for `schemas`."""


class RabbitServer:
    """A broker, and the data to create virtual hosts for tests."""

    def __init__(self, host: str, port: int, management_port: int) -> None:
        self.address = host, port
        self.management = httpx.Client(
            base_url=f"http://{host}:{management_port}/api",
            auth=("admin", PASSWORD),
            timeout=WAIT_SECONDS,
            # The server closes idle connections: a request may be sent just then, on a connection that was kept.
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def url(self, vhost: str, who: str = "admin", address: tuple[str, int] | None = None) -> str:
        """The BROKER_URL; at another address if a proxy is used."""
        host, port = address or self.address
        return f"amqp://{who}:{PASSWORD}@{host}:{port}/{vhost}"

    def is_up(self) -> bool:
        """Whether it responds."""
        try:
            return self.management.get("/overview").status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False


@pytest.fixture(scope="session")
def mysql_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a new MySQL server, without a schema."""
    with shared_by_workers("mysql", tmp_path_factory, _start_mysql, remove_container) as mysql:
        yield mysql["url"]


@pytest.fixture(scope="session")
def rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitServer]:
    """A new RabbitMQ server."""
    with shared_by_workers("rabbitmq", tmp_path_factory, start_rabbitmq, remove_container) as started:
        broker = RabbitServer(*started["address"])
        yield broker
        broker.management.close()


def start_rabbitmq(*fixed_ports: int) -> Started:
    """A running broker: at new ports, or at the given ones, so that a restarted broker has the same ports."""
    made = _container("rabbitmq:4-management")
    made.with_envs(RABBITMQ_DEFAULT_USER="admin", RABBITMQ_DEFAULT_PASS=PASSWORD)
    if fixed_ports:
        made.with_bind_ports(5672, fixed_ports[0]).with_bind_ports(15672, fixed_ports[1])
    else:
        made.with_exposed_ports(5672, 15672)
    started, host = start_container(made)
    if fixed_ports:
        host = made.get_docker_client().host()  # where its ports are published: its own address may change
    port, management_port = fixed_ports or (int(made.get_exposed_port(each)) for each in (5672, 15672))
    address = host, port, management_port
    broker = RabbitServer(*address)
    eventually(broker.is_up)
    broker.management.close()
    return started | {"address": address}


@pytest.fixture
def valkey() -> Iterator[Started]:
    """A new Valkey (compatible with Redis) at `url`; the test may kill its `container`."""
    made = _container("valkey/valkey:9").with_exposed_ports(6379)
    started, host = start_container(made)
    try:
        url = f"valkey://{host}:{made.get_exposed_port(6379)}"
        eventually(lambda: _pongs(started["container"]))
        yield started | {"url": url}
    finally:
        remove_container(started)


def _start_mysql() -> Started:
    made = _container("mysql:9.7").with_env("MYSQL_ROOT_PASSWORD", PASSWORD).with_exposed_ports(3306)
    started, host = start_container(made.with_command(MYSQL_FAST).with_tmpfs_mount("/var/lib/mysql"))
    url = f"mysql+pymysql://root:{PASSWORD}@{host}:{made.get_exposed_port(3306)}"
    eventually(lambda: _answers(url))
    return started | {"url": url}


def _pongs(container: str) -> bool:
    asked = subprocess.run(["docker", "exec", container, "valkey-cli", "ping"], capture_output=True, check=False)
    return asked.stdout.strip() == b"PONG"


def _answers(url: str) -> bool:
    engine = create_engine(url, connect_args={"connect_timeout": 2})
    try:
        with engine.connect() as connection:
            return bool(connection.execute(text("SELECT 1")).scalar_one())
    except DBAPIError:
        return False
    finally:
        engine.dispose()


def _container(image: str) -> "DockerContainer":
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415 - only runs with an engine need it

    return DockerContainer(image)
