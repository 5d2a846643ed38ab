"""The compared systems on one MySQL: our five processes and the two of the baseline."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Engine, create_engine, text

from bench.accounting import pid_of
from bench.load.requests import Request
from bench.servers import Servers
from chaos.containers import PASSWORD, PROGRAMS, SERVICES, until
from chaos.processes import Process, wait_until_ready
from deploy.cluster import CALLS
from services.auth.actions import keys
from services.auth.settings import Settings as AuthSettings
from services.auth.tokens import SIGNING_KEYS, KeyCipher, TokenIssuer
from shared import ids
from shared.database.engine import Database
from shared.security.derived_keys import caller_key
from shared.testing.ports import free_port

READY_SECONDS = 60.0
TOKEN_SECONDS = 3_600
LOGIN = 1
NO_LIMIT = "10000000/minute"
API = "/api/v1"


class System(Protocol):
    """One side of a comparison."""

    @property
    def name(self) -> str:
        """Its name in tables."""

    @property
    def base(self) -> int:
        """The base in which its ids are written."""

    def tiers(self) -> dict[str, list[int]]:
        """Its first processes, by tier."""

    def port(self, *, through_gateway: bool = True) -> int:
        """The port to send requests to."""

    def settle(self) -> float:
        """Wait until no background work is left. Returns the seconds."""


def id_text(system: System, id_: int) -> str:
    """An id in its wire format."""
    return ids.encode(id_) if system.base == 16 else str(id_)


def feed(token: str, limit: int = 10) -> Request:
    """A request for the home feed."""
    return Request("GET", f"{API}/feed?limit={limit}", token)


def person(system: System, token: str, author: int, limit: int = 10) -> Request:
    """A request for the posts of a user."""
    return Request("GET", f"{API}/users/{id_text(system, author)}/posts?limit={limit}", token)


def new_post(system: System, token: str, media_id: int) -> Request:
    """A request that creates a post of an upload."""
    named: Any = ids.encode(media_id) if system.base == 16 else media_id
    return Request("POST", f"{API}/posts", token, json.dumps({"media_ids": [named], "caption": "Just now"}).encode())


def like(system: System, token: str, post_id: int) -> Request:
    """A request that likes a post."""
    return Request("PUT", f"{API}/posts/{id_text(system, post_id)}/like", token)


class Signer:
    """Issues tokens with auth's own key, without logins."""

    def __init__(self, servers: Servers) -> None:
        settings = AuthSettings(secret=_secret("auth"), database_url=servers.database.url("auth", "auth"))  # type: ignore[arg-type] # pydantic turns the text into a secret
        database = Database(settings.database_url, pool_size=1)
        self._mint = TokenIssuer(settings.token_issuer, settings.token_audience, TOKEN_SECONDS)
        self._mint.load(database.write(keys.load_or_create_keys, KeyCipher(settings.key(SIGNING_KEYS))))
        database.close()

    def token(self, person_id: int) -> str:
        """Valid for an hour."""
        return self._mint.access_token(person_id, LOGIN)

    def public_key(self) -> dict[str, Any]:
        """The JWK that verifies them."""
        found: dict[str, Any] = asyncio.run(self._mint.key_set())["keys"][-1]
        return found


