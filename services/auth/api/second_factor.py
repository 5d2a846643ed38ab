"""Adding and removing the second factor of one's account."""

from fastapi import APIRouter, Request
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from shared.problem_details import documented
from shared.web import responses
from shared.web.authentication import CurrentUser
from shared.web.request_body import StrictRoute

from ..actions import second_factor
from ..second_factor_codes import provisioning_uri
from . import schemas
from .dependencies import Deps, origin_of
from .reauthentication import current_account, proven_account

router = APIRouter(prefix="/api/v1/users/me/totp", tags=["auth"], route_class=StrictRoute)


@router.post(
    "",
    status_code=201,
    response_model=schemas.TotpSecret,
    summary="Begin to add an authenticator app",
    responses=documented(400, 401, 403, 409, 413, 415, 422, 429),
)
async def begin(body: schemas.SecondFactorBeginning, request: Request, identity: CurrentUser, deps: Deps) -> Response:
    """It has no effect until PUT confirms it. 403 `wrong_password`, `invalid_passkey`, 409 `second_factor_enabled`."""
    with deps.passwords.slot(in_session=True):
        proven = await proven_account(deps, identity, body, origin_of(request, identity))
    add = (second_factor.begin, proven, deps.second_factor_codes)
    secret = await deps.passwords.run_in_thread(deps.database.write, *add)
    answer = {"secret": secret, "uri": provisioning_uri(secret, proven.nickname)}
    return responses.to_response(responses.created(answer, "/api/v1/users/me/totp"))


@router.put(
    "",
    response_model=schemas.RecoveryCodes,
    summary="Confirm the authenticator app",
    responses=documented(400, 401, 409, 413, 415, 422, 429),
)
async def confirm(body: schemas.TotpCode, request: Request, identity: CurrentUser, deps: Deps) -> Response:
    """From then on a login needs a code. 422 `invalid_otp`; 409 `second_factor_not_begun`, `second_factor_enabled`."""
    await run_in_threadpool(current_account, deps, identity)
    origin = origin_of(request, identity)

    def write(tx: Connection) -> list[str]:
        return second_factor.confirm(tx, identity.subject, body.code, deps.second_factor_codes, origin)

    recovery_codes = await run_in_threadpool(deps.database.write, write)
    return responses.ok({"recovery_codes": recovery_codes})


@router.delete(
    "",
    status_code=204,
    summary="Remove the second factor",
    responses=documented(400, 401, 403, 413, 415, 422, 429),
)
async def remove(body: schemas.SecondFactorRemoval, request: Request, identity: CurrentUser, deps: Deps) -> Response:
    """Idempotent. 403 `wrong_password`, `invalid_passkey`."""
    origin = origin_of(request, identity)
    with deps.passwords.slot(in_session=True):
        proven = await proven_account(deps, identity, body, origin)
    await deps.passwords.run_in_thread(deps.database.write, second_factor.remove, proven, origin)
    return responses.empty()
