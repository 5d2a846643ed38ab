"""Logging in and out, and the chain of refresh tokens of each login."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, insert, select, update

from shared import clock, ids
from shared.errors import NotFound, Unauthenticated

from .. import events, models
from ..tokens import new_refresh_token, refresh_digest
from . import trail
from .trail import Kind

GRACE = 10 * clock.SECOND
"""An answer may get lost: for so long a spent token may be spent again, if what it gave was never used."""
MOST = 50
"""Logins that one account may have at once; a further one ends the longest unused."""


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long a login lasts: unused, and at most (ms)."""

    idle: int
    absolute: int


@dataclass(frozen=True, slots=True)
class Login:
    """What a client gets: whose login, which, and the refresh token in clear, this once."""

    account_id: int
    session_id: int
    refresh_token: str


@dataclass(frozen=True, slots=True)
class Reused:
    """A spent refresh token came again: somebody else may hold it, so its login has been ended."""


def log_in(
    tx: Connection,
    account_id: int,
    password_hash: str,
    fresh_hash: str | None,
    device: str | None,
    ip: str,
    lifetimes: Lifetimes,
) -> Login:
    """Open a login, and keep `fresh_hash` where the hash had become outdated.

    Raises Unauthenticated where the account has withdrawn or changed its password meanwhile.
    """
    accounts, now = models.accounts.c, clock.now()
    this = accounts.id == account_id
    if tx.execute(select(accounts.password_hash).where(this).with_for_update()).scalar_one_or_none() != password_hash:
        raise Unauthenticated("invalid_credentials", "These credentials are not right.")
    if fresh_hash is not None:
        tx.execute(update(models.accounts).where(this).values(password_hash=fresh_hash))
    _make_room(tx, account_id, ip)
    session_id = ids.new()
    tx.execute(
        insert(models.sessions).values(
            id=session_id,
            account_id=account_id,
            device=device,
            ip=ip,
            created_at=now,
            last_used_at=now,
            expires_at=now + min(lifetimes.idle, lifetimes.absolute),
        )
    )
    trail.record(tx, account_id, Kind.LOGIN, ip, session_id=session_id, device=device)
    return Login(account_id, session_id, _issue(tx, session_id, None))


def refresh(tx: Connection, token: str, ip: str, lifetimes: Lifetimes) -> Login | Reused:
    """Spend a refresh token for a new pair. Raises Unauthenticated for one that is unknown or over.

    RFC 9700, section 4.14.2: rotation, and the end of the whole login where a spent token comes again.
    """
    tokens = models.refresh_tokens.c
    digest = refresh_digest(token)
    session_id = tx.execute(select(tokens.session_id).where(tokens.digest == digest)).scalar_one_or_none()
    session = _live(tx, session_id) if session_id is not None else None
    if session is None:
        raise Unauthenticated("invalid_token", "This refresh token is unknown, or its login has ended.")
    spent = tx.execute(select(models.refresh_tokens).where(tokens.digest == digest)).one()
    if not _may_be_spent(tx, spent):
        _end(tx, session)
        _record(tx, session, Kind.REFRESH_TOKEN_REUSED, ip)
        return Reused()
    now = clock.now()
    if spent.spent_at is None:
        tx.execute(update(models.refresh_tokens).where(tokens.digest == digest).values(spent_at=now))
    until = min(now + lifetimes.idle, session.created_at + lifetimes.absolute)
    this = models.sessions.c.id == session.id
    tx.execute(update(models.sessions).where(this).values(last_used_at=now, expires_at=until))
    return Login(session.account_id, session.id, _issue(tx, session.id, digest))


def log_out(tx: Connection, account_id: int, session_id: int, ip: str) -> None:
    """End this login of the account. Raises NotFound where it has none of this id."""
    session = _own(tx, account_id, session_id)
    _end(tx, session)
    _record(tx, session, Kind.LOGOUT, ip)


