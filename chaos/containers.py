"""MySQL and RabbitMQ for one run, configured like the cluster's."""

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import httpx
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from deploy.broker import document
from shared.service_list import NAMES

DEPLOY = Path(__file__).resolve().parents[1] / "deploy"
PASSWORD = "only-for-chaos-and-on-loopback-only"  # noqa: S105 - of containers that live as long as a run, on loopback
SERVICES = NAMES
PROGRAMS = (*SERVICES, "gateway")
START_SECONDS = 120.0
PAUSE_TRIES = 20


class NoEngine(Exception):
    """There is no container engine to run this on."""


def docker(*arguments: str, check: bool = True) -> str:
    """What the command prints. Raises NoEngine where docker cannot do it."""
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
    """Wait for it; the seconds that took. Raises TimeoutError."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > within:
            raise TimeoutError(f"{what} within {within:.0f} s")
        time.sleep(0.1)
    return time.monotonic() - began


@dataclass(frozen=True)
class Container:
    """One container: what can befall it, and its end."""

    name: str

    def run(self, image: str, *arguments: str) -> None:
        """Make and start it."""
        docker("run", "--detach", "--name", self.name, *arguments, image)

    def kill(self) -> None:
        """As a crash would; what it wrote to its disk stays."""
        docker("kill", self.name)

    def start(self) -> None:
        """Again, after a kill."""
        docker("start", self.name)

    def kill_and_start(self) -> None:
        """After a pause: what was sent to it meanwhile was never read, and is gone."""
        self.kill()
        self.start()

    def pause(self) -> None:
        """It hangs: connections stay open and nothing answers.

        Freezing is a race with processes that are just being made, which the engine gives up after a while and leaves
        to its caller to run again.
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
        """It goes on as if nothing had been."""
        docker("unpause", self.name)

    def logs(self) -> str:
        """Everything that it printed."""
        return docker("logs", self.name, check=False)

    def remove(self) -> None:
        """With its data."""
        docker("rm", "--force", "--volumes", self.name, check=False)


@dataclass(frozen=True)
class Database:
    """MySQL with a schema and a user for each service, as durable as the cluster's."""

    container: Container
    port: int

    def url(self, user: str, schema: str) -> str:
        """For SQLAlchemy."""
        return f"mysql+pymysql://{user}:{PASSWORD}@127.0.0.1:{self.port}/{schema}?ssl_disabled=true"

    def run(self) -> None:
        """Make it, and return when all four schemas are there."""
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
        """Whether it can be asked."""
        engine = create_engine(self.url("root", ""), connect_args={"connect_timeout": 2, "read_timeout": 2})
        try:
            with engine.connect() as connection:
                return bool(connection.execute(text("SELECT 1")).scalar_one())
        except SQLAlchemyError:
            return False
        finally:
            engine.dispose()


@dataclass(frozen=True)
class Broker:
    """RabbitMQ with the cluster's queues, users and rights."""

    container: Container
    port: int
    management_port: int

    def url(self, user: str, port: int | None = None) -> str:
        """BROKER_URL; `port` where it is reached through something in between."""
        return f"amqp://{user}:{PASSWORD}@127.0.0.1:{port or self.port}/"

    def run(self, folder: Path) -> None:
        """Make it, and return when it answers."""
        definitions = json.loads(document())
        definitions["users"] = [{"name": name, "password": PASSWORD, "tags": []} for name in PROGRAMS]
        definitions["users"].append({"name": "admin", "password": PASSWORD, "tags": ["administrator"]})
        everything = {"user": "admin", "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"}
        definitions["permissions"].append(everything)
        file = folder / "definitions.json"
        file.write_text(json.dumps(definitions))
        file.chmod(0o644)
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
        """Whether it holds our queues."""
        try:
            return bool(self.depths())
        except httpx.HTTPError:
            return False

    def depths(self) -> dict[str, int]:
        """How many messages each queue holds, those under way to a consumer among them."""
        address = f"http://127.0.0.1:{self.management_port}/api/queues"
        wanted = {"disable_stats": "true", "enable_queue_totals": "true"}
        answer = httpx.get(address, params=wanted, auth=("admin", PASSWORD), timeout=10)
        return {each["name"]: each.get("messages", 0) for each in answer.raise_for_status().json()}
