"""The whole of Shutter in one process: four services and the gateway, on SQLite files and the in-process bus.

They are ordinary servers on loopback in one event loop, so that a request takes the same way as in a cluster.
`PORT` (8080) and `DATA_DIR` (./data) are read from the environment; everything else has a default.
"""

import asyncio
import contextlib
import importlib
import json
import os
import secrets
import signal
import socket
import sys
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any

import httpx
import uvicorn
import uvloop
from fastapi import FastAPI
from pydantic import SecretStr

import gateway.app
import gateway.server.server
import gateway.settings
from deploy.cluster import CALLS
from shared import logs, metrics
from shared.database import migrations
from shared.database.engine import Database
from shared.events.in_memory import InMemoryBus
from shared.security.derived_keys import caller_key
from shared.server.config import Server, freeze_gc, server_options
from shared.service_list import NAMES
from shared.settings import Settings


class Trouble(Exception):
    """Something that whoever started us can mend; the text says how."""


def main() -> None:
    """Start, tell where to look, and run until Ctrl-C."""
    os.umask(0o077)  # databases, photos and the secret are for nobody else on this machine
    try:
        logs.configure(_environment("LOG_LEVEL", "warning"), "development")
        data = _data_folder(Path(_environment("DATA_DIR", "data")))
        door = _door(_environment("HOST", "127.0.0.1"), _port(_environment("PORT", "8080")))
        uvloop.run(_run(data, door))
    except Trouble as trouble:
        sys.exit(f"Shutter cannot start: {trouble}")


async def _run(data: Path, door: socket.socket) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    rooms = {name: _listener() for name in NAMES}
    listeners = [*rooms.values(), door]
    servers, unlimited = await asyncio.to_thread(_servers, data, rooms)
    freeze_gc()
    running = [
        asyncio.create_task(server.serve(sockets=[listener]))
        for server, listener in zip(servers, listeners, strict=True)
    ]
    ending = asyncio.create_task(stopping.wait())
    greeting = asyncio.create_task(_greet(data, door, unlimited=unlimited))
    await asyncio.wait([ending, *running], return_when=asyncio.FIRST_COMPLETED)
    greeting.cancel()
    ending.cancel()
    for server, task in reversed(list(zip(servers, running, strict=True))):  # the gateway first
        server.should_exit = True
        await task
    if not stopping.is_set():
        raise Trouble("a part of it ended by itself; the lines above tell why.")


def _servers(data: Path, rooms: dict[str, socket.socket]) -> tuple[list[uvicorn.Server], bool]:
    """All five, wired to one another and to one bus, the gateway last; and whether anything is without a limit."""
    keys = _secrets(data)
    urls = {name: f"http://127.0.0.1:{listener.getsockname()[1]}" for name, listener in rooms.items()}
    bus = InMemoryBus()
    metrics.serve("127.0.0.1", _optional_port("METRICS_PORT"))
    servers: list[uvicorn.Server] = []
    for name in NAMES:
        app_module: Any = importlib.import_module(f"services.{name}.app")
        settings = importlib.import_module(f"services.{name}.settings").Settings(**_settings(name, data, urls, keys))
        _migrate(settings, Path(app_module.__file__).parent)
        app: FastAPI = app_module.create_app(settings, bus)
        servers.append(_Room(uvicorn.Config(app, **server_options())))
    outside: dict[str, Any] = {f"{name}_url": url for name, url in urls.items()}
    lifetime = _seconds("ACCESS_TOKEN_SECONDS", 600)
    door = gateway.settings.Settings(
        secret=SecretStr(keys["gateway"]),
        access_token_seconds=lifetime,
        revocations_seconds=60,  # no broker can be away: events tell all of them
        **outside,
    )
    unlimited = gateway.settings.NO_LIMIT in door.rates.values()
    return [*servers, _Door(gateway.app.create_app(door, bus))], unlimited


def _settings(name: str, data: Path, urls: dict[str, str], keys: dict[str, str]) -> dict[str, Any]:
    return {
        "database_url": f"sqlite:///{data / name}.db",
        "storage_url": (data / "files" / name).as_uri(),
        "secret": keys[name],
        "callers": {caller: caller_key(keys[caller], name) for caller in CALLS.get(name, ())},
        "access_token_seconds": _seconds("ACCESS_TOKEN_SECONDS", 600),
        "auth_url": urls["auth"],
        "posts_url": urls["posts"],
    }


