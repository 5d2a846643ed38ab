"""MySQL and RabbitMQ for one run, configured like the cluster's."""

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Protocol

import httpx
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from deploy.broker import document
from shared.service_list import NAMES

DEPLOY = Path(__file__).resolve().parents[1] / "deploy"
PASSWORD = "only-for-chaos-and-on-loopback-only"  # noqa: S105 - of containers that live as long as a run, on loopback
SERVICES = NAMES
PROGRAMS = (*SERVICES, "gateway")
START_SECONDS = 600.0
PAUSE_TRIES = 20


class NoEngine(Exception):
    """There is no container engine."""


def docker(*arguments: str, check: bool = True) -> str:
    """The output of the command. Raises NoEngine if docker fails."""
    try:
        done = subprocess.run(  # noqa: S603 - the arguments are our own
            ["docker", *arguments],  # noqa: S607 - whichever docker the person uses
            check=check,
            capture_output=True,
            text=True,
            timeout=120,
        )
    except subprocess.CalledProcessError as problem:
        raise NoEngine(f"docker {arguments[0]}: {problem.stderr.strip()}") from problem
    except OSError as problem:
        raise NoEngine(f"docker: {problem}") from problem
    return done.stdout + done.stderr


def until(holds: Callable[[], bool], within: float, what: str) -> float:
    """Wait for the condition. Returns the seconds. Raises TimeoutError."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > within:
            raise TimeoutError(f"{what} within {within:.0f} s")
        time.sleep(0.1)
    return time.monotonic() - began


@dataclass(frozen=True)
class Container:
    """One container and its possible faults."""

    name: str

    def run(self, image: str, *arguments: str) -> None:
        """Create and start it."""
        docker("run", "--detach", "--name", self.name, *arguments, image)

    def kill(self) -> None:
        """As a crash; the data on its disk stays."""
        docker("kill", self.name)

    def start(self) -> None:
        """Start it again after a kill."""
        docker("start", self.name)

    def stop_processes(self) -> None:
        """It hangs, and a kill ends it before it reads anything.

        The engine lets a paused container continue when it kills it. Only its first process has the signal then, which
        is a shell in the broker's image: the broker may run for some milliseconds and read its sockets.
        """
        docker("exec", "--user=root", self.name, "sh", "-c", "kill -STOP -1")

    def kill_and_start(self) -> None:
        """After `stop_processes`, unread data in its sockets is lost."""
        self.kill()
        self.start()

    def pause(self) -> None:
        """It hangs: connections stay open and nothing responds.

        Freezing races with processes that are just starting; the engine gives up after a while, and the command must be
        repeated.
        """
        for tries in count(1):
            try:
                docker("pause", self.name)
            except NoEngine:
                if tries == PAUSE_TRIES:
                    raise
                time.sleep(0.2)
            else:
                return

    def unpause(self) -> None:
        """Continue."""
        docker("unpause", self.name)

    def logs(self) -> str:
        """Its output."""
        return docker("logs", self.name, check=False)

    def remove(self) -> None:
        """With its data."""
        docker("rm", "--force", "--volumes", self.name, check=False)


def definitions_file(folder: Path) -> Path:
    """The definitions of the cluster, with a user for each program."""
    definitions = json.loads(document())
    definitions["users"] = [{"name": name, "password": PASSWORD, "tags": []} for name in PROGRAMS]
    definitions["users"].append({"name": "admin", "password": PASSWORD, "tags": ["administrator"]})
    everything = {"user": "admin", "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"}
    definitions["permissions"].append(everything)
    file = folder / "definitions.json"
    file.write_text(json.dumps(definitions))
    file.chmod(0o644)
    return file


class Servers(Protocol):
    """A database or a broker, of one server or of three."""

    @property
    def port(self) -> int: ...

    def run(self, folder: Path, /) -> None: ...

    def kill(self) -> None: ...

    def start(self) -> None: ...

    def remove(self) -> None: ...

    def logs(self) -> str: ...


class DatabaseServers(Servers, Protocol):
    """MySQL."""

    def url(self, user: str, schema: str) -> str: ...


class BrokerServers(Servers, Protocol):
    """RabbitMQ."""

    def url(self, user: str, port: int | None = None) -> str: ...

    def answers(self) -> bool: ...

    def depths(self) -> dict[str, int]: ...


@dataclass(frozen=True)
class _InContainer:
    """A server in one container."""

    container: Container

    def kill(self) -> None:
        """As a crash."""
        self.container.kill()

    def start(self) -> None:
        """Start it again after a kill."""
        self.container.start()

    def remove(self) -> None:
        """With its data."""
        self.container.remove()

    def logs(self) -> str:
        """Its output."""
        return self.container.logs()


@dataclass(frozen=True)
class Database(_InContainer):
    """MySQL with a schema and a user for each service, as durable as the cluster's."""

    port: int

    def url(self, user: str, schema: str) -> str:
        """For SQLAlchemy."""
        return f"mysql+pymysql://{user}:{PASSWORD}@127.0.0.1:{self.port}/{schema}?ssl_disabled=true"

    def run(self, _folder: Path) -> None:
        """Start it, and return when all four schemas exist."""
        passwords = [f"{name.upper()}_DATABASE_PASSWORD={PASSWORD}" for name in SERVICES]
        told = [f"--env={each}" for each in (f"MYSQL_ROOT_PASSWORD={PASSWORD}", *passwords)]
        mounts = [
            f"--volume={DEPLOY}/mysql/shutter.cnf:/etc/mysql/conf.d/shutter.cnf:ro",
            f"--volume={DEPLOY}/mysql/provision.sh:/provision.sh:ro",
        ]
        self.container.run("mysql:9.7", f"--publish=127.0.0.1:{self.port}:3306", *mounts, *told)
        until(self.answers, START_SECONDS, "MySQL answers")
        docker("exec", "--env=MYSQL_HOST=127.0.0.1", self.container.name, "sh", "/provision.sh")

    def answers(self) -> bool:
        """Whether it accepts queries."""
        engine = create_engine(self.url("root", ""), connect_args={"connect_timeout": 2, "read_timeout": 2})
        try:
            with engine.connect() as connection:
                return bool(connection.execute(text("SELECT 1")).scalar_one())
        except SQLAlchemyError:
            return False
        finally:
            engine.dispose()


