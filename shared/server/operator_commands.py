"""Commands of each service for operators: replay, dead-letters and after-restore. All can be repeated safely."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import click

from shared import clock, ids
from shared.database.engine import Database
from shared.events.replay import dead_letters, republish, requeue_dead_letters
from shared.server.output import as_json_option, print_rows
from shared.settings import Settings

S = TypeVar("S", bound=Settings)
OnRestore = Callable[[Database, S, frozenset[str]], None]


def add_operator_commands(
    cli: click.Group, name: str, settings_type: Callable[[], S], on_restore: OnRestore[S] | None
) -> None:
    """Add them to the commands of the service."""

    @cli.command()
    @click.option("--since", help="Publish again the events since this time, RFC 3339 in UTC")
    @click.option("--type", "fact", help="Publish again events of this type, such as user.deleted.v1")
    @click.option("--id", "event_id", help="Publish this event again")
    def replay(since: str | None, fact: str | None, event_id: str | None) -> None:
        """Requeue this service's dead letters; with an option, publish its own events again. Safe to repeat."""
        settings = settings_type()
        if since is None and fact is None and event_id is None:
            click.echo(f"{asyncio.run(requeue_dead_letters(settings.broker_url, name))} dead letters requeued")
            return
        database = Database(settings.database_url, pool_size=1)
        moment = clock.parse_rfc3339(since) if since else None
        one = ids.parse(event_id) if event_id else None
        again = database.write(republish, since=moment, name=fact, event_id=one)
        database.close()
        click.echo(f"{again} events will be published again within a minute")

    @cli.command("dead-letters")
    @click.option("--limit", type=click.IntRange(1, 1_000), default=100, show_default=True, help="The oldest so many")
    @as_json_option
    def list_dead_letters(*, limit: int, as_json: bool) -> None:
        """List events that this service could not handle; `replay` requeues them. With memory:// there are none."""
        url = settings_type().broker_url
        letters = [] if url.startswith("memory:") else asyncio.run(dead_letters(url, name, limit))
        print_rows(letters, ("event", "id", "occurred_at", "request_id"), as_json=as_json)

    @cli.command("after-restore")
    @click.option("--since", required=True, help="When the backup was begun, RFC 3339 in UTC")
    @click.option("--restored", multiple=True, required=True, help="A service that was restored; repeat it for each")
    def after_restore(since: str, restored: tuple[str, ...]) -> None:
        """Publish again what was published since a backup that was restored, and correct what the restore reverted.

        Run it for every service, also for those that were not restored. Safe to repeat.
        """
        settings = settings_type()
        database = Database(settings.database_url, pool_size=1)
        again = database.write(republish, since=clock.parse_rfc3339(since), name=None, event_id=None)
        click.echo(f"{name}: {again} events will be published again")
        if on_restore is not None:
            on_restore(database, settings, frozenset(restored))
        database.close()