def _migrate(settings: Settings, folder: Path) -> None:
    database = Database(settings.database_url, pool_size=1)
    migrations.upgrade(database, folder / "migrations")
    database.close()


def _secrets(data: Path) -> dict[str, str]:
    """Each room's secret, made at the first start. Without them the tokens, links and handles of old are void."""
    path = data / "secrets.json"
    if not path.exists():
        fresh = {name: secrets.token_urlsafe(32) for name in (*NAMES, "gateway")}
        part = path.with_suffix(".part")
        part.touch(mode=0o600)
        part.write_text(json.dumps(fresh, indent=1))
        part.replace(path)
    try:
        found: dict[str, str] = json.loads(path.read_text())
    except ValueError as problem:
        raise Trouble(f"{path} is damaged; restore it from a backup, or remove {data} to start anew.") from problem
    return found


def _data_folder(path: Path) -> Path:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        _close(path)
        (path / ".writable").touch()
        (path / ".writable").unlink()
    except OSError as problem:
        raise Trouble(
            f"the data folder {path} cannot be written ({problem.strerror}); name another one with DATA_DIR=..."
        ) from problem
    return path.resolve()


def _close(data: Path) -> None:
    """Close what an earlier version left open to others. The folder itself may be somebody's who keeps more in it."""
    for path in (*data.glob("*.db*"), *data.glob("files")):
        path.chmod(0o700 if path.is_dir() else 0o600)


def _door(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=2048)
    except OSError as problem:
        raise Trouble(
            f"port {port} cannot be opened ({problem.strerror}); choose another one with PORT=..."
        ) from problem


def _listener() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0), backlog=2048)


async def _greet(data: Path, door: socket.socket, *, unlimited: bool) -> None:
    host, port = door.getsockname()[:2]
    bound = ip_address(host)
    address = f"http://{'localhost' if bound.is_loopback or bound.is_unspecified else host}:{port}"
    await _ready(f"http://{'127.0.0.1' if bound.is_unspecified else host}:{port}/readyz")
    print(
        f"\n  Shutter is ready on {address}\n\n"
        f"  Documentation  {address}/docs\n"
        f"  Your data      {data}\n"
        f"  Fill it        make demo    (in another terminal)\n"
        f"  Stop it        Ctrl-C\n{_warning(bound, unlimited=unlimited)}",
        flush=True,
    )


def _warning(bound: IPv4Address | IPv6Address, *, unlimited: bool) -> str:
    """What to know before strangers come; nothing where they cannot, or are limited."""
    if bound.is_loopback or not unlimited:
        return ""
    return (
        f"\n  Careful: others can reach {bound}, and nobody is limited in how often they ask.\n"
        "  ENVIRONMENT=production sets the limits of docs/gateway.md.\n"
    )


async def _ready(address: str) -> None:
    async with httpx.AsyncClient(timeout=2.0) as http:
        while True:
            with contextlib.suppress(httpx.HTTPError):
                if (await http.get(address)).is_success:
                    return
            await asyncio.sleep(0.05)


class _Deaf:
    """Signals are for the process, not for one of its servers."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them alone."""
        yield


class _Room(_Deaf, Server):
    """A service."""


class _Door(_Deaf, gateway.server.server.GatewayServer):
    """The gateway."""


def _environment(name: str, default: str) -> str:
    return os.environ.get(name) or default


def _port(given: str) -> int:
    if not given.isdecimal() or int(given) > 65_535:
        raise Trouble(f"PORT={given} is not a port; choose a number from 1 to 65535.")
    return int(given)


def _optional_port(name: str) -> int | None:
    given = os.environ.get(name)
    return _port(given) if given else None


def _seconds(name: str, default: int) -> int:
    given = _environment(name, str(default))
    if not given.isdecimal() or not 1 <= int(given) <= 3_600:
        raise Trouble(f"{name}={given} is not a number of seconds from 1 to 3600.")
    return int(given)


if __name__ == "__main__":
    main()
