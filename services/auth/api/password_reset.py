"""A new password for somebody who has forgotten theirs, by a link that is sent to the address of the account."""

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from shared.problem_details import documented
from shared.web import responses
from shared.web.request_body import StrictRoute

from .. import handles, passwords
from ..actions import password_resets
from . import link_schemas
from .dependencies import Deps, address_of

router = APIRouter(prefix="/api/v1/auth/password-reset", tags=["auth"], route_class=StrictRoute)


@router.post(
    "", status_code=202, response_model=link_schemas.MailRequested, summary="Ask for a new password",
    responses=documented(400, 413, 415, 422, 429),
)  # fmt: skip
async def request_reset(body: link_schemas.PasswordReset, deps: Deps) -> Response:
    """The same response in the same time, whether or not there is such an account.

    A link is valid for 30 minutes, until the next one is sent. No more than 5 are sent to an address within an hour.
    """
    email = handles.email(body.email)
    limited_by = deps.throttle_key_of(f"password reset {email.value}")
    digest = handles.digest(deps.handle_key, email)
    await run_in_threadpool(deps.database.write, password_resets.request, limited_by, digest)
    return responses.accepted({"status": "accepted"})


@router.post("/confirm", status_code=204, summary="Set a new password", responses=documented(400, 413, 415, 422, 429))
async def set_password(body: link_schemas.NewPasswordByLink, request: Request, deps: Deps) -> Response:
    """With the token of the link, which works once. Ends every session. 422 `invalid_token`."""
    tokens = deps.mail_writer.resets
    account = await run_in_threadpool(deps.database.read, password_resets.account_of, body.token, tokens)
    passwords.check(body.new_password, "new_password")
    passwords.check_not_own(body.new_password, "new_password", handles.all_spellings(account))
    with deps.passwords.slot():
        password_hash = await deps.passwords.hash(body.new_password)
    use = (password_resets.use, body.token, tokens, password_hash, address_of(request))
    ended = await deps.passwords.run_in_thread(deps.database.write, *use)
    return responses.with_revocations(responses.empty(), logins=ended)
