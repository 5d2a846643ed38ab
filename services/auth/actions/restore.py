"""What has to be done after an older backup of auth's database was restored."""

from sqlalchemy import Connection, Table, delete, select, update

from shared.database.engine import Database

from .. import events, models

CHUNK_ROWS = 500
# Added to the version of each account: more than the changes that were lost, so that the other services, which have
# seen them, take what is restored for newer.
VERSION_STEP = 100_000
_accounts, _sessions, _tokens = models.accounts.c, models.sessions.c, models.refresh_tokens.c


def forget_all_sessions(database: Database) -> None:
    """Log everybody out: sessions that were ended since the backup would be open again."""
    while database.write(_forget_some_sessions):
        pass


def discard_mails(database: Database) -> None:
    """Discard messages and links: since the backup they were sent, or used."""
    for table in (models.mails, models.reset_requests, models.password_resets, models.email_confirmations):
        database.write(_delete_rows, table)


def announce_all_accounts(database: Database) -> int:
    """Publish what others see of each account, as a newer version. Returns how many. Not to be interrupted."""
    after: int | None = 0
    announced = 0
    while after is not None:
        after, count = database.write(_announce_some, after)
        announced += count
    return announced


def _delete_rows(tx: Connection, table: Table) -> None:
    tx.execute(delete(table))


def _forget_some_sessions(tx: Connection) -> bool:
    some = list(tx.execute(select(_sessions.id).limit(CHUNK_ROWS)).scalars())
    tx.execute(delete(models.refresh_tokens).where(_tokens.session_id.in_(some)))
    tx.execute(delete(models.sessions).where(_sessions.id.in_(some)))
    return len(some) == CHUNK_ROWS


def _announce_some(tx: Connection, after: int) -> tuple[int | None, int]:
    next_ones = select(_accounts.id).where(_accounts.id > after).order_by(_accounts.id).limit(CHUNK_ROWS)
    found = list(tx.execute(next_ones.with_for_update()).scalars())
    this = _accounts.id.in_(found)
    tx.execute(update(models.accounts).where(this).values(version=_accounts.version + VERSION_STEP))
    for account in tx.execute(select(models.accounts).where(this)).all():
        events.user_updated(tx, account)
    return (found[-1] if len(found) == CHUNK_ROWS else None), len(found)
