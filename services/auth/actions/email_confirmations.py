"""Confirming that an account's email address is its owner's: by the link or by the code that is sent there."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from shared import clock, ids
from shared.database.statements import upsert
from shared.errors import Conflict, Invalid, TooManyRequests

from .. import models
from ..mail_texts import CONFIRMATION
from ..mail_tokens import MailTokens, Subject
from ..queries import Account
from . import audit_log, mail_limits, mails
from .accounts import lock
from .audit_log import AuditEvent

VOID = "This link or code is wrong, expired, or was used."
VALID_MS = 24 * clock.HOUR
MAX_TRIES = 5
"""Wrong codes, after which another message is needed: of 10^8 codes nobody guesses one."""


@dataclass(frozen=True, slots=True)
class _Open:
    """An account, and its confirmation that is open."""

    account: Account
    row: Row[Any]


def begin(tx: Connection, account_id: int) -> None:
    """Send the link and the code; earlier ones are void. The caller has inserted or locked the account."""
    confirmations = models.email_confirmations
    subject = Subject(account_id, ids.new())
    row = {"account_id": account_id, "serial": subject.serial, "tries": 0, "expires_at": clock.now() + VALID_MS}
    upsert(tx, confirmations, row, lambda new: {name: new[name] for name in ("serial", "tries", "expires_at")})
    mails.send_link(tx, CONFIRMATION, subject, row["expires_at"])


def send_again(tx: Connection, account_id: int) -> None:
    """The same, on request of the owner. Raises Conflict if it is confirmed, TooManyRequests, Unauthenticated."""
    account = lock(tx, account_id)
    if account.email_verified:
        raise Conflict("already_verified", "This address is confirmed.")
    wait = mail_limits.take(tx, mail_limits.digest_of(account_id, CONFIRMATION), mail_limits.MAX_LINKS)
    if wait is not None:
        raise TooManyRequests("too_many_mails", "Too many messages were sent.", retry_after=1 + wait // clock.SECOND)
    begin(tx, account_id)


def confirm_by_token(tx: Connection, token: str, tokens: MailTokens, ip: str) -> None:
    """Confirm the address of the account of this token. Raises Invalid."""
    subject = tokens.subject(token)
    found = None if subject is None else _open(tx, subject.account_id)
    if subject is None or found is None or found.row.serial != subject.serial:
        raise Invalid.field("token", "invalid_token", VOID)
    set_confirmed(tx, found.account, ip)


def confirm_by_code(tx: Connection, account_id: int, code: str, tokens: MailTokens, ip: str) -> bool:
    """Confirm the address by its code. Returns False if it is wrong, which counts: the caller commits that."""
    found = _open(tx, account_id)
    if found is None or found.row.tries >= MAX_TRIES:
        return False
    if not tokens.is_code(Subject(account_id, found.row.serial), code):
        confirmations = models.email_confirmations
        this = confirmations.c.account_id == account_id
        tx.execute(update(confirmations).where(this).values(tries=found.row.tries + 1))
        return False
    set_confirmed(tx, found.account, ip)
    return True


def invalid_code() -> Invalid:
    """The response to a wrong code."""
    return Invalid.field("code", "invalid_token", VOID)


def set_confirmed(tx: Connection, account: Account, ip: str) -> None:
    """The owner reads the messages to this address. The caller has locked the account."""
    tx.execute(delete(models.email_confirmations).where(models.email_confirmations.c.account_id == account.id))
    if account.email_verified:
        return
    values = {"email_verified": True, "updated_at": max(clock.now(), account.updated_at + 1)}
    tx.execute(update(models.accounts).where(models.accounts.c.id == account.id).values(**values))
    audit_log.record(tx, account.id, AuditEvent.EMAIL_CONFIRMED, ip)


def _open(tx: Connection, account_id: int) -> _Open | None:
    """The account is locked: of many concurrent uses of a link or code, the first one succeeds."""
    accounts, confirmations = models.accounts.c, models.email_confirmations
    account = tx.execute(select(models.accounts).where(accounts.id == account_id).with_for_update()).one_or_none()
    row = tx.execute(select(confirmations).where(confirmations.c.account_id == account_id)).one_or_none()
    return None if account is None or row is None or row.expires_at <= clock.now() else _Open(account, row)
