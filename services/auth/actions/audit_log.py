"""The audit log of an account: what was done with it, from where and in which session; its owner can read it."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, delete, insert, select

from shared import clock, ids

from .. import models

KEPT = 90 * clock.DAY
MOST_FAILURES = 100
# Entries of one account: failed passwords, and everything else. So guessing does not displace other entries.
MOST = 300


class AuditEvent(StrEnum):
    """What can be done with an account. More may be added."""

    SIGNED_UP = "signed_up"
    LOGIN = "login"
    LOGIN_FAILED = "login_failed"
    LOGOUT = "logout"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - given by somebody who is logged in
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a name
    NICKNAME_CHANGED = "nickname_changed"
    PHONE_CHANGED = "phone_changed"
    PROFILE_CHANGED = "profile_changed"
    HANDLE_REFUSED = "handle_refused"  # another's nickname or phone was tried
    SESSION_ENDED = "session_ended"
    SESSIONS_ENDED = "sessions_ended"
    REFRESH_TOKEN_REUSED = "refresh_token_reused"  # noqa: S105 - a name


@dataclass(frozen=True, slots=True)
class Origin:
    """From where something is done: the address, and the session."""

    ip: str
    session_id: int


FAILURES = (AuditEvent.LOGIN_FAILED.value, AuditEvent.WRONG_PASSWORD.value)


def record(
    tx: Connection,
    account_id: int,
    kind: AuditEvent,
    ip: str,
    *,
    session_id: int | None = None,
    device: str | None = None,
) -> None:
    """Record what this transaction does. The caller has locked the account or one of its sessions, so it exists.

    `ip` is from where it is done; the session and its device are those that it is about.
    """
    _write(tx, account_id, kind, ip, session_id, device)
    _trim(tx, account_id, kind)


def record_in_login(tx: Connection, account_id: int, kind: AuditEvent, origin: Origin) -> None:
    """The same, for what the account does in one of its sessions."""
    sessions = models.sessions.c
    device = tx.execute(select(sessions.device).where(sessions.id == origin.session_id)).scalar_one_or_none()
    record(tx, account_id, kind, origin.ip, session_id=origin.session_id, device=device)


def record_failed_login(tx: Connection, account_id: int | None, ip: str, device: str | None) -> None:
    """The same, for a login that failed."""
    # Without an account the same statements run, and nothing is left: the duration must not tell.
    accounts = models.accounts.c
    there = select(accounts.id).where(accounts.id == (account_id or 0)).with_for_update(read=True)
    found = tx.execute(there).scalar_one_or_none()
    entry = _write(tx, found or 0, AuditEvent.LOGIN_FAILED, ip, None, device)
    if found is None:
        tx.execute(delete(models.trail).where(models.trail.c.id == entry))
    else:
        _trim(tx, found, AuditEvent.LOGIN_FAILED)


def record_refused(tx: Connection, account_id: int, kind: AuditEvent, origin: Origin) -> None:
    """The same, for what was refused in a session. Records nothing if the session is gone."""
    sessions = models.sessions.c
    device = select(sessions.device).where(sessions.id == origin.session_id).with_for_update(read=True)
    if (found := tx.execute(device).one_or_none()) is not None:
        record(tx, account_id, kind, origin.ip, session_id=origin.session_id, device=found.device)


def forget(tx: Connection, account_id: int) -> None:
    """Delete the log of an account that is being deleted."""
    tx.execute(delete(models.trail).where(models.trail.c.account_id == account_id))


def forget_old(tx: Connection, limit: int = 1_000) -> bool:
    """Delete some expired entries. Returns whether there may be more."""
    trail = models.trail.c
    old = select(trail.id).where(trail.id < ids.first_id_at(clock.now() - KEPT)).order_by(trail.id).limit(limit)
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
    """Delete the oldest entries beyond the limit of this sort."""
    trail = models.trail.c
    failed = trail.type.in_(FAILURES)
    sort, most = (failed, MOST_FAILURES) if kind in FAILURES else (~failed, MOST)
    newest = select(trail.id).where(trail.account_id == account_id, sort).order_by(trail.id.desc()).limit(most + 1)
    if excess := tx.execute(newest).scalars().all()[most:]:
        tx.execute(delete(models.trail).where(trail.id.in_(excess)))
