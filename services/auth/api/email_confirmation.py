"""Confirming the email address of one's account."""

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from shared.problem_details import documented
from shared.security.verifier import invalid_token
from shared.web import responses
from shared.web.authentication import CurrentUser, OptionalUser
from shared.web.request_body import StrictRoute

from ..actions import email_confirmations
from . import link_schemas
from .dependencies import Deps, address_of
from .reauthentication import current_account

router = APIRouter(prefix="/api/v1/auth/email-verification", tags=["auth"], route_class=StrictRoute)


@router.post(
    "", status_code=202, response_model=link_schemas.MailRequested, summary="Send the link and the code again",
    responses=documented(401, 409, 429),
)  # fmt: skip
def send_confirmation(identity: CurrentUser, deps: Deps) -> Response:
    """Earlier ones are void. 409 `already_verified`, 429 `too_many_mails` after 5 messages within an hour."""
    current_account(deps, identity)
    deps.database.write(email_confirmations.send_again, identity.subject)
    return responses.accepted({"status": "accepted"})


@router.post(
    "/confirm", status_code=204, summary="Confirm one's address", responses=documented(400, 401, 413, 415, 422)
)
async def confirm_email(
    body: link_schemas.EmailConfirmation, request: Request, identity: OptionalUser, deps: Deps
) -> Response:
    """With the token of the link, or signed in with the code. 422 `invalid_token`.

    Access tokens of earlier say that the address is not confirmed: renew them.
    """
    ip, tokens = address_of(request), deps.mail_writer.confirmations
    if "token" in body.model_fields_set:
        await run_in_threadpool(deps.database.write, email_confirmations.confirm_by_token, body.token, tokens, ip)
        return responses.empty()
    if identity is None:
        raise invalid_token()
    await run_in_threadpool(current_account, deps, identity)
    confirm_by_code = email_confirmations.confirm_by_code
    if not await run_in_threadpool(deps.database.write, confirm_by_code, identity.subject, body.code, tokens, ip):
        raise email_confirmations.invalid_code()
    return responses.empty()
