"""The audit log of an account: what was done with it, from where and in which session; its owner can read it."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, delete, insert, select

from shared import clock, ids

from .. import models
from . import mails

RETENTION_MS = 90 * clock.DAY
MAX_FAILURES = 100
# Entries of one account: failed passwords, and everything else. So guessing does not displace other entries.
MAX_ENTRIES = 300


class AuditEvent(StrEnum):
    """What can be done with an account. More may be added."""

    SIGNED_UP = "signed_up"
    LOGIN = "login"
    LOGIN_FAILED = "login_failed"
    LOGOUT = "logout"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - given by somebody who is logged in
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a name
    PASSWORD_RESET = "password_reset"  # noqa: S105 - a name; by a link that was sent
    EMAIL_CONFIRMED = "email_confirmed"
    NICKNAME_CHANGED = "nickname_changed"
    PHONE_CHANGED = "phone_changed"
    PROFILE_CHANGED = "profile_changed"
    HANDLE_REFUSED = "handle_refused"  # the nickname or phone of another account was tried
    SECOND_FACTOR_ADDED = "second_factor_added"
    SECOND_FACTOR_REMOVED = "second_factor_removed"
    SECOND_FACTOR_FAILED = "second_factor_failed"  # the password was right
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    PASSKEY_FAILED = "passkey_failed"  # at a login without a password, or given in a session instead of it
    IDENTITY_LINKED = "identity_linked"  # at a provider
    IDENTITY_UNLINKED = "identity_unlinked"
    EXPORT_REQUESTED = "export_requested"
    SESSION_ENDED = "session_ended"
    SESSIONS_ENDED = "sessions_ended"
    SUSPENDED = "suspended"
    REINSTATED = "reinstated"
    ROLE_CHANGED = "role_changed"
    REFRESH_TOKEN_REUSED = "refresh_token_reused"  # noqa: S105 - a name


@dataclass(frozen=True, slots=True)
class Origin:
    """From where something is done: the address, and the session."""

    ip: str
    session_id: int


FAILURES = tuple(
    each.value
    for each in (
        AuditEvent.LOGIN_FAILED,
        AuditEvent.WRONG_PASSWORD,
        AuditEvent.SECOND_FACTOR_FAILED,
        AuditEvent.PASSKEY_FAILED,
    )
)


def record(
    tx: Connection,
    account_id: int,
    kind: AuditEvent,
    ip: str,
    *,
    session_id: int | None = None,
    device: str | None = None,
) -> int:
    """Record what this transaction does. The caller has locked the account or one of its sessions, so it exists.

    Sends a message to the owner if there is one for this kind. Returns the id of the entry.

    `ip` is the address of the client; the session and its device are those that the event is about.
    """
    entry = _write(tx, account_id, kind, ip, session_id, device)
    _trim(tx, account_id, kind)
    mails.notify_owner(tx, account_id, kind.value, entry)
    return entry


def record_in_login(tx: Connection, account_id: int, kind: AuditEvent, origin: Origin) -> None:
    """The same, for what the account does in one of its sessions."""
    sessions = models.sessions.c
    device = tx.execute(select(sessions.device).where(sessions.id == origin.session_id)).scalar_one_or_none()
    record(tx, account_id, kind, origin.ip, session_id=origin.session_id, device=device)


def record_failed_login(
    tx: Connection,
    account_id: int | None,
    ip: str,
    device: str | None,
    kind: AuditEvent = AuditEvent.LOGIN_FAILED,
) -> None:
    """The same, for a login that failed."""
    # Without an account the same statements run and insert nothing: the duration must not reveal it.
    accounts = models.accounts.c
    there = select(accounts.id).where(accounts.id == (account_id or 0)).with_for_update(read=True)
    found = tx.execute(there).scalar_one_or_none()
    entry = _write(tx, found or 0, kind, ip, None, device)
    if found is None:
        tx.execute(delete(models.trail).where(models.trail.c.id == entry))
    else:
        _trim(tx, found, kind)


def record_refused(tx: Connection, account_id: int, kind: AuditEvent, origin: Origin) -> None:
    """The same, for what was refused in a session. Records nothing if the session is gone."""
    sessions = models.sessions.c
    device = select(sessions.device).where(sessions.id == origin.session_id).with_for_update(read=True)
    if (found := tx.execute(device).one_or_none()) is not None:
        record(tx, account_id, kind, origin.ip, session_id=origin.session_id, device=found.device)


def delete_all(tx: Connection, account_id: int) -> None:
    """Delete the log of an account that is being deleted."""
    tx.execute(delete(models.trail).where(models.trail.c.account_id == account_id))


def delete_expired(tx: Connection, limit: int = 1_000) -> bool:
    """Delete some expired entries. Returns whether there may be more."""
    trail = models.trail.c
    old = select(trail.id).where(trail.id < ids.first_id_at(clock.now() - RETENTION_MS)).order_by(trail.id).limit(limit)
    gone = list(tx.execute(old).scalars())
    tx.execute(delete(models.trail).where(trail.id.in_(gone)))
    return len(gone) == limit


def _write(
    tx: Connection, account_id: int, kind: AuditEvent, ip: str, session_id: int | None, device: str | None
) -> int:
    entry = ids.new()
    tx.execute(
        insert(models.trail).values(
            id=entry,
            account_id=account_id,
            type=kind.value,
            session_id=session_id,
            ip=ip,
            device=device,
            created_at=clock.now(),
        )
    )
    return entry


def _trim(tx: Connection, account_id: int, kind: AuditEvent) -> None:
    """Delete the oldest entries beyond the limit of this group."""
    trail = models.trail.c
    failed = trail.type.in_(FAILURES)
    sort, most = (failed, MAX_FAILURES) if kind in FAILURES else (~failed, MAX_ENTRIES)
    newest = select(trail.id).where(trail.account_id == account_id, sort).order_by(trail.id.desc()).limit(most + 1)
    if excess := tx.execute(newest).scalars().all()[most:]:
        tx.execute(delete(models.trail).where(trail.id.in_(excess)))
