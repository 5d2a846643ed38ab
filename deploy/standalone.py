"""Runs all services and the gateway in one process, on SQLite files and the in-memory bus.

They are ordinary servers in one event loop. The gateway hands requests to their applications without HTTP (decision
0025); what they ask each other, and WebSockets, go over loopback.
`PORT` (8080) and `DATA_DIR` (./data) are read from the environment; everything else has a default.
"""

import asyncio
import contextlib
import importlib
import os
import signal
import socket
import sys
from collections.abc import Iterator
from http import HTTPStatus
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any, get_args

import uvicorn
import uvloop
from fastapi import FastAPI
from pydantic import SecretStr

import gateway.app
import gateway.server.server
import gateway.settings
from deploy.data_folder import StartupError, load_secrets, lock, service_settings
from shared import logs, metrics
from shared.database import migrations
from shared.database.engine import Database
from shared.events.in_memory import InMemoryBus
from shared.http_client.fetch import fetch_once
from shared.http_client.response import RequestFailed
from shared.server.config import Server, freeze_gc, server_options
from shared.service_list import NAMES
from shared.settings import LogLevel, Settings
from shared.tracing import spans

MAX_READINESS_BYTES = 100_000


def main() -> None:
    """Run until Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until the event loop handles it: Ctrl-C prints no traceback
    os.umask(0o077)  # no other user of this machine may read databases, photos and secrets
    try:
        logs.configure(_log_level(), "production" if os.environ.get("ENVIRONMENT") == "production" else "development")
        _configure_traces()
        data = _data_folder(Path(_environment("DATA_DIR", "data")))
        gateway_socket = _gateway_socket(_environment("HOST", "127.0.0.1"), _port(_environment("PORT", "8080")))
        with lock(data):
            uvloop.run(_run(data, gateway_socket))
        spans.flush()
    except StartupError as error:
        sys.exit(f"Shutter cannot start: {error}")
    except KeyboardInterrupt:  # before `_run` handles the signal
        sys.exit(128 + signal.SIGINT)


async def _run(data: Path, gateway_socket: socket.socket) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    service_sockets = {name: _listener() for name in NAMES}
    servers, unlimited = _servers(data, service_sockets, _address(gateway_socket))
    freeze_gc()
    running = [
        asyncio.create_task(server.serve(sockets=[listener]))
        for server, listener in zip(servers[:-1], service_sockets.values(), strict=True)
    ]
    running.append(asyncio.create_task(_serve_gateway(servers, running.copy(), gateway_socket)))
    ending = asyncio.create_task(stopping.wait())
    startup_message = asyncio.create_task(_print_startup_message(data, gateway_socket, unlimited=unlimited))
    await asyncio.wait([ending, *running], return_when=asyncio.FIRST_COMPLETED)
    startup_message.cancel()
    ending.cancel()
    for server, task in reversed(list(zip(servers, running, strict=True))):  # the gateway first
        server.should_exit = True
        await task
    if not stopping.is_set():
        raise StartupError("one of its servers stopped; the log lines above say why.")


async def _serve_gateway(servers: list[Server], running: list[asyncio.Task[None]], listener: socket.socket) -> None:
    """Requests that arrive before all services have started, or one of them has failed, wait in the socket."""
    *services, gateway = servers
    for service, task in zip(services, running, strict=True):
        starting = asyncio.create_task(service.is_serving.wait())
        await asyncio.wait((starting, task), return_when=asyncio.FIRST_COMPLETED)
        starting.cancel()
    await gateway.serve(sockets=[listener])


def _servers(data: Path, service_sockets: dict[str, socket.socket], address: str) -> tuple[list[Server], bool]:
    """All servers on one bus, the gateway last; and whether any rate is unlimited."""
    keys = load_secrets(data)
    urls = {name: f"http://127.0.0.1:{listener.getsockname()[1]}" for name, listener in service_sockets.items()}
    bus = InMemoryBus()
    metrics.serve("127.0.0.1", _optional_port("METRICS_PORT"))
    servers: dict[str, Server] = {}
    for name in NAMES:
        app_module: Any = importlib.import_module(f"services.{name}.app")
        settings = importlib.import_module(f"services.{name}.settings").Settings(**_settings(name, data, urls, keys))
        if name == "auth":
            settings = settings.model_copy(update=_addresses(settings, address))
        _migrate(settings, Path(app_module.__file__).parent)
        app: FastAPI = app_module.create_app(settings, bus)
        servers[name] = _ServiceServer(uvicorn.Config(app, **server_options()))
    outside: dict[str, Any] = {f"{name}_url": url for name, url in urls.items()}
    lifetime = _seconds("ACCESS_TOKEN_SECONDS", 600)
    gateway_settings = gateway.settings.Settings(
        secret=SecretStr(keys["gateway"]),
        access_token_seconds=lifetime,
        revocations_seconds=60,  # the in-memory bus is always available: events deliver all revocations
        **outside,
    )
    unlimited = gateway.settings.NO_LIMIT in gateway_settings.rates.values()
    created = gateway.app.create_app(gateway_settings, bus, servers)
    return [*servers.values(), _GatewayServer(created)], unlimited


def _settings(name: str, data: Path, urls: dict[str, str], keys: dict[str, str]) -> dict[str, Any]:
    return {
        **service_settings(name, data, keys),
        "access_token_seconds": _seconds("ACCESS_TOKEN_SECONDS", 600),
        **{f"{each}_url": url for each, url in urls.items()},
    }


def _addresses(settings: Any, address: str) -> dict[str, str]:
    """Settings of auth that follow from the address of the gateway: for passkeys, and for links of messages."""
    own = {"public_url": address} if not settings.public_url else {}
    return own | ({"passkey_origin": address} if not (settings.passkey_origin or settings.public_url) else {})


def _migrate(settings: Settings, folder: Path) -> None:
    database = Database(settings.database_url, pool_size=1)
    migrations.upgrade(database, folder / "migrations")
    database.close()


def _data_folder(path: Path) -> Path:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        _restrict_permissions(path)
        (path / ".writable").touch()
        (path / ".writable").unlink()
    except OSError as problem:
        raise StartupError(
            f"the data folder {path} cannot be written ({problem.strerror}); name another one with DATA_DIR=..."
        ) from problem
    return path.resolve()


def _restrict_permissions(data: Path) -> None:
    """Restrict permissions that earlier versions left open. The folder itself may hold other files of the user."""
    for path in (*data.glob("*.db*"), *data.glob("files")):
        path.chmod(0o700 if path.is_dir() else 0o600)


def _gateway_socket(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=2048)
    except OSError as problem:
        raise StartupError(
            f"port {port} cannot be opened ({problem.strerror}); choose another one with PORT=..."
        ) from problem


def _listener() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0), backlog=2048)


async def _print_startup_message(data: Path, gateway_socket: socket.socket, *, unlimited: bool) -> None:
    host, port = gateway_socket.getsockname()[:2]
    bound, address = ip_address(host), _address(gateway_socket)
    await _ready(f"http://{'127.0.0.1' if bound.is_unspecified else host}:{port}/readyz")
    print(
        f"\n  Shutter is ready on {address}\n\n"
        f"  Documentation  {address}/docs\n"
        f"  Your data      {data}\n"
        f"  Sample data    make demo    (in another terminal)\n"
        f"  Stop it        Ctrl-C\n{_warning(bound, unlimited=unlimited)}",
        flush=True,
    )


def _address(gateway_socket: socket.socket) -> str:
    """Where a browser on this machine, or on its network, reaches the gateway."""
    host, port = gateway_socket.getsockname()[:2]
    bound = ip_address(host)
    return f"http://{'localhost' if bound.is_loopback or bound.is_unspecified else host}:{port}"


def _warning(bound: IPv4Address | IPv6Address, *, unlimited: bool) -> str:
    """Empty if only this machine can connect, or if requests are limited."""
    if bound.is_loopback or not unlimited:
        return ""
    return (
        f"\n  Warning: other machines can reach {bound}, and requests are not limited.\n"
        "  ENVIRONMENT=production sets the limits of docs/gateway.md.\n"
    )


async def _ready(address: str) -> None:
    while True:
        with contextlib.suppress(RequestFailed):
            status, _ = await fetch_once(address, MAX_READINESS_BYTES)
            if status == HTTPStatus.OK:
                return
        await asyncio.sleep(0.05)


class _NoSignalHandlers:
    """The process handles signals, not its servers."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _ServiceServer(_NoSignalHandlers, Server):
    pass


class _GatewayServer(_NoSignalHandlers, gateway.server.server.GatewayServer):
    pass


def _configure_traces() -> None:
    try:
        spans.configure()
    except ValueError as problem:
        raise StartupError(str(problem)) from problem


def _environment(name: str, default: str) -> str:
    return os.environ.get(name) or default


def _log_level() -> str:
    level = _environment("LOG_LEVEL", "warning").lower()
    if level not in get_args(LogLevel):
        raise StartupError(f"LOG_LEVEL={level} is not a level; choose {', '.join(get_args(LogLevel))}.")
    return level


def _port(given: str) -> int:
    if not given.isdecimal() or int(given) > 65_535:
        raise StartupError(f"PORT={given} is not a port; choose a number from 1 to 65535.")
    return int(given)


def _optional_port(name: str) -> int | None:
    given = os.environ.get(name)
    return _port(given) if given else None


def _seconds(name: str, default: int) -> int:
    given = _environment(name, str(default))
    if not given.isdecimal() or not 1 <= int(given) <= 3_600:
        raise StartupError(f"{name}={given} is not a number of seconds from 1 to 3600.")
    return int(given)


if __name__ == "__main__":
    main()
