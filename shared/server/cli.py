"""The commands of each service: serve, migrate, replay, openapi."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar

import click
import uvicorn

from shared import logs, metrics
from shared.asgi import Receive, Scope, Send
from shared.database import migrations
from shared.database.engine import Database
from shared.events.bus import Bus
from shared.events.bus_factory import create_bus
from shared.events.in_memory import InMemoryBus
from shared.server.config import Server, freeze_gc, server_options
from shared.server.operator_commands import OnRestore, add_operator_commands
from shared.settings import Settings
from shared.tracing import spans

S = TypeVar("S", bound=Settings)


class Application(Protocol):
    """The ASGI application of a service, which knows its OpenAPI document, and has `draining` in its state."""

    state: Any

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...

    def openapi(self) -> dict[str, Any]: ...


def commands(
    name: str,
    settings_type: Callable[[], S],
    create_app: Callable[[S, Bus], Application],
    folder: Path,
    on_restore: OnRestore[S] | None = None,
) -> click.Group:
    """The commands for the service in this folder; `serve` is the default.

    `on_restore` is called with the names of the services of which older backups were restored.
    """

    @click.group(name, help=f"The {name} service.", invoke_without_command=True)
    @click.pass_context
    def cli(context: click.Context) -> None:
        if context.invoked_subcommand is None:
            context.invoke(serve)

    @cli.command()
    def serve() -> None:
        """Serve HTTP and consume events until stopped."""
        settings = settings_type()
        logs.configure(settings.log_level, settings.environment)
        metrics.serve(settings.host, settings.metrics_port)
        spans.configure()
        app = create_app(settings, create_bus(settings.broker_url))
        freeze_gc()
        with suppress(KeyboardInterrupt):
            config = uvicorn.Config(app, host=settings.host, port=settings.port, **server_options())
            Server(config, app.state.draining, settings.drain_seconds).run()
        spans.flush()

    @cli.command()
    def migrate() -> None:
        """Bring the database to the newest revision. Safe to repeat."""
        database = Database(settings_type().database_url, pool_size=1)
        migrations.upgrade(database, folder / "migrations")
        database.close()

    add_operator_commands(cli, name, settings_type, on_restore)

    @cli.command()
    @click.argument("target", type=click.Path(path_type=Path))
    def openapi(target: Path) -> None:
        """Write the OpenAPI document into this file."""
        target.write_text(openapi_json(create_app(settings_type(), InMemoryBus())))

    return cli


def openapi_json(app: Application) -> str:
    """The OpenAPI document of a service, formatted for comparison."""
    return json.dumps(app.openapi(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