@dataclass
class Ours:
    """Its processes with the settings of production, except for cheap passwords, high rate limits, unverified users."""

    folder: Path
    servers: Servers
    settings: Mapping[str, str] = field(default_factory=dict)
    name: str = "ours"
    base: int = 16
    processes: dict[str, Process] = field(init=False)
    engines: dict[str, Engine] = field(init=False)

    def __post_init__(self) -> None:
        ports = {name: free_port() for name in PROGRAMS}
        self.processes = {name: self._process(name, ports) for name in PROGRAMS}
        url = self.servers.database.url
        self.engines = {name: create_engine(url("root", name), pool_pre_ping=True) for name in SERVICES}

    def migrate(self) -> None:
        """Create all tables."""
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda name: self.processes[name].run_once("migrate"), SERVICES))

    def write_timelines(self) -> None:
        """Of all feeds, by the command for operators."""
        self.processes["posts"].run_once("rebuild-feed")

    def start(self) -> None:
        """Return when all are ready."""
        start(self.processes.values())

    def stop(self) -> None:
        stop(self.processes.values())

    def tiers(self) -> dict[str, list[int]]:
        """Its first processes, by tier."""
        return {
            "gateway": [self.processes["gateway"].pid],
            "service": [self.processes[name].pid for name in SERVICES],
            "database": [pid_of(self.servers.database.container)],
            "broker": [pid_of(self.servers.broker.container)],
        }

    def port(self, *, through_gateway: bool = True) -> int:
        """The port to send requests to."""
        return self.processes["gateway" if through_gateway else "posts"].port

    def settle(self) -> float:
        """Until every post is fanned out and every event published."""
        return until(self._is_quiet, 300, "nothing is left to do")

    def _is_quiet(self) -> bool:
        return not self.left("posts", "pushes") and not any(
            self.left(name, "outbox WHERE published_at IS NULL") for name in SERVICES
        )

    def left(self, service: str, rows: str) -> int:
        """The number of these rows."""
        with self.engines[service].connect() as connection:
            return int(connection.execute(text(f"SELECT COUNT(*) FROM {rows}")).scalar_one())  # noqa: S608 - our own words

    def _process(self, name: str, ports: Mapping[str, int]) -> Process:
        told = {f"{each.upper()}_URL": f"http://127.0.0.1:{port}" for each, port in ports.items()}
        told |= {
            "ENVIRONMENT": "production",
            "SECRET": _secret(name),
            "CALLERS": json.dumps({caller: caller_key(_secret(caller), name) for caller in CALLS.get(name, ())}),
            "BROKER_URL": self.servers.broker.url(name),
            "METRICS_PORT": str(free_port()),
            "ACCESS_TOKEN_SECONDS": str(TOKEN_SECONDS),
            "ARGON2_MEMORY_KIB": "64",
            "ARGON2_ITERATIONS": "1",
            "UNVERIFIED_MAY_POST": "true",
        }
        module = "gateway.main" if name == "gateway" else f"services.{name}.main"
        if name in SERVICES:
            told["DATABASE_URL"] = self.servers.database.url(name, name)
            told["STORAGE_URL"] = (self.folder / "files" / name).as_uri()
        else:
            told |= dict.fromkeys(("RATE_PERSON", "RATE_ANONYMOUS", "RATE_SIGNUPS"), NO_LIMIT)
        return Process(name, ["-m", module], {**told, **self.settings}, self.folder, ports[name])


@dataclass
class Baseline:
    """The baseline's gateway and its only service."""

    folder: Path
    servers: Servers
    public_key: dict[str, Any]
    name: str = "baseline"
    base: int = 10
    processes: dict[str, Process] = field(init=False)

    def __post_init__(self) -> None:
        ports = {"posts": free_port(), "gateway": free_port()}
        told = {
            "PUBLIC_KEY": json.dumps(self.public_key),
            "POSTS_URL": f"http://127.0.0.1:{ports['posts']}",
            "DATABASE_URL": f"mysql+asyncmy://root:{PASSWORD}@127.0.0.1:{self.servers.database.port}/baseline",
        }
        self.processes = {
            name: Process(f"baseline-{name}", ["-m", f"bench.baseline.{name}"], told, self.folder, port)
            for name, port in ports.items()
        }

    def start(self) -> None:
        """Return when both are ready."""
        start(self.processes.values())

    def stop(self) -> None:
        stop(self.processes.values())

    def tiers(self) -> dict[str, list[int]]:
        """Its first processes, by tier."""
        return {
            "gateway": [self.processes["gateway"].pid],
            "service": [self.processes["posts"].pid],
            "database": [pid_of(self.servers.database.container)],
        }

    def port(self, *, through_gateway: bool = True) -> int:
        """The port to send requests to."""
        return self.processes["gateway" if through_gateway else "posts"].port

    def settle(self) -> float:
        """Nothing to wait for."""
        return 0.0


def start(processes: Iterable[Process]) -> None:
    """Return when they are ready. Raises NotReady."""
    begun = list(processes)
    for process in begun:
        process.start()
    wait_until_ready(begun, lambda: all(process.is_ready() for process in begun), READY_SECONDS)


def stop(processes: Iterable[Process]) -> None:
    """All at the same time."""
    with ThreadPoolExecutor() as pool:
        list(pool.map(Process.stop, processes))


def _secret(name: str) -> str:
    return f"{name}-only-for-measurements-on-loopback"
