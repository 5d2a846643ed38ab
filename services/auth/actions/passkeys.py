"""The passkeys of an account: adding, using and removing them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from shared import clock, ids
from shared.database.statements import insert_if_absent
from shared.errors import Conflict, NotFound

from .. import models, queries
from ..queries import Account
from ..relying_party import Asserted, Binding, Challenge, InvalidPasskey, Registered, RelyingParty, credential_id
from . import audit_log
from .accounts import lock, lock_proven
from .audit_log import AuditEvent, Origin

MAX_PASSKEYS = 20
# How much longer than it is valid a used challenge is stored: more than clocks of replicas differ.
CLOCK_SKEW_MS = clock.MINUTE


@dataclass(frozen=True, slots=True)
class Verified:
    """A passkey of this account has answered; `use` makes this answer unusable."""

    account_id: int
    passkey_id: int
    asserted: Asserted


def check_room(connection: Connection, account_id: int) -> list[bytes]:
    """The credential ids of the account. Raises Conflict if it cannot have another passkey."""
    registered = queries.credential_ids_of(connection, account_id)
    if len(registered) >= MAX_PASSKEYS:
        raise Conflict("too_many_passkeys", f"An account has at most {MAX_PASSKEYS} passkeys.")
    return registered


def add(tx: Connection, account_id: int, name: str, registered: Registered, origin: Origin) -> Row[Any]:
    """Store a new passkey, and use up the challenge. Raises Conflict, InvalidPasskey, Unauthenticated."""
    account = lock(tx, account_id)
    check_room(tx, account.id)
    _use_up(tx, registered.challenge)
    row = {
        "id": ids.new(),
        "account_id": account.id,
        "credential_id": registered.credential_id,
        "public_key": registered.public_key,
        "sign_count": registered.sign_count,
        "name": name,
        "created_at": clock.now(),
    }
    if not insert_if_absent(tx, models.passkeys, row):
        raise Conflict("passkey_exists", "This passkey is registered already.")
    audit_log.record_in_login(tx, account.id, AuditEvent.PASSKEY_ADDED, origin)
    return tx.execute(select(models.passkeys).where(models.passkeys.c.id == row["id"])).one()


def remove(tx: Connection, proven: Account, passkey_id: int, origin: Origin) -> None:
    """Delete a passkey of the account. Raises Forbidden, NotFound, Unauthenticated."""
    account = lock_proven(tx, proven)
    passkeys = models.passkeys.c
    this = delete(models.passkeys).where(passkeys.id == passkey_id, passkeys.account_id == account.id)
    if tx.execute(this).rowcount == 0:
        raise NotFound("not_found", "There is no such passkey.")
    audit_log.record_in_login(tx, account.id, AuditEvent.PASSKEY_REMOVED, origin)


def delete_all(tx: Connection, account_id: int) -> None:
    """Delete the passkeys of an account."""
    tx.execute(delete(models.passkeys).where(models.passkeys.c.account_id == account_id))


def verify(
    connection: Connection,
    relying_party: RelyingParty,
    answer: Mapping[str, Any],
    binding: Binding,
    account_id: int | None = None,
) -> Verified:
    """Verify this answer, of a passkey of the given account if there is one. Raises InvalidPasskey.

    The answer stays usable, until `use` is called in the transaction that it permits.
    """
    row = queries.passkey_by_credential(connection, credential_id(answer))
    if row is None or account_id not in (None, row.account_id):
        raise InvalidPasskey("no passkey of this account")
    asserted = relying_party.verify_assertion(answer, binding, row.account_id, row.public_key, row.sign_count)
    used = models.used_challenges.c.digest
    if connection.execute(select(used).where(used == _digest(asserted.challenge))).one_or_none() is not None:
        raise InvalidPasskey("a challenge that was used")
    return Verified(row.account_id, row.id, asserted)


def use(tx: Connection, verified: Verified) -> None:
    """Use up the answer. Raises InvalidPasskey if it was used, its counter has not grown, or the passkey is gone."""
    _use_up(tx, verified.asserted.challenge)
    passkeys, count = models.passkeys.c, verified.asserted.sign_count
    # The same rule as at the verification (section 7.2, step 22): another login may have been faster.
    grown = passkeys.sign_count < count if count else passkeys.sign_count == 0
    this = update(models.passkeys).where(passkeys.id == verified.passkey_id, grown)
    if tx.execute(this.values(sign_count=count, last_used_at=clock.now())).rowcount == 0:
        raise InvalidPasskey("its counter has not grown, or it has been removed")


def delete_expired_challenges(tx: Connection, limit: int = 1_000) -> bool:
    """Delete some that nobody could use any more. Returns whether there may be more."""
    used = models.used_challenges.c
    old = select(used.digest).where(used.expires_at < clock.now() - CLOCK_SKEW_MS).limit(limit)
    gone = list(tx.execute(old).scalars())
    tx.execute(delete(models.used_challenges).where(used.digest.in_(gone)))
    return len(gone) == limit


def _digest(challenge: Challenge) -> bytes:
    return hashlib.sha256(challenge.value).digest()


def _use_up(tx: Connection, challenge: Challenge) -> None:
    row = {"digest": _digest(challenge), "expires_at": challenge.expires_at}
    if not insert_if_absent(tx, models.used_challenges, row):
        raise InvalidPasskey("a challenge that was used")
