"""The commands of each service: serve, migrate, replay, openapi."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar

import click
import uvicorn

from shared import clock, ids, logs, metrics
from shared.asgi import Receive, Scope, Send
from shared.database import migrations
from shared.database.engine import Database
from shared.events.bus import Bus
from shared.events.bus_factory import create_bus
from shared.events.in_memory import InMemoryBus
from shared.events.replay import republish, requeue_dead_letters
from shared.server.config import Server, freeze_gc, server_options
from shared.settings import Settings

S = TypeVar("S", bound=Settings)


class Application(Protocol):
    """The ASGI application of a service, which knows its OpenAPI document."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...

    def openapi(self) -> dict[str, Any]: ...


def commands(
    name: str, settings_type: Callable[[], S], create_app: Callable[[S, Bus], Application], folder: Path
) -> click.Group:
    """The commands for the service in this folder; `serve` is the default."""

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
        app = create_app(settings, create_bus(settings.broker_url))
        freeze_gc()
        with suppress(KeyboardInterrupt):
            Server(uvicorn.Config(app, host=settings.host, port=settings.port, **server_options())).run()

    @cli.command()
    def migrate() -> None:
        """Bring the database to the newest revision. Safe to repeat."""
        database = Database(settings_type().database_url, pool_size=1)
        migrations.upgrade(database, folder / "migrations")
        database.close()

    @cli.command()
    @click.option("--since", help="Publish again the events since this time, RFC 3339 in UTC")
    @click.option("--type", "fact", help="Publish again events of this type, such as user.deleted.v1")
    @click.option("--id", "event_id", help="Publish this event again")
    def replay(since: str | None, fact: str | None, event_id: str | None) -> None:
        """Requeue this service's dead letters; with an option, publish its own events again. Safe to repeat."""
        settings = settings_type()
        if since is None and fact is None and event_id is None:
            click.echo(f"{asyncio.run(requeue_dead_letters(settings.broker_url, name))} dead letters put back")
            return
        database = Database(settings.database_url, pool_size=1)
        moment = clock.parse_rfc3339(since) if since else None
        one = ids.parse(event_id) if event_id else None
        again = database.write(republish, since=moment, name=fact, event_id=one)
        database.close()
        click.echo(f"{again} facts will be published again within a minute")

    @cli.command()
    @click.argument("target", type=click.Path(path_type=Path))
    def openapi(target: Path) -> None:
        """Write the OpenAPI document into this file."""
        target.write_text(openapi_json(create_app(settings_type(), InMemoryBus())))

    return cli


def openapi_json(app: Application) -> str:
    """The OpenAPI document of a service, formatted for comparison."""
    return json.dumps(app.openapi(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
