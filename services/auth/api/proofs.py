"""Whether the one who asks is who they say: by a login that has not ended, and by the password."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from shared.errors import Forbidden, Unauthenticated
from shared.identity import Identity

from .. import queries
from ..actions import failures, trail
from ..actions.trail import Origin
from ..queries import Account
from .parts import Parts


@dataclass(frozen=True, slots=True)
class Claim:
    """What a password is tried on: under what failures count, the hash if there is one, and what a failure writes."""

    counted_under: str
    password_hash: str | None
    on_failure: Callable[[Connection], None]


def own_account(here: Parts, identity: Identity) -> Account:
    """The account of the one who asks, as long as the login lasts. Raises Unauthenticated."""
    account = here.database.read(queries.account_in_login, identity.subject, identity.login)
    if account is None:
        raise Unauthenticated("invalid_token", "This login has ended, or its account has been withdrawn.")
    return account


async def proven_account(here: Parts, identity: Identity, password: str, origin: Origin) -> Account:
    """The same, where the password is right as well. Raises Forbidden, or TooMany after repeated failures."""
    account = await here.passwords.beside(own_account, here, identity)

    def failed(tx: Connection) -> None:
        trail.record_wrong_password(tx, account.id, origin)

    if not await is_right(here, Claim(of_account(account), account.password_hash, failed), password):
        raise Forbidden("wrong_password", "The current password is not right.")
    return account


async def is_right(here: Parts, claim: Claim, password: str) -> bool:
    """Whether the password is right; whoever asks has a place in the line. Raises TooMany."""
    mark = here.failures_of(claim.counted_under)
    await here.passwords.beside(here.database.write, failures.begin_try, mark)
    right = await here.passwords.verify(password, claim.password_hash)

    def settle(tx: Connection) -> None:
        if right:
            failures.forget_failures(tx, mark)
        else:
            claim.on_failure(tx)
            failures.note_failure(tx, mark)

    await here.passwords.beside(here.database.write, settle)
    return right


def of_account(account: Account) -> str:
    """Under what failures of an account are counted, whichever of its handles was given."""
    return f"account {account.id}"