def end_other(tx: Connection, account_id: int, session_id: int, ip: str) -> None:
    """End a login of the account, from another one. Raises NotFound where it has none of this id."""
    session = _own(tx, account_id, session_id)
    _end(tx, session)
    _record(tx, session, Kind.SESSION_ENDED, ip)


def end_others(tx: Connection, account_id: int, but: int, ip: str) -> list[int]:
    """End all logins of the account but this one. Returns which. Raises Unauthenticated where this one has ended.

    Of two that do so at the same instant, the first ends the second.
    """
    live = _all_live(tx, account_id)
    here = next((session for session in live if session.id == but), None)
    if here is None:
        raise Unauthenticated("invalid_token", "This login has ended.")
    others = [session for session in live if session is not here]
    for session in others:
        _end(tx, session)
    if others:
        _record(tx, here, Kind.SESSIONS_ENDED, ip)
    return [session.id for session in others]


def _all_live(tx: Connection, account_id: int) -> Sequence[Row[Any]]:
    """Locked in one order, so that two who end them all do not wait for each other."""
    sessions = models.sessions.c
    mine = select(models.sessions).where(sessions.account_id == account_id, sessions.ended_at.is_(None))
    return tx.execute(mine.order_by(sessions.id).with_for_update()).all()


def _own(tx: Connection, account_id: int, session_id: int) -> Row[Any]:
    sessions = models.sessions.c
    session = tx.execute(
        select(models.sessions).where(sessions.id == session_id, sessions.account_id == account_id).with_for_update()
    ).one_or_none()
    if session is None or session.ended_at is not None:
        raise NotFound("not_found", "There is no such login.")
    return session


def _make_room(tx: Connection, account_id: int, ip: str) -> None:
    sessions = models.sessions.c
    live = (
        select(models.sessions)
        .where(sessions.account_id == account_id, sessions.ended_at.is_(None))
        .order_by(sessions.last_used_at.desc(), sessions.id.desc())
        .with_for_update()
    )
    for session in tx.execute(live).all()[MOST - 1 :]:
        _end(tx, session)
        _record(tx, session, Kind.SESSION_ENDED, ip)


def _live(tx: Connection, session_id: int) -> Row[Any] | None:
    """The login, locked: of two that spend one token at once, the second sees what the first did."""
    sessions = models.sessions.c
    return tx.execute(
        select(models.sessions)
        .where(sessions.id == session_id, sessions.ended_at.is_(None), sessions.expires_at > clock.now())
        .with_for_update()
    ).one_or_none()


def _may_be_spent(tx: Connection, token: Row[Any]) -> bool:
    if _was_continued(tx, token.parent, but=token.digest):
        return False  # its sister, given for the same lost answer, is already in use
    if token.spent_at is None:
        return True
    return token.spent_at >= clock.now() - GRACE and not _was_continued(tx, token.digest, but=b"")


def _was_continued(tx: Connection, parent: bytes | None, *, but: bytes) -> bool:
    if parent is None:
        return False
    tokens = models.refresh_tokens.c
    used = exists().where(tokens.parent == parent, tokens.digest != but, tokens.spent_at.is_not(None))
    return bool(tx.execute(select(used)).scalar_one())


def _issue(tx: Connection, session_id: int, parent: bytes | None) -> str:
    token = new_refresh_token()
    tx.execute(
        insert(models.refresh_tokens).values(
            digest=refresh_digest(token), session_id=session_id, parent=parent, issued_at=clock.now()
        )
    )
    return token


def _record(tx: Connection, session: Row[Any], kind: Kind, ip: str) -> None:
    trail.record(tx, session.account_id, kind, ip, session_id=session.id, device=session.device)


def _end(tx: Connection, session: Row[Any]) -> None:
    """The login stays known until its last access token has expired; its refresh tokens go at once."""
    tx.execute(update(models.sessions).where(models.sessions.c.id == session.id).values(ended_at=clock.now()))
    tx.execute(delete(models.refresh_tokens).where(models.refresh_tokens.c.session_id == session.id))
    events.session_revoked(tx, session.account_id, session.id)
