"""The identities of an account at OpenID Connect providers: linking, using, removing, and signing up with one."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from shared import clock, ids
from shared.database.statements import insert_if_absent
from shared.errors import Conflict, Invalid, NotFound

from .. import identity_queries, models
from ..passwords import NO_PASSWORD
from ..queries import Account
from ..sign_in_tokens import Continuation, ProvenIdentity, State
from . import accounts, audit_log, email_confirmations
from .accounts import Applicant, lock, lock_proven
from .audit_log import AuditEvent, Origin


def use_state(tx: Connection, state: State) -> None:
    """Make this state unusable: of any number of uses at the same time, one succeeds. Raises Invalid."""
    if not insert_if_absent(tx, models.used_challenges, {"digest": state.digest, "expires_at": state.expires_at}):
        raise invalid_state()


def account_of(tx: Connection, identity: ProvenIdentity) -> Account | None:
    """The account that this identity is linked to, locked; its last use is now. None if there is none."""
    row = identity_queries.identity_by_digest(tx, identity.digest)
    if row is None:
        return None
    account = tx.execute(
        select(models.accounts).where(models.accounts.c.id == row.account_id).with_for_update()
    ).one_or_none()
    if account is None:
        return None
    # Under the lock: it may have been unlinked a moment ago.
    this = (models.identities.c.id == row.id, models.identities.c.account_id == account.id)
    there = tx.execute(select(models.identities.c.id).where(*this).with_for_update()).one_or_none()
    if there is None:
        return None
    tx.execute(update(models.identities).where(*this).values(last_used_at=clock.now()))
    return account


def link(tx: Connection, proven: Account, continuation: Continuation, origin: Origin) -> Row[Any]:
    """Link this identity to the account, whose password or passkey was checked. Returns its row.

    Linking what is linked changes nothing. Raises Conflict, Forbidden, Invalid, Unauthenticated.
    """
    account, identity = lock_proven(tx, proven), continuation.identity
    linked = identity_queries.identity_by_digest(tx, identity.digest)
    if linked is not None and (linked.account_id, linked.provider) == (account.id, identity.provider):
        return linked
    use_continuation(tx, continuation)
    mine = models.identities.c
    same_provider = select(mine.id).where(mine.account_id == account.id, mine.provider == identity.provider)
    if linked is None and tx.execute(same_provider).one_or_none() is not None:
        raise Conflict("provider_linked", "Another identity of this provider is linked; unlink it first.")
    row = _insert(tx, account.id, identity)
    audit_log.record_in_login(tx, account.id, AuditEvent.IDENTITY_LINKED, origin)
    return row


def sign_up(
    tx: Connection, applicant: Applicant, continuation: Continuation, key: bytes, ip: str, *, email_verified: bool
) -> Account:
    """A new account without a password, with this identity. Its address counts as confirmed if the provider says so;
    else a message asks for that. Raises Conflict, Invalid.
    """
    use_continuation(tx, continuation)
    account = accounts.sign_up(tx, applicant, key, ip)
    _insert(tx, account.id, continuation.identity)
    if email_verified:
        email_confirmations.set_confirmed(tx, account, ip)
    else:
        email_confirmations.begin(tx, account.id)
    return lock(tx, account.id)


def unlink(tx: Connection, account_id: int, provider: str, usable: Collection[str], origin: Origin) -> None:
    """Remove the account's identity of this provider; without one, nothing changes.

    `usable` are the providers of this instance: an identity at another one lets nobody in. Raises Conflict if it is the
    last way in, Unauthenticated.
    """
    account = lock(tx, account_id)
    identities, passkeys = models.identities.c, models.passkeys.c
    own = set(tx.execute(select(identities.provider).where(identities.account_id == account.id)).scalars())
    if provider not in own:
        if provider not in usable:
            raise NotFound("not_found", "There is no such provider.")
        return
    has_passkey = select(passkeys.id).where(passkeys.account_id == account.id).limit(1)
    others = (own - {provider}) & set(usable)
    if account.password_hash == NO_PASSWORD and not others and tx.execute(has_passkey).one_or_none() is None:
        raise Conflict("last_credential", "This is the only way to log in; set a password first.")
    this = (identities.account_id == account.id, identities.provider == provider)
    tx.execute(delete(models.identities).where(*this))
    audit_log.record_in_login(tx, account.id, AuditEvent.IDENTITY_UNLINKED, origin)


def delete_all(tx: Connection, account_id: int) -> None:
    """Delete the identities of an account."""
    tx.execute(delete(models.identities).where(models.identities.c.account_id == account_id))


def use_continuation(tx: Connection, continuation: Continuation) -> None:
    """Make this continuation unusable. Raises Invalid if it was used."""
    row = {"digest": continuation.digest, "expires_at": continuation.expires_at}
    if not insert_if_absent(tx, models.used_challenges, row):
        raise invalid_continuation()


def invalid_state() -> Invalid:
    """The state of a sign-in is refused."""
    detail = "This sign-in has expired, was used, or has begun somewhere else; begin again."
    return Invalid.field("state", "invalid_state", detail)


def invalid_continuation() -> Invalid:
    """The continuation of a sign-in is refused."""
    return Invalid.field("continuation", "invalid_continuation", "This sign-in has expired, or was used; begin again.")


def _insert(tx: Connection, account_id: int, identity: ProvenIdentity) -> Row[Any]:
    """Raises Conflict if it is linked to another account."""
    row = {
        "id": ids.new(),
        "account_id": account_id,
        "provider": identity.provider,
        "digest": identity.digest,
        "subject": identity.subject,
        "email": identity.email,
        "created_at": clock.now(),
    }
    if not insert_if_absent(tx, models.identities, row):
        raise Conflict("identity_taken", "This identity is linked to another account.")
    return tx.execute(select(models.identities).where(models.identities.c.id == row["id"])).one()
