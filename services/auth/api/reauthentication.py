"""Checks that the user has a session that has not ended, and knows the password.

Wrong passwords are counted by session if there is one, so that nobody without it can use up its attempts. At a login
they are counted by the given handle, whether or not an account has it, and separately for each network from which its
account has logged in recently (docs/decisions/0015).
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from shared import ids
from shared.errors import Forbidden, Unauthenticated
from shared.security.verifier import Identity

from .. import queries
from ..actions import audit_log, login_throttle
from ..actions.audit_log import AuditEvent, Origin
from ..queries import Account
from .dependencies import Dependencies


@dataclass(frozen=True, slots=True)
class PasswordCheck:
    """What a password is checked against: the throttle's key, the hash if there is one, and what a failure records."""

    counted_under: str
    password_hash: str | None
    on_failure: Callable[[Connection], None]


def current_account(deps: Dependencies, identity: Identity) -> Account:
    """The account of the user who asks, as long as the session lasts. Raises Unauthenticated."""
    account = deps.database.read(queries.account_in_login, identity.subject, identity.session_id)
    if account is None:
        raise Unauthenticated("invalid_token", "This session has ended, or its account has been deleted.")
    return account


async def reauthenticated_account(deps: Dependencies, identity: Identity, password: str, origin: Origin) -> Account:
    """The same, if the password is right as well. Raises Forbidden, or TooMany after repeated failures."""
    account = await deps.passwords.run_in_thread(current_account, deps, identity)

    def failed(tx: Connection) -> None:
        audit_log.record_refused(tx, account.id, AuditEvent.WRONG_PASSWORD, origin)

    check = PasswordCheck(f"session {ids.encode(identity.session_id)}", account.password_hash, failed)
    if await matching_form(deps, check, password) is None:
        raise Forbidden("wrong_password", "The current password is wrong.")
    return account


async def matching_form(deps: Dependencies, check: PasswordCheck, password: str) -> str | None:
    """The form of the password that is right, or None; the caller has taken a slot. Raises TooMany."""
    key = deps.throttle_key_of(check.counted_under)
    await deps.passwords.run_in_thread(deps.database.write, login_throttle.begin_attempt, key)
    form = await deps.passwords.verify(password, check.password_hash)

    def settle(tx: Connection) -> None:
        if form is not None:
            login_throttle.record_success(tx, key)
        else:
            check.on_failure(tx)
            login_throttle.record_failure(tx, key)

    await deps.passwords.run_in_thread(deps.database.write, settle)
    return form
