"""Setting a new password with a link that is sent to the account's address.

A request only notes which address was asked for. Whether an account has it is looked up by a worker after the response,
so that neither the response nor its duration reveals it.
"""

from sqlalchemy import Connection, delete, insert, select, update

from shared import clock, ids
from shared.database.engine import Database
from shared.database.queues import WorkQueue, notify
from shared.database.statements import upsert
from shared.errors import Invalid

from .. import models
from ..mail_texts import RESET
from ..mail_tokens import MailTokens, Subject
from ..queries import Account
from . import (
    accounts,
    audit_log,
    email_confirmations,
    identities,
    mail_limits,
    mails,
    passkeys,
    second_factor,
    sessions,
)
from .audit_log import AuditEvent

VALID_MS = 30 * clock.MINUTE
BATCH_SIZE = 100


def request(tx: Connection, limit_digest: bytes, handle_digest: bytes) -> None:
    """Note that a link was asked for, unless too many were sent to this address within an hour."""
    if mail_limits.take(tx, limit_digest, mail_limits.MAX_LINKS) is None:
        tx.execute(insert(models.reset_requests).values(id=ids.new(), digest=handle_digest))
        notify(tx, models.reset_requests)


def send_some(database: Database) -> bool:
    """Send the links of some requests. Returns whether there may be more."""
    requests = models.reset_requests.c
    some = select(models.reset_requests).order_by(requests.id).limit(BATCH_SIZE)
    rows = database.read(lambda connection: connection.execute(some).all())
    for row in rows:
        database.write(_send, row.id, row.digest)
    return len(rows) == BATCH_SIZE


def begin(tx: Connection, account_id: int) -> None:
    """Send a link to this account; an earlier one is void. The caller has locked the account."""
    subject = Subject(account_id, ids.new())
    row = {"account_id": account_id, "serial": subject.serial, "expires_at": clock.now() + VALID_MS}
    upsert(tx, models.password_resets, row, lambda new: {name: new[name] for name in ("serial", "expires_at")})
    mails.send_link(tx, RESET, subject, row["expires_at"])


def begin_by_operator(tx: Connection, account_id: int) -> None:
    """The same for an operator. Raises Unauthenticated if the account has been deleted."""
    accounts.lock(tx, account_id)
    begin(tx, account_id)


def account_of(connection: Connection, token: str, tokens: MailTokens) -> Account:
    """The account whose password this token may set now. Raises Invalid."""
    subject = tokens.subject(token)
    account = None if subject is None else _account(connection, subject)
    if account is None:
        raise _invalid()
    return account


def use(tx: Connection, token: str, tokens: MailTokens, password_hash: str, ip: str) -> list[int]:
    """Set the password, and end all sessions. Returns the ids of the sessions. Raises Invalid.

    If the address was not confirmed, every other way in is removed: second factor, passkeys and identities.

    Of several uses at the same time, one succeeds: the account is locked first.
    """
    subject = tokens.subject(token)
    account = None if subject is None else _account(tx, subject, lock=True)
    if account is None:
        raise _invalid()
    tx.execute(delete(models.password_resets).where(models.password_resets.c.account_id == account.id))
    values = {"password_hash": password_hash, "updated_at": max(clock.now(), account.updated_at + 1)}
    tx.execute(update(models.accounts).where(models.accounts.c.id == account.id).values(**values))
    ended = sessions.end_all(tx, account.id)
    if not account.email_verified:
        # Another person may have signed up with this address: no way in of theirs outlasts the arrival of its owner.
        second_factor.remove_without_proof(tx, account.id, ip)
        passkeys.delete_all(tx, account.id)
        identities.delete_all(tx, account.id)
    audit_log.record(tx, account.id, AuditEvent.PASSWORD_RESET, ip)
    email_confirmations.set_confirmed(tx, account, ip)
    return ended


def work_queue() -> WorkQueue:
    """The requests that no worker has seen."""
    return WorkQueue(models.reset_requests)


def delete_expired(tx: Connection, limit: int = 1_000) -> bool:
    """Delete some links that are not valid any more. Returns whether there may be more."""
    found = []
    for table in (models.password_resets, models.email_confirmations):
        old = select(table.c.account_id).where(table.c.expires_at < clock.now()).limit(limit)
        gone = list(tx.execute(old).scalars())
        tx.execute(delete(table).where(table.c.account_id.in_(gone), table.c.expires_at < clock.now()))
        found.append(len(gone))
    return limit in found


def _send(tx: Connection, request_id: int, handle_digest: bytes) -> None:
    account, handles, requests = models.accounts.c, models.handles.c, models.reset_requests.c
    holder = select(handles.account_id).where(handles.kind == "email", handles.digest == handle_digest)
    account_id = tx.execute(
        select(account.id).where(account.id == holder.scalar_subquery()).with_for_update()
    ).scalar_one_or_none()
    gone = tx.execute(delete(models.reset_requests).where(requests.id == request_id))
    if account_id is not None and gone.rowcount:  # else another process has sent it
        begin(tx, account_id)


def _account(connection: Connection, subject: Subject, *, lock: bool = False) -> Account | None:
    columns, resets = models.accounts.c, models.password_resets.c
    found = select(models.accounts).where(columns.id == subject.account_id)
    account = connection.execute(found.with_for_update() if lock else found).one_or_none()
    open_one = select(resets.serial).where(resets.account_id == subject.account_id, resets.expires_at > clock.now())
    is_open = connection.execute(open_one).scalar_one_or_none() == subject.serial
    return account if is_open else None


def _invalid() -> Invalid:
    return Invalid.field("token", "invalid_token", "This link is wrong, expired, or was used.")
