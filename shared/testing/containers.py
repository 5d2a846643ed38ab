"""A real MySQL, RabbitMQ and Valkey for the tests that need them, the first two started once for a run of tests."""

import subprocess
from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from testcontainers.core.container import DockerContainer

from shared.testing.engine import NO_ENGINE, end, require_engine, started_from
from shared.testing.sharing import Started, shared_by_workers
from shared.testing.waiting import eventually

PASSWORD = "only-for-tests"
START_SECONDS = 100
MYSQL_FAST = (
    "--disable-log-bin --innodb-flush-log-at-trx-commit=0 --innodb-doublewrite=OFF --performance-schema=OFF"
    " --mysqlx=OFF --skip-name-resolve --max-connections=400 --innodb-stats-auto-recalc=OFF"
)
"""A database that lives as long as a run of tests need not survive a loss of power; the last is for `schemas`."""


class RabbitServer:
    """A broker, and the way to give each test a part of it."""

    def __init__(self, host: str, port: int, management_port: int) -> None:
        self.address = host, port
        self.management = httpx.Client(
            base_url=f"http://{host}:{management_port}/api", auth=("admin", PASSWORD), timeout=30
        )

    def url(self, vhost: str, who: str = "admin", address: tuple[str, int] | None = None) -> str:
        """What BROKER_URL would be; by another address, where something stands in between."""
        host, port = address or self.address
        return f"amqp://{who}:{PASSWORD}@{host}:{port}/{vhost}"

    def is_up(self) -> bool:
        """Whether it answers."""
        try:
            return self.management.get("/overview").status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say once what is missing, instead of once for each test."""
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if NO_ENGINE in str(report.longrepr)]
    if skipped:
        terminalreporter.write_line(f"{len(skipped)} tests with MySQL or RabbitMQ were skipped: {NO_ENGINE}.")


@pytest.fixture(scope="session")
def mysql_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a fresh MySQL, without a schema."""
    require_engine()
    with shared_by_workers("mysql", tmp_path_factory, _start_mysql, end) as mysql:
        yield mysql["url"]


@pytest.fixture(scope="session")
def rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitServer]:
    """A fresh RabbitMQ."""
    require_engine()
    with shared_by_workers("rabbitmq", tmp_path_factory, start_rabbitmq, end) as started:
        broker = RabbitServer(*started["address"])
        yield broker
        broker.management.close()


def start_rabbitmq(*fixed_ports: int) -> Started:
    """A broker that is up: at ports of its own choice, or at these, so that it has them again when restarted."""
    made = DockerContainer("rabbitmq:4-management")
    made.with_envs(RABBITMQ_DEFAULT_USER="admin", RABBITMQ_DEFAULT_PASS=PASSWORD)
    if fixed_ports:
        made.with_bind_ports(5672, fixed_ports[0]).with_bind_ports(15672, fixed_ports[1])
    else:
        made.with_exposed_ports(5672, 15672)
    started, host = started_from(made)
    address = host, int(made.get_exposed_port(5672)), int(made.get_exposed_port(15672))
    broker = RabbitServer(*address)
    eventually(broker.is_up, within=START_SECONDS)
    broker.management.close()
    return started | {"address": address}


@pytest.fixture
def valkey() -> Iterator[Started]:
    """A fresh Valkey (or Redis, which is the same on the line) at `url`; the test may kill its `container`."""
    require_engine()
    made = DockerContainer("valkey/valkey:9").with_exposed_ports(6379)
    started, host = started_from(made)
    try:
        url = f"valkey://{host}:{made.get_exposed_port(6379)}"
        eventually(lambda: _pongs(started["container"]), within=START_SECONDS)
        yield started | {"url": url}
    finally:
        end(started)


def _start_mysql() -> Started:
    made = DockerContainer("mysql:9.7").with_env("MYSQL_ROOT_PASSWORD", PASSWORD).with_exposed_ports(3306)
    started, host = started_from(made.with_command(MYSQL_FAST).with_tmpfs_mount("/var/lib/mysql"))
    url = f"mysql+pymysql://root:{PASSWORD}@{host}:{made.get_exposed_port(3306)}"
    eventually(lambda: _answers(url), within=START_SECONDS)
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
