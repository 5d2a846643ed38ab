"""Messages to owners of accounts: inserted in the transaction of what they are about, written when they are sent."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from shared import clock, ids
from shared.mail.message import Mail
from shared.mail.queue import enqueue

from .. import handles, mail_texts, models
from ..mail_texts import CONFIRMATION, DECISIONS, NEW_LOGIN, NOTICES, RESET
from ..mail_tokens import MailTokens, Subject
from . import mail_limits

CONFIRMATION_PATH, RESET_PATH, SETTINGS_PATH = "/confirm-email", "/reset-password", "/settings/sessions"


@dataclass(frozen=True)
class MailWriter:
    """Writes a message of the queue. Links have their token after `#`, which browsers send to no server."""

    key: bytes
    base_url: str

    @cached_property
    def confirmations(self) -> MailTokens:
        """The tokens and codes that confirm an address."""
        return MailTokens(self.key, "email confirmation")

    @cached_property
    def resets(self) -> MailTokens:
        """The tokens that set a new password."""
        return MailTokens(self.key, "password reset")

    def write(self, connection: Connection, row: Row[Any]) -> Mail | None:
        """The message of this row; None if it is of no use any more."""
        accounts = models.accounts.c
        found = select(accounts.email, accounts.language, accounts.email_verified).where(accounts.id == row.account_id)
        account = connection.execute(found).one_or_none()
        if account is None:
            return None
        to, language = handles.deliverable(account.email), account.language
        subject = Subject(row.account_id, row.reference)
        if row.template == CONFIRMATION:
            if not _is_open(connection, models.email_confirmations, subject):
                return None
            url = f"{self.base_url}{CONFIRMATION_PATH}#{self.confirmations.token(subject)}"
            return mail_texts.confirmation(to, language, url, self.confirmations.code(subject))
        if row.template == RESET:
            if not _is_open(connection, models.password_resets, subject):
                return None
            return mail_texts.reset(to, language, f"{self.base_url}{RESET_PATH}#{self.resets.token(subject)}")
        return self._notice(connection, row, to, language, with_device=bool(account.email_verified))

    def _notice(
        self, connection: Connection, row: Row[Any], to: str, language: str, *, with_device: bool
    ) -> Mail | None:
        """What an entry of the log of moderation or of the audit log says.

        The device of the latter is text that somebody chose: only at a confirmed address.
        """
        if row.template in DECISIONS:
            return _decision(connection, row, to, language)
        trail = models.trail.c
        entry = connection.execute(select(models.trail).where(trail.id == row.reference)).one_or_none()
        if entry is None:
            return None
        time = clock.format_rfc3339(entry.created_at)[:16].replace("T", " ") + " UTC"
        device = entry.device if with_device else None
        url = self.base_url + SETTINGS_PATH
        return mail_texts.notice(to, language, row.template, url, time=time, ip=entry.ip, device=device)


def send_link(tx: Connection, template: str, subject: Subject, expires_at: int) -> None:
    """Send a link while it is valid."""
    columns = {"account_id": subject.account_id, "template": template, "reference": subject.serial}
    enqueue(tx, models.mails, expires_at=expires_at, **columns)


def notify_owner(tx: Connection, account_id: int, kind: str, entry: int) -> None:
    """Tell the owner of an entry of the audit log, if there is a message for its kind."""
    if kind not in NOTICES:
        return
    most = mail_limits.MAX_LINKS if kind == NEW_LOGIN else mail_limits.MAX_NOTICES
    if mail_limits.take(tx, mail_limits.digest_of(account_id, kind), most) is None:
        enqueue(tx, models.mails, account_id=account_id, template=kind, reference=entry)


def tell_decision(tx: Connection, account_id: int, action: str, entry: int) -> None:
    """Tell the owner of an account of an entry of the log of moderation, if there is a message for its action."""
    if action in DECISIONS:
        enqueue(tx, models.mails, account_id=account_id, template=action, reference=entry)


def void_reset(tx: Connection, account_id: int) -> None:
    """Make an open link for a new password void: its owner knows the password."""
    tx.execute(delete(models.password_resets).where(models.password_resets.c.account_id == account_id))


def delete_all(tx: Connection, account_id: int) -> None:
    """Delete the messages of an account that is being deleted, and its open links."""
    for table in (models.mails, models.email_confirmations, models.password_resets):
        tx.execute(delete(table).where(table.c.account_id == account_id))


def _decision(connection: Connection, row: Row[Any], to: str, language: str) -> Mail | None:
    this = models.moderation_log.c.id == row.reference
    entry = connection.execute(select(models.moderation_log).where(this)).one_or_none()
    if entry is None:
        return None
    made_on = clock.format_rfc3339(ids.created_at(entry.subject_id))[:10]
    about = mail_texts.Decision(entry.subject_kind, made_on, entry.category, entry.reason)
    return mail_texts.decision(to, language, row.template, about)


def _is_open(connection: Connection, table: Any, subject: Subject) -> bool:
    open_one = select(table.c.serial).where(table.c.account_id == subject.account_id, table.c.expires_at > clock.now())
    return connection.execute(open_one).scalar_one_or_none() == subject.serial
