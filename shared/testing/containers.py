"""A real MySQL and a real RabbitMQ for the tests that need them, each started once for a run of tests."""

import os
import subprocess
from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from shared.testing.waiting import eventually

PASSWORD = "only-for-tests"
START_SECONDS = 120
MYSQL_FAST = "--disable-log-bin --innodb-flush-log-at-trx-commit=0 --innodb-doublewrite=OFF --max-connections=400"
"""A database that lives as long as a run of tests need not survive a loss of power."""


class RabbitServer:
    """A broker, and the way to give each test a part of it."""

    def __init__(self, host: str, port: int, management_port: int) -> None:
        self._address = f"{host}:{port}"
        self.management = httpx.Client(
            base_url=f"http://{host}:{management_port}/api", auth=("admin", PASSWORD), timeout=30
        )

    def url(self, vhost: str) -> str:
        """What BROKER_URL would be."""
        return f"amqp://admin:{PASSWORD}@{self._address}/{vhost}"


def require_engine() -> None:
    """Skip the test where no container engine answers; fail it where CONTAINERS=required."""
    try:
        subprocess.run(["docker", "info"], check=True, capture_output=True, timeout=20)
    except (OSError, subprocess.SubprocessError):
        if os.environ.get("CONTAINERS") == "required":
            pytest.fail("no container engine answers, and CONTAINERS=required")
        pytest.skip("no container engine answers")


@pytest.fixture(scope="session")
def mysql_url() -> Iterator[str]:
    """The URL of a fresh MySQL, without a schema."""
    require_engine()
    testcontainers_config.ryuk_disabled = True
    container = DockerContainer("mysql:9.7").with_env("MYSQL_ROOT_PASSWORD", PASSWORD).with_exposed_ports(3306)
    with container.with_command(MYSQL_FAST).with_tmpfs_mount("/var/lib/mysql") as server:
        address = f"{server.get_container_host_ip()}:{server.get_exposed_port(3306)}"
        url = f"mysql+pymysql://root:{PASSWORD}@{address}"
        eventually(lambda: _answers(url), within=START_SECONDS)
        yield url


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[RabbitServer]:
    """A fresh RabbitMQ."""
    require_engine()
    testcontainers_config.ryuk_disabled = True
    container = DockerContainer("rabbitmq:4-management").with_exposed_ports(5672, 15672)
    with container.with_envs(RABBITMQ_DEFAULT_USER="admin", RABBITMQ_DEFAULT_PASS=PASSWORD) as server:
        ports = server.get_exposed_port(5672), server.get_exposed_port(15672)
        broker = RabbitServer(server.get_container_host_ip(), *ports)
        eventually(lambda: _is_up(broker), within=START_SECONDS)
        yield broker
        broker.management.close()


def _answers(url: str) -> bool:
    engine = create_engine(url, connect_args={"connect_timeout": 2})
    try:
        with engine.connect() as connection:
            return bool(connection.execute(text("SELECT 1")).scalar_one())
    except DBAPIError:
        return False
    finally:
        engine.dispose()


def _is_up(broker: RabbitServer) -> bool:
    try:
        return broker.management.get("/overview").status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
