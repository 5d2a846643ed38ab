"""Command line of auth: `python -m services.auth.main [COMMAND]`; without one it serves."""

from pathlib import Path

import click

from shared import clock, ids
from shared.database.engine import Database
from shared.errors import AppError, NotFound
from shared.files.storage import Storage
from shared.files.storage_url import storage_from
from shared.images.decoder_client import DecoderProcess
from shared.mail import queue as mail_queue
from shared.server.cli import commands
from shared.server.file_commands import add_file_commands
from shared.server.file_repair import LOST, FileRepair
from shared.server.import_command import add_import
from shared.server.output import as_json_option, print_rows
from shared.service_list import PURGE_REPORTERS

from . import models, queries
from .actions import accounts as account_actions
from .actions import exports, keys, restore, withdrawal_records
from .app import NAME, create_app
from .commands import add_account_commands, opened_database
from .settings import Settings
from .tokens import SIGNING_KEYS, KeyCipher


def on_restore(database: Database, settings: Settings, restored: frozenset[str]) -> None:
    """Delete again who was deleted since, log everybody out, and publish all accounts as newer versions."""
    if NAME not in restored:
        return
    repeated = withdrawal_records.repeat_all(database, storage_from(settings.storage_url))
    restore.forget_all_sessions(database)
    restore.discard_mails(database)
    announced = restore.announce_all_accounts(database)
    click.echo(f"auth: {repeated} accounts deleted again, everybody logged out, {announced} accounts published")


cli = commands(NAME, Settings, create_app, Path(__file__).parent, on_restore)


add_account_commands(cli)


@cli.command()
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="The newest so many")
@as_json_option
def mails(*, limit: int, as_json: bool) -> None:
    """List messages that the mail server refused, or that expired before it took them; `requeue-mails` sends them."""
    with opened_database() as database:
        dead = database.read(mail_queue.dead, models.mails, limit)
    rows = [
        {
            "id": ids.encode(row.id),
            "user_id": ids.encode(row.account_id),
            "template": row.template,
            "created_at": clock.format_rfc3339(row.created_at),
            "failed_at": clock.format_rfc3339(row.failed_at),
            "attempts": row.attempts,
            "reason": row.reason,
        }
        for row in dead
    ]
    print_rows(rows, ("id", "user_id", "template", "created_at", "failed_at", "attempts", "reason"), as_json=as_json)


@cli.command("requeue-mails")
@click.option("--id", "mail_id", help="Only this one")
def requeue_mails(*, mail_id: str | None) -> None:
    """Send again what `mails` lists. Links that are not valid any more are not sent. Safe to repeat."""
    with opened_database() as database:
        count = database.write(mail_queue.requeue, models.mails, ids.parse(mail_id) if mail_id else None)
    click.echo(f"{count} messages are sent again within a minute")


@cli.command()
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="Maximum number, the newest ones"
)
@click.option("--open", "unfinished", is_flag=True, help="Only those that some service has not reported yet")
@as_json_option
def withdrawals(*, limit: int, unfinished: bool, as_json: bool) -> None:
    """List deleted accounts, and when each service reported that it is done."""
    with opened_database() as database:
        rows = database.read(queries.withdrawal_states, open_only=unfinished, limit=limit)
    print_rows(rows, ("user_id", "withdrawn_at", *PURGE_REPORTERS), as_json=as_json)


@cli.command("rotate-keys")
def rotate_keys() -> None:
    """Publish a new signing key. It signs in two minutes; the one before it is deleted when its last token has expired.

    No process needs a restart. Run again before the new key signs, it changes nothing.
    """
    settings = Settings()
    database = Database(settings.database_url, pool_size=1)
    try:
        made = database.write(keys.rotate, KeyCipher(settings.key(SIGNING_KEYS)))
    except AppError as refusal:
        raise SystemExit(refusal.detail) from refusal
    finally:
        database.close()
    already = "" if made.fresh else "already "
    click.echo(f"key {made.kid} is {already}published and signs from {clock.format_rfc3339(made.signs_from)}")


def _remove_lost_avatar(database: Database, storage: Storage, _decoder: DecoderProcess, account_id: int) -> str:
    for name in database.read(queries.next_files, account_id - 1, 1).get(account_id, ()):
        try:
            storage.size(name)
        except NotFound:
            database.write(account_actions.remove_lost_avatar, account_id, name)
    return LOST


file_repair = FileRepair(_remove_lost_avatar, lambda _connection, _after: (), lambda _tx, _account_id: None)
folders = [withdrawal_records.FOLDER, exports.FOLDER]
add_file_commands(cli, Settings, models.disposal, queries.next_files, file_repair, folders)

add_import(cli, Settings, Path(__file__).parent, models.metadata)

if __name__ == "__main__":
    cli()
