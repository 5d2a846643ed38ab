"""Logging in and out, and the chain of refresh tokens of each session."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from shared import clock, ids
from shared.errors import Forbidden, NotFound, Unauthenticated

from .. import events, models, queries
from ..mail_texts import NEW_LOGIN
from ..tokens import RefreshTokens, refresh_digest
from . import audit_log, mails, networks
from .accounts import approval_pending
from .audit_log import AuditEvent

# A spent token returns the same successor this long: a response may be lost, and several tabs may use one token.
GRACE_MS = 10 * clock.SECOND
# How long the row of a spent token is kept: longer than the grace period by more than clocks differ.
SPENT_RETENTION_MS = clock.MINUTE
# Maximum length of the chain that is followed from a spent token to the newest one.
MAX_CHAIN_LENGTH = 50
# Sessions of one account; a further one ends the least recently used one.
MAX_SESSIONS = 50


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """The lifetime of a session (ms): without use, and in total."""

    idle: int
    absolute: int


@dataclass(frozen=True, slots=True)
class Client:
    """The address and the device of a login."""

    ip: str
    device: str | None = None


@dataclass(frozen=True, slots=True)
class Login:
    """The result of a login: the account, the session, and the refresh token in clear text, which is not stored."""

    account_id: int
    session_id: int
    refresh_token: str
    email_verified: bool
    role: str


@dataclass(frozen=True, slots=True)
class Reused:
    """A spent refresh token was used again: it may be stolen, so its session has been ended."""


def log_in(
    tx: Connection,
    account_id: int,
    password_hash: str,
    fresh_hash: str | None,
    client: Client,
    lifetimes: Lifetimes,
    tokens: RefreshTokens,
) -> Login:
    """Insert a session, and store `fresh_hash` if the hash was outdated.

    Raises Unauthenticated if the account has been deleted or its password changed meanwhile, and Forbidden if it is
    suspended: whoever is told so has proven to be its owner.
    """
    accounts, now = models.accounts.c, clock.now()
    this = accounts.id == account_id
    wanted = (accounts.password_hash, accounts.email_verified, accounts.role, accounts.suspended, accounts.pending)
    account = tx.execute(select(*wanted).where(this).with_for_update()).one_or_none()
    if account is None or account.password_hash != password_hash:
        raise Unauthenticated("invalid_credentials", "These credentials are wrong.")
    if account.pending:
        raise approval_pending()
    if account.suspended:
        raise Forbidden("account_suspended", "This account is suspended.")
    if fresh_hash is not None:
        tx.execute(update(models.accounts).where(this).values(password_hash=fresh_hash))
    _make_room(tx, account_id, client.ip)
    is_new = _is_new_device(tx, account_id, client)
    networks.remember(tx, account_id, client.ip)
    session_id = ids.new()
    tx.execute(
        insert(models.sessions).values(
            id=session_id,
            account_id=account_id,
            device=client.device,
            ip=client.ip,
            created_at=now,
            last_used_at=now,
            expires_at=now + min(lifetimes.idle, lifetimes.absolute),
        )
    )
    entry = audit_log.record(tx, account_id, AuditEvent.LOGIN, client.ip, session_id=session_id, device=client.device)
    if is_new:
        mails.notify_owner(tx, account_id, NEW_LOGIN, entry)
    token = _issue(tx, session_id, tokens.first(session_id))
    return Login(account_id, session_id, token, bool(account.email_verified), account.role)


def refresh(tx: Connection, token: str, ip: str, lifetimes: Lifetimes, tokens: RefreshTokens) -> Login | Reused:
    """Exchange a refresh token for a new pair. Raises Unauthenticated if it is unknown or its session has ended.

    RFC 9700, section 4.14.2: rotation, and the end of the whole session when a spent token is used again. Within the
    grace period that is a retry or another tab, which gets the newest token of the one chain.
    """
    table, digest, now = models.refresh_tokens.c, refresh_digest(token), clock.now()
    token_session_id = tokens.session_of(token)
    session = _session_of(tx, digest, token_session_id)
    if session is None:
        raise Unauthenticated("invalid_token", "This refresh token is unknown, or its session has ended.")
    spent = tx.execute(select(models.refresh_tokens).where(table.digest == digest)).one_or_none()
    if spent is None or (spent.spent_at is not None and spent.spent_at < now - GRACE_MS):
        _end(tx, session)
        _record(tx, session, AuditEvent.REFRESH_TOKEN_REUSED, ip)
        return Reused()
    if spent.spent_at is None:
        _spend(tx, digest, now, names_session=token_session_id is not None)
    until = min(now + lifetimes.idle, session.created_at + lifetimes.absolute)
    this = models.sessions.c.id == session.id
    tx.execute(update(models.sessions).where(this).values(last_used_at=now, expires_at=until))
    tx.execute(delete(models.refresh_tokens).where(table.session_id == session.id, table.forget_at < now))
    account = models.accounts.c
    claims = tx.execute(select(account.email_verified, account.role).where(account.id == session.account_id)).one()
    newest = _newest(tx, session.id, token, tokens)
    return Login(session.account_id, session.id, newest, bool(claims.email_verified), claims.role)


def log_out(tx: Connection, account_id: int, session_id: int, ip: str) -> None:
    """End this session of the account. Raises NotFound."""
    session = _own(tx, account_id, session_id)
    _end(tx, session)
    _record(tx, session, AuditEvent.LOGOUT, ip)


def end_other(tx: Connection, account_id: int, session_id: int, ip: str) -> None:
    """End a session of the account, from another one. Raises NotFound."""
    session = _own(tx, account_id, session_id)
    _end(tx, session)
    _record(tx, session, AuditEvent.SESSION_ENDED, ip)


def end_others(tx: Connection, account_id: int, but: int, ip: str) -> list[int]:
    """End all sessions of the account but this one. Returns their ids. Raises Unauthenticated if this one has ended."""
    # Of two sessions that do so at the same time, the first ends the second.
    live = _all_live(tx, account_id)
    current = next((session for session in live if session.id == but), None)
    if current is None:
        raise Unauthenticated("invalid_token", "This session has ended.")
    others = [session for session in live if session is not current]
    for session in others:
        _end(tx, session)
    if others:
        _record(tx, current, AuditEvent.SESSIONS_ENDED, ip)
    return [session.id for session in others]


def end_all(tx: Connection, account_id: int) -> list[int]:
    """End all sessions of the account, as an operator or a reset of the password does. Returns their ids."""
    live = _all_live(tx, account_id)
    for session in live:
        _end(tx, session)
    return [session.id for session in live]


def end_all_by_operator(tx: Connection, account_id: int) -> None:
    """The same, with an entry of the audit log. Without open sessions, nothing changes."""
    if end_all(tx, account_id):
        audit_log.record(tx, account_id, AuditEvent.SESSIONS_ENDED, "")


def renew_all(tx: Connection, account_id: int) -> None:
    """Revoke the access tokens of the account and keep it logged in: each session goes on under a new id.

    The next refresh gives tokens of that id. Rows of spent refresh tokens are deleted: the successors of these tokens
    were computed from the former id, and another one would begin a second chain.
    """
    table = models.refresh_tokens.c
    for session in _all_live(tx, account_id):
        new_id = ids.new()
        tx.execute(insert(models.sessions).values(**{**session._asdict(), "id": new_id}))
        mine = table.session_id == session.id
        tx.execute(delete(models.refresh_tokens).where(mine, table.spent_at.is_not(None)))
        tx.execute(update(models.refresh_tokens).where(mine).values(session_id=new_id))
        _end(tx, session)


def _all_live(tx: Connection, account_id: int) -> Sequence[Row[Any]]:
    """FOR UPDATE in one order, so that two transactions that end them all do not deadlock."""
    sessions = models.sessions.c
    mine = select(models.sessions).where(sessions.account_id == account_id, sessions.ended_at.is_(None))
    return tx.execute(mine.order_by(sessions.id).with_for_update()).all()


def _is_new_device(tx: Connection, account_id: int, client: Client) -> bool:
    """Whether this login is from an unknown network, or a device whose name no login of the audit log has.

    The first login from the network of the sign-up is not new, whatever the device.
    """
    since = clock.now() - networks.KNOWN_FOR_MS
    if queries.known_network(tx, account_id, networks.networks_of(client.ip), since) is None:
        return True
    trail = models.trail.c
    mine = select(trail.device).where(trail.account_id == account_id, trail.type == AuditEvent.LOGIN.value)
    devices = set(tx.execute(mine.distinct()).scalars())
    return bool(devices) and client.device not in devices


def _own(tx: Connection, account_id: int, session_id: int) -> Row[Any]:
    sessions = models.sessions.c
    session = tx.execute(
        select(models.sessions).where(sessions.id == session_id, sessions.account_id == account_id).with_for_update()
    ).one_or_none()
    if session is None or session.ended_at is not None:
        raise NotFound("not_found", "There is no such session.")
    return session


def _make_room(tx: Connection, account_id: int, ip: str) -> None:
    sessions = models.sessions.c
    live = (
        select(models.sessions)
        .where(sessions.account_id == account_id, sessions.ended_at.is_(None))
        .order_by(sessions.last_used_at.desc(), sessions.id.desc())
        .with_for_update()
    )
    for session in tx.execute(live).all()[MAX_SESSIONS - 1 :]:
        _end(tx, session)
        _record(tx, session, AuditEvent.SESSION_ENDED, ip)


def _session_of(tx: Connection, digest: bytes, in_token: int | None) -> Row[Any] | None:
    """The open session of a refresh token, locked. Without a row of the token, the session that it contains."""
    session_id = models.refresh_tokens.c.session_id
    of_row = select(session_id).where(models.refresh_tokens.c.digest == digest)
    for _ in range(2):  # the session may have got another id while this transaction waited for its lock
        found = tx.execute(of_row).scalar_one_or_none() or in_token
        session = None if found is None else _live(tx, found)
        if session is not None:
            return session
    return None


def _live(tx: Connection, session_id: int) -> Row[Any] | None:
    """The session, FOR UPDATE: of two requests with one token, the second sees the changes of the first."""
    sessions = models.sessions.c
    return tx.execute(
        select(models.sessions)
        .where(sessions.id == session_id, sessions.ended_at.is_(None), sessions.expires_at > clock.now())
        .with_for_update()
    ).one_or_none()


def _spend(tx: Connection, digest: bytes, now: int, *, names_session: bool) -> None:
    """Mark the token as spent.

    Its row is deleted later if the token contains its session; those of old releases do not.
    """
    values = {"spent_at": now, "forget_at": now + SPENT_RETENTION_MS if names_session else None}
    tx.execute(update(models.refresh_tokens).where(models.refresh_tokens.c.digest == digest).values(**values))


def _newest(tx: Connection, session_id: int, spent: str, tokens: RefreshTokens) -> str:
    """The token at the end of the chain from this spent one: its successor, issued now if necessary, or a later one."""
    table, token = models.refresh_tokens.c, spent
    for _ in range(MAX_CHAIN_LENGTH):
        token = tokens.successor(session_id, token)
        row = tx.execute(select(table.spent_at).where(table.digest == refresh_digest(token))).one_or_none()
        if row is None:
            return _issue(tx, session_id, token)
        if row.spent_at is None:
            break
    return token


def _issue(tx: Connection, session_id: int, token: str) -> str:
    row = {"digest": refresh_digest(token), "session_id": session_id, "issued_at": clock.now()}
    tx.execute(insert(models.refresh_tokens).values(**row))
    return token


def _record(tx: Connection, session: Row[Any], kind: AuditEvent, ip: str) -> None:
    audit_log.record(tx, session.account_id, kind, ip, session_id=session.id, device=session.device)


def _end(tx: Connection, session: Row[Any]) -> None:
    """The session row stays until its last access token has expired; its refresh tokens are deleted at once."""
    tx.execute(update(models.sessions).where(models.sessions.c.id == session.id).values(ended_at=clock.now()))
    tx.execute(delete(models.refresh_tokens).where(models.refresh_tokens.c.session_id == session.id))
    events.session_revoked(tx, session.account_id, session.id)
