"""The measured standalone process, and requests to it."""

import json
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from bench.accounting import resident
from deploy.tests.standalone_process import REPOSITORY, Standalone
from shared.testing.ports import free_port

PASSWORD = "correct horse battery"  # noqa: S105 - of people who exist only here
API = "/api/v1"
TIMEOUT = aiohttp.ClientTimeout(total=30)


@dataclass(frozen=True)
class Answer:
    """A response: status, duration and body."""

    status: int
    seconds: float
    body: dict[str, Any]


@dataclass
class System:
    """The measured system, and its users."""

    base: str
    metrics_port: int
    """Of auth."""
    pids: list[int]
    rotate_keys: Callable[[], str]
    """By the command that an operator would use; what it prints."""
    people: list[str] = field(default_factory=list)

    async def hashed(self, web: aiohttp.ClientSession) -> int:
        """Passwords verified against a hash so far."""
        async with web.get(f"http://127.0.0.1:{self.metrics_port}/metrics") as answer:
            found = re.search(r"^passwords_verified_total (\S+)$", await answer.text(), re.MULTILINE)
        return int(float(found[1])) if found else 0

    def memory(self) -> float:
        """Megabytes of its processes."""
        return sum(resident(pid) for pid in self.pids)


@contextmanager
def running_system(folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[System]:
    """The standalone process, with these settings."""
    port = free_port()
    standalone = Standalone(folder / "data", settings={"METRICS_PORT": str(port), **(settings or {})})

    def rotate_keys() -> str:
        own = {
            "DATABASE_URL": f"sqlite:///{standalone.data_dir / 'auth.db'}",
            "SECRET": json.loads((standalone.data_dir / "secrets.json").read_text())["auth"],
        }
        command = [sys.executable, "-m", "services.auth.main", "rotate-keys"]
        done = subprocess.run(  # noqa: S603 - our own command
            command, cwd=REPOSITORY, env=os.environ | own, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    try:
        standalone.start()
        yield System(standalone.base_url, port, [standalone.running().pid], rotate_keys)
    finally:
        standalone.kill()


@asynccontextmanager
async def http_client(base: str, address: str = "127.0.0.1") -> AsyncIterator[aiohttp.ClientSession]:
    """A client with this source address."""
    connector = aiohttp.TCPConnector(limit=0, local_addr=(address, 0))
    async with aiohttp.ClientSession(base, connector=connector, timeout=TIMEOUT) as web:
        yield web


async def ask(web: aiohttp.ClientSession, method: str, path: str, token: str = "", body: Any = None) -> Answer:
    """One request and its complete response."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    began = time.perf_counter()
    async with web.request(method, API + path, json=body, headers=headers) as answer:
        text = await answer.read()
    return Answer(answer.status, time.perf_counter() - began, json.loads(text) if text else {})


async def log_in(web: aiohttp.ClientSession, who: str, password: str = PASSWORD) -> Answer:
    return await ask(web, "POST", "/auth/login", body={"identifier": who, "password": password})


async def sign_up(web: aiohttp.ClientSession) -> str:
    nickname = f"n{secrets.token_hex(8)}"
    body = {"email": f"{nickname}@example.org", "name": "N", "nickname": nickname, "password": PASSWORD}
    answer = await ask(web, "POST", "/auth/signup", body=body)
    if answer.status != 201:
        raise RuntimeError(f"sign-up answered {answer}")
    return nickname
