"""The rate of events from the outbox to confirmed, compared with a relay that awaits each publish."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from urllib.parse import quote

import httpx
import uvloop
from sqlalchemy import MetaData, Table, create_engine, insert, text
from sqlalchemy.schema import CreateIndex, CreateTable

from bench.costs import Ratio
from bench.environment import Environment
from bench.report import Report
from bench.servers import Servers
from chaos.containers import PASSWORD
from shared import clock, ids
from shared.database.engine import Database
from shared.events.bus import Bus, Receive
from shared.events.envelope import Event
from shared.events.outbox import BATCH_SIZE, Relay, outbox_table
from shared.events.rabbitmq import RabbitBus
from shared.events.topology import ServiceTopology, definitions
from shared.server.config import freeze_gc

AT_LEAST = 5.0
FACTS = 3_000
SCHEMA = "relayed"
VHOST = "relayed"
NAME = "thing.happened.v1"
CONNECT_SECONDS = 10.0


@dataclass(frozen=True)
class OneByOne:
    """A bus that awaits each publish, for comparison."""

    bus: Bus

    @property
    def connected(self) -> bool:
        """Of the wrapped bus."""
        return self.bus.connected

    async def publish(self, events: Sequence[Event]) -> list[bool]:
        """One after another."""
        return [(await self.bus.publish([event]))[0] for event in events]

    def subscribe(self, service: str, names: Collection[str], receive: Receive) -> None:
        """Of the wrapped bus."""
        self.bus.subscribe(service, names, receive)

    def subscribe_ephemeral(self, service: str, names: Collection[str], receive: Receive) -> None:
        """Of the wrapped bus."""
        self.bus.subscribe_ephemeral(service, names, receive)

    async def start(self) -> None:
        """Of the wrapped bus."""
        await self.bus.start()

    async def stop(self) -> None:
        """Of the wrapped bus."""
        await self.bus.stop()


def measure(environment: Environment, report: Report) -> None:
    """The same relay, table and broker; only the bus differs."""
    outbox = outbox_table(MetaData())
    _make_schema(environment.servers, outbox)
    _make_vhost(environment.servers)
    database = Database(environment.servers.database.url("root", SCHEMA), pool_size=2)
    freeze_gc()
    rates = uvloop.run(_rates(environment, database, outbox))  # as in the services
    database.close()
    rows = [(name, *(f"{rate:,.0f}" for rate in each)) for name, each in rates.items()]
    report.table(
        "Facts a second, outbox to confirmed",
        ("", *(f"round {n + 1}" for n in range(environment.options.rounds))),
        rows,
    )
    middle = {name: median(each) for name, each in rates.items()}
    report.picture("outbox", "Facts a second from the outbox to confirmed", middle, "/s")
    ratio = Ratio.of(rates["ours"], rates["awaiting each"])
    report.goal(
        "rate, times that of awaiting each publish",
        f"at least {AT_LEAST:.0f}",
        str(ratio),
        held=ratio.median >= AT_LEAST,
    )


async def _rates(environment: Environment, database: Database, outbox: Table) -> dict[str, list[float]]:
    bus = RabbitBus(f"{environment.servers.broker.url('admin')}{VHOST}")
    await bus.start()
    async with asyncio.timeout(CONNECT_SECONDS):
        while not bus.connected:  # noqa: ASYNC110 - it tells nobody when it is
            await asyncio.sleep(0.05)
    relays = {"ours": Relay(database, outbox, bus), "awaiting each": Relay(database, outbox, OneByOne(bus))}
    rates: dict[str, list[float]] = {name: [] for name in relays}
    for _ in range(environment.options.rounds):
        for name, relay in relays.items():
            _announce(database, outbox)
            began = perf_counter()
            while await relay.step():
                pass
            rates[name].append(FACTS / (perf_counter() - began))
    await bus.stop()
    return rates


def _announce(database: Database, outbox: Table) -> None:
    fact = {"type": "thing.happened", "version": 1, "request_id": "bench", "data": {"thing_id": "0037a52d5f400001"}}
    for _ in range(FACTS // BATCH_SIZE):
        rows = [
            {"id": ids.new(), "occurred_at": clock.now(), "tries": 0, "not_before": 0, **fact}
            for _ in range(BATCH_SIZE)
        ]
        with database.engine.begin() as tx:
            tx.execute(insert(outbox), rows)


def _make_schema(servers: Servers, outbox: Table) -> None:
    engine = create_engine(servers.database.url("root", "mysql"))
    with engine.begin() as tx:
        tx.execute(text(f"DROP SCHEMA IF EXISTS {SCHEMA}"))
        tx.execute(text(f"CREATE SCHEMA {SCHEMA}"))
        tx.execute(text(f"USE {SCHEMA}"))
        tx.execute(CreateTable(outbox))
        for index in outbox.indexes:
            tx.execute(CreateIndex(index))
        tx.execute(text("USE mysql"))
    engine.dispose()


def _make_vhost(servers: Servers) -> None:
    """With one queue that stores the published events."""
    topology = definitions({"listener": ServiceTopology((), {NAME})}, VHOST)
    del topology["vhosts"]
    local = {
        kind: [{name: value for name, value in each.items() if name != "vhost"} for each in things]
        for kind, things in topology.items()
    }
    address = f"http://127.0.0.1:{servers.broker.management_port}/api"
    with httpx.Client(base_url=address, auth=("admin", PASSWORD), timeout=30) as management:
        management.delete(f"/vhosts/{VHOST}")
        management.put(f"/vhosts/{VHOST}").raise_for_status()
        management.post(f"/definitions/{quote(VHOST, safe='')}", json=local).raise_for_status()
