"""The cluster mode: five processes, MySQL and RabbitMQ in containers, one service behind a proxy that can be cut."""

import json
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

import httpx
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from chaos.containers import (
    PASSWORD,
    PROGRAMS,
    SERVICES,
    Broker,
    BrokerServers,
    Container,
    Database,
    DatabaseServers,
    until,
)
from chaos.processes import Process, wait_until_ready
from chaos.system import ACCESS_TOKEN_SECONDS, BROKER_COUNTS_AGE_SECONDS, CHEAP_PASSWORD_HASHES, Fault
from chaos.tcp_proxy import TcpProxy
from deploy.cluster import CALLS
from shared import clock, ids
from shared.database.primary import use_primary
from shared.security.derived_keys import caller_key
from shared.testing.ports import free_port

READY_SECONDS = 600.0
RECOVERY_SECONDS = 60.0
FELT_FACTS = 10


class Cluster:
    """The system as in a cluster, on loopback."""

    def __init__(
        self,
        folder: Path,
        *,
        proxied: str,
        modules: Mapping[str, list[str]] | None = None,
        settings: Mapping[str, str] | None = None,
        with_broker: bool = True,
        database: DatabaseServers | None = None,
        broker: BrokerServers | None = None,
    ) -> None:
        run = secrets.token_hex(3)
        mysql, rabbitmq = Container(f"shutter-chaos-{run}-mysql"), Container(f"shutter-chaos-{run}-rabbitmq")
        self.database = database or Database(mysql, free_port())
        self.broker = broker or Broker(rabbitmq, free_port(), free_port())
        self.wire = TcpProxy(free_port(), self.broker.port)
        self.proxied = proxied
        self._folder = folder
        self._with_broker = with_broker
        self.counts_age_seconds = BROKER_COUNTS_AGE_SECONDS if with_broker else 0.0
        self._hung_since = 0
        self._settings = dict(settings or {})
        self._ports = {name: free_port() for name in PROGRAMS}
        self.files = {name: folder / "files" / name for name in ("auth", "posts", "dm")}
        self.processes = {name: self._process(name, (modules or {}).get(name)) for name in PROGRAMS}
        self.base_url = self.processes["gateway"].url
        self.engines: dict[str, Engine] = {
            name: create_engine(self.database.url("root", name), pool_pre_ping=True) for name in SERVICES
        }
        for engine in self.engines.values():
            use_primary(engine)

    def start(self) -> None:
        """Start everything, and return when it is ready. Raises NotReady."""
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda make: make(), self._containers()))
            list(pool.map(lambda name: self.processes[name].run_once("migrate"), SERVICES))
        self.wire.start()
        for process in self.processes.values():
            process.start()
        ready = self.is_ready if self._with_broker else self.is_up
        wait_until_ready(self.processes.values(), ready, READY_SECONDS)

    def stop(self) -> None:
        """Stop and remove everything."""
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda process: process.stop(), self.processes.values()))
        self.wire.stop()
        for engine in self.engines.values():
            engine.dispose()
        self.broker.remove()
        self.database.remove()

    def faults(self) -> list[Fault]:
        """Possible faults besides kills of its processes."""
        if not isinstance(self.broker, Broker) or not isinstance(self.database, Database):
            return []  # a scenario of its own kills one of three nodes
        broker, database = self.broker.container, self.database.container
        return [
            Fault("kill", "broker", broker.kill, broker.start, 3),
            Fault("kill", "database", database.kill, database.start, 2),
            Fault("hang", "broker", broker.pause, broker.unpause, 15),
            Fault(
                "hang and kill",
                "broker",
                lambda: self._hang(broker),
                broker.kill_and_start,
                8,
                self._sent_into_the_hang,
            ),
            Fault("hang", "database", database.pause, database.unpause, 10),
            Fault("partition", self.proxied, self.wire.cut, self.wire.restore, 30),
        ]

    def _hang(self, broker: Container) -> None:
        """Only when every process is connected: otherwise nothing is sent to the broker."""
        with suppress(TimeoutError):
            until(self.is_ready, RECOVERY_SECONDS, "every process is ready")
        broker.stop_processes()
        self._hung_since = clock.now()  # afterwards: the broker has read what was sent before it was stopped

    def _sent_into_the_hang(self) -> bool:
        """Whether several events were sent and not read: a relay has timed out, or has marked them."""
        statement = text("SELECT COUNT(*) FROM outbox WHERE id > :since AND (tries > 0 OR published_at IS NOT NULL)")
        since = {"since": ids.first_id_at(self._hung_since)}
        try:
            found = 0
            for engine in self.engines.values():
                with engine.connect() as connection:
                    found += connection.execute(statement, since).scalar_one()
        except SQLAlchemyError:
            return False
        return found >= FELT_FACTS

    def is_ready(self) -> bool:
        """Whether every part reports that it is ready."""
        return all(process.is_ready() for process in self.processes.values())

    def is_up(self) -> bool:
        """Whether requests are served, with or without the broker."""
        try:
            return httpx.get(f"{self.base_url}/api/v1/posts", timeout=5).status_code == httpx.codes.OK and all(
                httpx.get(f"{process.url}/healthz", timeout=5).is_success for process in self.processes.values()
            )
        except httpx.HTTPError:
            return False

    def waiting_messages(self) -> dict[str, int]:
        """Messages in the broker, by queue; empty queues are left out."""
        if not self._with_broker:
            return {}
        return {name: depth for name, depth in self.broker.depths().items() if depth}

    def printed(self) -> dict[str, str]:
        """All logs, by process."""
        logs = {name: process.log.read_text(errors="replace") for name, process in self.processes.items()}
        logs["mysql"] = self.database.logs()
        return {**logs, "rabbitmq": self.broker.logs()} if self._with_broker else logs

    def _containers(self) -> list[Callable[[], None]]:
        servers = [self.database.run, *([self.broker.run] if self._with_broker else [])]
        return [partial(run, self._folder) for run in servers]

    def _process(self, name: str, module: list[str] | None) -> Process:
        module = module or ["-m", "gateway.main" if name == "gateway" else f"services.{name}.main"]
        urls = {f"{each.upper()}_URL": f"http://127.0.0.1:{port}" for each, port in self._ports.items()}
        settings = {
            **urls,
            **CHEAP_PASSWORD_HASHES,
            "BROKER_URL": self.broker.url(name, self.wire.port if name == self.proxied else None),
            "SECRET": f"{name}-{PASSWORD}",
            "CALLERS": json.dumps({caller: caller_key(f"{caller}-{PASSWORD}", name) for caller in CALLS.get(name, ())}),
            "ACCESS_TOKEN_SECONDS": str(ACCESS_TOKEN_SECONDS),
            "DECODERS": "1",
            "LOG_LEVEL": "info",
            "MAIL_URL": (self._folder / "mails").as_uri(),  # messages have names; in the log they would be differences
            **self._settings,
        }
        if name in SERVICES:
            settings["DATABASE_URL"] = self.database.url(name, name)
            settings["STORAGE_URL"] = (self._folder / "files" / name).as_uri()
        return Process(name, module, settings, self._folder, self._ports[name])
