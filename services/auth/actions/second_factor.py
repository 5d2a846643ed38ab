"""The second factor of an account: an authenticator app, and recovery codes for when it is lost."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update

from shared import clock
from shared.database.statements import upsert
from shared.errors import Conflict, Invalid, Unauthenticated

from .. import models
from ..queries import Account
from ..second_factor_codes import SecondFactorCodes, new_recovery_codes, new_secret, normalized
from . import audit_log
from .accounts import lock, lock_proven
from .audit_log import AuditEvent, Origin


@dataclass(frozen=True, slots=True)
class _Match:
    """A correct code: the time step of the app's code, or the digest of a recovery code."""

    step: int | None = None
    digest: bytes | None = None


def begin(tx: Connection, proven: Account, codes: SecondFactorCodes) -> str:
    """Store a new secret, which has no effect until it is confirmed. Returns it. Raises Conflict, Forbidden."""
    account = lock_proven(tx, proven)
    if account.second_factor:
        raise Conflict("second_factor_enabled", "This account has a second factor; remove it first.")
    secret = new_secret()
    row = {"account_id": account.id, "sealed_secret": codes.seal(secret), "last_step": 0, "created_at": clock.now()}
    upsert(tx, models.totp_secrets, row, lambda new: {name: new[name] for name in row if name != "account_id"})
    return secret


def confirm(tx: Connection, account_id: int, code: str, codes: SecondFactorCodes, origin: Origin) -> list[str]:
    """Require the second factor from now on, if the code is correct. Returns recovery codes, which are stored hashed.

    Raises Conflict if nothing has begun or it is confirmed already, Invalid, Unauthenticated.
    """
    account = lock(tx, account_id)
    if account.second_factor:
        raise Conflict("second_factor_enabled", "This account has a second factor.")
    secrets = models.totp_secrets.c
    row = tx.execute(select(models.totp_secrets).where(secrets.account_id == account_id)).one_or_none()
    if row is None:
        raise Conflict("second_factor_not_begun", "Begin with POST.")
    step = codes.step_of(row.sealed_secret, normalized(code), row.last_step)
    if step is None:
        raise Invalid.field("code", "invalid_otp", "This is not the current code of the authenticator app.")
    tx.execute(update(models.totp_secrets).where(secrets.account_id == account_id).values(last_step=step))
    recovery_codes = new_recovery_codes()
    rows = [{"account_id": account_id, "digest": codes.digest(account_id, each)} for each in recovery_codes]
    tx.execute(insert(models.recovery_codes), rows)
    _set(tx, account, enabled=True)
    audit_log.record_in_login(tx, account_id, AuditEvent.SECOND_FACTOR_ADDED, origin)
    return recovery_codes


def remove(tx: Connection, proven: Account, origin: Origin) -> None:
    """Require it no longer. Without one, nothing changes. Raises Forbidden, Unauthenticated."""
    account = lock_proven(tx, proven)
    delete_all(tx, account.id)
    if account.second_factor:
        _set(tx, account, enabled=False)
        audit_log.record_in_login(tx, account.id, AuditEvent.SECOND_FACTOR_REMOVED, origin)


def remove_without_proof(tx: Connection, account_id: int, ip: str = "") -> bool:
    """The same where the caller has checked who asks, as an operator does. Returns whether there was one."""
    account = lock(tx, account_id)
    delete_all(tx, account_id)
    if account.second_factor:
        _set(tx, account, enabled=False)
        audit_log.record(tx, account_id, AuditEvent.SECOND_FACTOR_REMOVED, ip)
    return bool(account.second_factor)


def delete_all(tx: Connection, account_id: int) -> None:
    """Delete the secret and the recovery codes."""
    for table in (models.totp_secrets, models.recovery_codes):
        tx.execute(delete(table).where(table.c.account_id == account_id))


def is_correct(connection: Connection, account_id: int, code: str, codes: SecondFactorCodes) -> bool:
    """Whether this code is correct and was not used. It stays usable."""
    return _match(connection, account_id, code, codes) is not None


def use(tx: Connection, account_id: int, code: str, codes: SecondFactorCodes) -> None:
    """Use up this code; the caller has locked the account. Raises Unauthenticated if it is wrong, or was used."""
    match = _match(tx, account_id, code, codes)
    if match is None:
        raise invalid_otp()
    secrets, recovery = models.totp_secrets.c, models.recovery_codes.c
    if match.step is not None:
        tx.execute(update(models.totp_secrets).where(secrets.account_id == account_id).values(last_step=match.step))
    else:
        mine = (recovery.account_id == account_id, recovery.digest == match.digest)
        tx.execute(delete(models.recovery_codes).where(*mine))


def invalid_otp() -> Unauthenticated:
    """The code of a login is wrong."""
    return Unauthenticated("invalid_otp", "This code is wrong, or has been used.")


def _match(connection: Connection, account_id: int, code: str, codes: SecondFactorCodes) -> _Match | None:
    form = normalized(code)
    secrets, recovery = models.totp_secrets.c, models.recovery_codes.c
    row = connection.execute(select(models.totp_secrets).where(secrets.account_id == account_id)).one_or_none()
    step = None if row is None else codes.step_of(row.sealed_secret, form, row.last_step)
    if step is not None:
        return _Match(step=step)
    digest = codes.digest(account_id, form)
    mine = select(recovery.digest).where(recovery.account_id == account_id, recovery.digest == digest)
    return None if connection.execute(mine).one_or_none() is None else _Match(digest=digest)


def _set(tx: Connection, account: Account, *, enabled: bool) -> None:
    values = {"second_factor": enabled, "updated_at": max(clock.now(), account.updated_at + 1)}
    tx.execute(update(models.accounts).where(models.accounts.c.id == account.id).values(**values))
