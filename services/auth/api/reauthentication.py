"""Checks that the user has a session that has not ended, and knows the password or has a passkey.

Wrong passwords and refused passkeys are counted by session if there is one, so that only its owner can use up its
attempts. At a login they are counted by the given handle, whether or not an account has it, or by the passkey, and
separately for each network from which its account has logged in recently (docs/decisions/0015).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import structlog
from sqlalchemy import Connection

from shared import ids
from shared.errors import AppError, Forbidden, Unauthenticated
from shared.security.verifier import Identity

from .. import queries, relying_party
from ..actions import audit_log, login_throttle, passkeys
from ..actions.audit_log import AuditEvent, Origin
from ..passwords import NO_PASSWORD
from ..queries import Account
from ..relying_party import Binding, InvalidPasskey, Purpose
from . import schemas, webauthn_schemas
from .dependencies import Dependencies

T = TypeVar("T")
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class PasswordCheck:
    """The data for checking a password: the throttle's key, the hash if there is one, and what a failure records.

    `second_step` runs when the password is correct, and returns why the attempt has not succeeded nevertheless.
    """

    counted_under: str
    password_hash: str | None
    on_failure: Callable[[Connection], None]
    second_step: Callable[[Connection], "Incomplete | None"] = lambda _: None


@dataclass(frozen=True, slots=True)
class Incomplete:
    """A correct password that is not enough; `counts` if it is a failure for the throttle."""

    problem: AppError
    counts: bool


@dataclass(frozen=True, slots=True)
class PasskeyCheck:
    """The same for the answer of a passkey, and what its challenge has to be for."""

    counted_under: str
    answer: webauthn_schemas.Assertion
    binding: Binding
    account_id: int | None
    on_failure: Callable[[Connection], None]


def current_account(deps: Dependencies, identity: Identity) -> Account:
    """The account of the current user, while the session lasts. Raises Unauthenticated."""
    account = deps.database.read(queries.account_in_login, identity.subject, identity.session_id)
    if account is None:
        raise Unauthenticated("invalid_token", "This session has ended, or its account has been deleted.")
    return account


async def reauthenticated_account(deps: Dependencies, identity: Identity, password: str, origin: Origin) -> Account:
    """The same, if the password is correct as well. Raises Forbidden, or TooManyRequests after repeated failures."""
    account = await deps.passwords.run_in_thread(current_account, deps, identity)
    if account.password_hash == NO_PASSWORD:
        raise Forbidden("no_password", "This account has no password; set one with a link by mail, or use a passkey.")

    def failed(tx: Connection) -> None:
        audit_log.record_refused(tx, account.id, AuditEvent.WRONG_PASSWORD, origin)

    check = PasswordCheck(f"session {ids.encode(identity.session_id)}", account.password_hash, failed)
    if await matching_form(deps, check, password) is None:
        raise Forbidden("wrong_password", "The current password is wrong.")
    return account


async def proven_account(
    deps: Dependencies, identity: Identity, proof: schemas.Reauthentication, origin: Origin
) -> Account:
    """The same with the password or a passkey. Raises Forbidden, TooManyRequests."""
    if proof.passkey is None:
        return await reauthenticated_account(deps, identity, proof.current_password or "", origin)
    account = await deps.passwords.run_in_thread(current_account, deps, identity)

    def failed(tx: Connection) -> None:
        audit_log.record_refused(tx, account.id, AuditEvent.PASSKEY_FAILED, origin)

    binding = Binding(Purpose.REAUTHENTICATION, account.id, identity.session_id)
    counted_under = f"session {ids.encode(identity.session_id)}"
    check = PasskeyCheck(counted_under, proof.passkey, binding, account.id, failed)
    try:
        await deps.passwords.run_in_thread(with_passkey, deps, check, lambda *_: None)
    except InvalidPasskey as problem:
        raise Forbidden("invalid_passkey", "This passkey is not accepted.") from problem
    return account


def with_passkey(deps: Dependencies, check: PasskeyCheck, permitted: Callable[[Connection, int], T]) -> T:
    """Do what this answer permits to its account, in the transaction that uses it up.

    Raises InvalidPasskey, TooManyRequests after repeated failures, and what `permitted` raises.
    """
    relying_party.load()  # not in a transaction
    key = deps.throttle_key_of(check.counted_under)
    deps.database.write(login_throttle.begin_attempt, key)

    def succeed(tx: Connection, verified: passkeys.Verified) -> T:
        done = permitted(tx, verified.account_id)
        passkeys.use(tx, verified)
        login_throttle.record_success(tx, key)
        return done

    def fail(tx: Connection) -> None:
        check.on_failure(tx)
        login_throttle.record_failure(tx, key)

    answer = (deps.relying_party, check.answer.as_json(), check.binding, check.account_id)
    try:
        return deps.database.write(succeed, deps.database.read(passkeys.verify, *answer))
    except InvalidPasskey:
        deps.database.write(fail)
        raise
    except AppError:  # the passkey is right, and its account may not do this
        deps.database.write(login_throttle.abandon_attempt, key)
        raise


def invalid_passkey(problem: InvalidPasskey) -> Unauthenticated:
    """The passkey of a login is refused. The log says why, because a wrong `PASSKEY_ORIGIN` is a possible reason."""
    log.info("passkey refused", reason=str(problem))
    return Unauthenticated("invalid_passkey", "This passkey is not accepted.")


async def matching_form(deps: Dependencies, check: PasswordCheck, password: str) -> str | None:
    """The form of the password that is correct, or None; the caller has taken a slot.

    Raises TooManyRequests, and the problem of the second step.
    """
    key = deps.throttle_key_of(check.counted_under)
    await deps.passwords.run_in_thread(deps.database.write, login_throttle.begin_attempt, key)
    form = await deps.passwords.verify(password, check.password_hash)

    def settle(tx: Connection) -> Incomplete | None:
        if form is None:
            check.on_failure(tx)
            login_throttle.record_failure(tx, key)
            return None
        incomplete = check.second_step(tx)
        if incomplete is None:
            login_throttle.record_success(tx, key)
        elif incomplete.counts:
            login_throttle.record_failure(tx, key)
        else:
            login_throttle.abandon_attempt(tx, key)
        return incomplete

    incomplete = await deps.passwords.run_in_thread(deps.database.write, settle)
    if incomplete is not None:
        raise incomplete.problem
    return form