@dataclass(frozen=True)
class Broker(_InContainer):
    """RabbitMQ with the cluster's queues, users and permissions."""

    port: int
    management_port: int

    def url(self, user: str, port: int | None = None) -> str:
        """BROKER_URL; `port` if it is reached through a proxy."""
        return f"amqp://{user}:{PASSWORD}@127.0.0.1:{port or self.port}/"

    def run(self, folder: Path) -> None:
        """Start it, and return when it responds."""
        file = definitions_file(folder)
        self.container.run(
            "rabbitmq:4-management",
            "--hostname=rabbitmq",
            f"--publish=127.0.0.1:{self.port}:5672",
            f"--publish=127.0.0.1:{self.management_port}:15672",
            f"--volume={DEPLOY}/rabbitmq/rabbitmq.conf:/etc/rabbitmq/rabbitmq.conf:ro",
            f"--volume={file}:/etc/rabbitmq/definitions.json:ro",
        )
        until(self.answers, START_SECONDS, "RabbitMQ answers")

    def answers(self) -> bool:
        """Whether it has the queues."""
        try:
            return bool(self.depths())
        except httpx.HTTPError:
            return False

    def depths(self) -> dict[str, int]:
        """The number of messages in each queue, including unacknowledged ones."""
        address = f"http://127.0.0.1:{self.management_port}/api/queues"
        wanted = {"disable_stats": "true", "enable_queue_totals": "true"}
        answer = httpx.get(address, params=wanted, auth=("admin", PASSWORD), timeout=10)
        return {each["name"]: each.get("messages", 0) for each in answer.raise_for_status().json()}
