"""RabbitMQ as a cluster and MySQL as a group, three nodes each, configured as docs/scaling.md describes."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from chaos.containers import (
    DEPLOY,
    PASSWORD,
    SERVICES,
    START_SECONDS,
    Container,
    NoEngine,
    definitions_file,
    docker,
    until,
)
from shared.database.primary import use_primary
from shared.testing.ports import free_port

NODES = (1, 2, 3)
GROUP = "6f1f0c56-7a0e-4c3b-9d55-0d5b1b9a3c11"
"""The name of the MySQL group: any UUID."""
REPLICATION_PASSWORD = PASSWORD[:32]
"""MySQL allows no longer one."""
FORM_SECONDS = START_SECONDS


@dataclass(frozen=True)
class BrokerCluster:
    """Three nodes of RabbitMQ. Every durable queue is a quorum queue with a member on each."""

    name: str
    ports: list[int] = field(default_factory=lambda: [free_port() for _ in NODES])
    management_ports: list[int] = field(default_factory=lambda: [free_port() for _ in NODES])

    @property
    def nodes(self) -> list[Container]:
        """The containers."""
        return [Container(f"{self.name}-rabbitmq-{number}") for number in NODES]

    @property
    def port(self) -> int:
        """Of the first node."""
        return self.ports[0]

    def url(self, user: str, port: int | None = None) -> str:  # noqa: ARG002 - no node is reached through a proxy
        """BROKER_URL with all nodes."""
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.ports)
        return f"amqp://{user}:{PASSWORD}@{hosts}/"

    def run(self, folder: Path) -> None:
        """Start the nodes, and load the definitions when they are one cluster: each queue then has three members."""
        docker("network", "create", self._network)
        definitions, conf = definitions_file(folder), folder / "rabbitmq.conf"
        lines = (DEPLOY / "rabbitmq" / "rabbitmq.conf").read_text().splitlines()
        own = [each for each in lines if not each.startswith("definitions.")]
        conf.write_text("\n".join([*own, (DEPLOY / "rabbitmq" / "three-nodes.conf").read_text()]))
        conf.chmod(0o644)
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda number: self._run_node(number, definitions, conf), NODES))
        first = self.nodes[0].name
        until(lambda: self._running(first) == len(NODES), FORM_SECONDS, "three nodes are one cluster")
        docker("exec", first, "rabbitmqctl", "import_definitions", "/etc/rabbitmq/definitions.json")
        until(self.answers, START_SECONDS, "RabbitMQ answers")

    def kill(self) -> None:
        """Kill one node, as a crash: the leader of some queues, to which some programs are connected."""
        self.nodes[1].kill()

    def start(self) -> None:
        """Start the killed node, and return when it is in the cluster again."""
        self.nodes[1].start()
        until(lambda: self._running(self.nodes[0].name) == len(NODES), FORM_SECONDS, "three nodes are one cluster")

    def remove(self) -> None:
        """Remove everything."""
        for node in self.nodes:
            node.remove()
        docker("network", "rm", self._network, check=False)

    def logs(self) -> str:
        """The output of all nodes."""
        return "".join(node.logs() for node in self.nodes)

    def answers(self) -> bool:
        """Whether it has the queues."""
        try:
            return bool(self.depths())
        except httpx.HTTPError:
            return False

    def depths(self) -> dict[str, int]:
        """The number of messages in each queue, asked of the first node that answers."""
        wanted = {"disable_stats": "true", "enable_queue_totals": "true"}
        problem: httpx.HTTPError = httpx.ConnectError("no node answers")
        for port in self.management_ports:
            address = f"http://127.0.0.1:{port}/api/queues"
            try:
                answer = httpx.get(address, params=wanted, auth=("admin", PASSWORD), timeout=10).raise_for_status()
            except httpx.HTTPError as error:
                problem = error
            else:
                return {each["name"]: each.get("messages", 0) for each in answer.json()}
        raise problem

    @property
    def _network(self) -> str:
        return f"{self.name}-rabbitmq"

    def _run_node(self, number: int, definitions: Path, conf: Path) -> None:
        host = f"rabbitmq-{number}"
        Container(f"{self.name}-{host}").run(
            "rabbitmq:4-management",
            *(f"--network={self._network}", f"--hostname={host}", f"--network-alias={host}"),
            f"--publish=127.0.0.1:{self.ports[number - 1]}:5672",
            f"--publish=127.0.0.1:{self.management_ports[number - 1]}:15672",
            f"--volume={conf}:/etc/rabbitmq/rabbitmq.conf:ro",
            f"--volume={definitions}:/etc/rabbitmq/definitions.json:ro",
            # The same cookie lets nodes and commands talk to one another.
            f"--env=RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-setcookie {PASSWORD}",
            f"--env=RABBITMQ_CTL_ERL_ARGS=-setcookie {PASSWORD}",
        )

    @staticmethod
    def _running(node: str) -> int:
        try:
            status = json.loads(docker("exec", node, "rabbitmqctl", "--silent", "cluster_status", "--formatter=json"))
        except (NoEngine, ValueError):
            return 0
        return len(status["running_nodes"])


@dataclass
class DatabaseGroup:
    """Three MySQL servers with group replication, of which one accepts writes."""

    name: str
    port: int = field(default_factory=free_port)
    _killed: Container | None = None

    @property
    def nodes(self) -> list[Container]:
        """The containers."""
        return [Container(f"{self.name}-mysql-{number}") for number in NODES]

    def url(self, user: str, schema: str) -> str:
        """DATABASE_URL with all servers: each has another address of this machine."""
        hosts = ",".join(_address(number) for number in NODES)
        return f"mysql+pymysql://{user}:{PASSWORD}@{hosts}:{self.port}/{schema}?ssl_disabled=true"

    def run(self, _folder: Path) -> None:
        """Start the servers, form the group, and return when all four schemas exist."""
        docker("network", "create", self._network)
        with ThreadPoolExecutor() as pool:
            list(pool.map(self._run_server, NODES))
            list(pool.map(self._prepare, NODES))
        first, *others = self.nodes
        self._execute(first, "SET GLOBAL group_replication_bootstrap_group = ON; START GROUP_REPLICATION")
        self._execute(first, "SET GLOBAL group_replication_bootstrap_group = OFF")
        for node in others:
            self._execute(node, "START GROUP_REPLICATION")
        until(lambda: self.online() == len(NODES), FORM_SECONDS, "three servers are one group")
        docker("exec", "--env=MYSQL_HOST=127.0.0.1", first.name, "sh", "/provision.sh")

    def kill(self) -> None:
        """Kill the primary, as a crash."""
        statement = "SELECT MEMBER_HOST FROM performance_schema.replication_group_members WHERE MEMBER_ROLE = 'PRIMARY'"
        host = self._execute(self.nodes[0], statement).strip()
        self._killed = next(node for node in self.nodes if node.name.endswith(host))
        self._killed.kill()

    def start(self) -> None:
        """Start the killed server, and return when it is in the group again."""
        if self._killed is None:
            return
        node, self._killed = self._killed, None
        node.start()
        until(lambda: self._answers(node), START_SECONDS, f"{node.name} answers")
        self._execute(node, "START GROUP_REPLICATION")
        until(lambda: self.online() == len(NODES), FORM_SECONDS, "three servers are one group")

    def remove(self) -> None:
        """Remove everything."""
        for node in self.nodes:
            node.remove()
        docker("network", "rm", self._network, check=False)

    def logs(self) -> str:
        """The output of all servers."""
        return "".join(node.logs() for node in self.nodes)

    def online(self) -> int:
        """How many servers are in the group, as its primary sees it."""
        engine = create_engine(self.url("root", ""), connect_args={"connect_timeout": 2, "read_timeout": 5})
        use_primary(engine)
        statement = "SELECT COUNT(*) FROM performance_schema.replication_group_members WHERE MEMBER_STATE = 'ONLINE'"
        try:
            with engine.connect() as connection:
                return int(connection.execute(text(statement)).scalar_one())
        except SQLAlchemyError:
            return 0
        finally:
            engine.dispose()

    @property
    def _network(self) -> str:
        return f"{self.name}-mysql"

    def _run_server(self, number: int) -> None:
        host = f"mysql-{number}"
        Container(f"{self.name}-{host}").run(
            "mysql:9.7",
            *(f"--network={self._network}", f"--hostname={host}", f"--network-alias={host}"),
            f"--publish={_address(number)}:{self.port}:3306",
            f"--volume={DEPLOY}/mysql/shutter.cnf:/etc/mysql/conf.d/shutter.cnf:ro",
            f"--volume={DEPLOY}/mysql/three-nodes.cnf:/etc/mysql/conf.d/three-nodes.cnf:ro",
            f"--volume={DEPLOY}/mysql/provision.sh:/provision.sh:ro",
            f"--env=MYSQL_ROOT_PASSWORD={PASSWORD}",
            *(f"--env={name.upper()}_DATABASE_PASSWORD={PASSWORD}" for name in SERVICES),
        )

    def _prepare(self, number: int) -> None:
        """What only this server has: its number, its addresses, and the user by which it copies from another."""
        node = self.nodes[number - 1]
        until(lambda: self._answers(node), START_SECONDS, f"{node.name} answers")
        seeds = ",".join(f"mysql-{each}:33061" for each in NODES)
        self._execute(
            node,
            f"SET PERSIST server_id = {number};"
            f" SET PERSIST group_replication_group_name = '{GROUP}';"
            f" SET PERSIST group_replication_local_address = 'mysql-{number}:33061';"
            f" SET PERSIST group_replication_group_seeds = '{seeds}';"
            " SET SQL_LOG_BIN = 0;"
            f" CREATE USER replication@'%' IDENTIFIED BY '{REPLICATION_PASSWORD}';"
            " GRANT REPLICATION SLAVE, BACKUP_ADMIN, GROUP_REPLICATION_STREAM ON *.* TO replication@'%';"
            " SET SQL_LOG_BIN = 1;"
            f" CHANGE REPLICATION SOURCE TO SOURCE_USER = 'replication', SOURCE_PASSWORD = '{REPLICATION_PASSWORD}'"
            " FOR CHANNEL 'group_replication_recovery';"
            # What the image wrote when it created the server is no transaction of the group.
            " RESET BINARY LOGS AND GTIDS",
        )

    def _answers(self, node: Container) -> bool:
        try:
            # By TCP: the server that the image starts to create its users has only a socket.
            self._execute(node, "SELECT 1")
        except NoEngine:
            return False
        return True

    @staticmethod
    def _execute(node: Container, statement: str) -> str:
        login = ("--protocol=tcp", "--host=127.0.0.1", "--user=root", "--batch", "--skip-column-names")
        return docker("exec", f"--env=MYSQL_PWD={PASSWORD}", node.name, "mysql", *login, f"--execute={statement}")


def _address(number: int) -> str:
    return f"127.0.0.{number}"
