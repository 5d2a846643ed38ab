"""Whether the one who asks is who they say: by a login that has not ended, and by the password."""

from starlette.concurrency import run_in_threadpool

from shared import clock
from shared.errors import Forbidden, TooMany, Unauthenticated
from shared.identity import Identity

from .. import queries
from ..actions import failures
from ..queries import Account
from .parts import Parts


def own_account(here: Parts, identity: Identity) -> Account:
    """The account of the one who asks, as long as the login lasts. Raises Unauthenticated."""
    account = here.database.read(queries.account_in_login, identity.subject, identity.login)
    if account is None:
        raise Unauthenticated("invalid_token", "This login has ended, or its account has been withdrawn.")
    return account


async def proven_account(here: Parts, identity: Identity, password: str) -> Account:
    """The same, where the password is right as well. Raises Forbidden, or TooMany after repeated failures."""
    account = await run_in_threadpool(own_account, here, identity)
    if not await is_right(here, f"account {account.id}", password, account.password_hash):
        raise Forbidden("wrong_password", "The current password is not right.")
    return account


async def is_right(here: Parts, tried: str, password: str, password_hash: str | None) -> bool:
    """Whether the password is right; failures are counted under what was tried. Raises TooMany."""
    mark = here.failures_of(tried)
    until = await run_in_threadpool(here.database.read, queries.refusing_until, mark)
    wait = (until or 0) - clock.now()
    if wait > 0:
        raise TooMany("too_many_attempts", "Too many wrong passwords.", retry_after=1 + wait // clock.SECOND)
    right = await here.passwords.verify(password, password_hash)
    if not right:
        await run_in_threadpool(here.database.write, failures.note_failure, mark)
    elif until is not None:
        await run_in_threadpool(here.database.write, failures.forget_failures, mark)
    return right
