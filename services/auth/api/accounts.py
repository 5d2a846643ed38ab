"""Signing up, the user's own account and its picture, and deleting the account."""

import secrets
from collections.abc import Sequence

import structlog
from fastapi import APIRouter, Request, UploadFile
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from shared import clock, ids
from shared.errors import Conflict
from shared.files import garbage
from shared.files.store_image import StoredFile, store_image
from shared.images.pipe_protocol import ProcessedImage
from shared.images.variants import JPEG, RenditionPlan
from shared.problem_details import documented
from shared.security.verifier import Identity
from shared.web import image_responses, responses, uploads
from shared.web.authentication import CurrentUser
from shared.web.disconnects import require_connected
from shared.web.uploads import UploadRoute

from .. import handles, models, passwords, queries
from ..actions import accounts, audit_log, claims, email_confirmations, sessions, withdrawals
from ..actions.audit_log import AuditEvent, Origin
from ..handles import Handle
from ..queries import Account as AccountRow
from . import schemas
from .dependencies import Dependencies, Deps, address_of, language_of, origin_of
from .reauthentication import current_account, proven_account, reauthenticated_account
from .sign_ups import admitted

router = APIRouter(prefix="/api/v1", tags=["auth"], route_class=UploadRoute)

UNUSED_MS = clock.HOUR
AVATAR = RenditionPlan((480,), (JPEG,))
log = structlog.get_logger()


@router.post(
    "/auth/signup",
    status_code=201,
    response_model=schemas.Account,
    summary="Sign up",
    responses=documented(400, 403, 409, 413, 415, 422),
)
async def sign_up(body: schemas.SignUp, request: Request, deps: Deps) -> Response:
    """Create an account. A message asks for the confirmation of its address.

    What `GET /auth/signup` says matters: 403 `invitation_required` and 422 `invalid_invitation`; or the account cannot
    log in until a moderator has approved it. 409 `email_taken`, `nickname_taken` or `phone_taken`.
    """
    email, nickname = handles.email(body.email), handles.nickname(body.nickname)
    phone = handles.phone(body.phone, deps.settings.default_region) if body.phone is not None else None
    passwords.check(body.password, "password")
    known_by = [("email", email.value), ("name", body.name), ("nickname", nickname.value)]
    known_by += [("phone", phone.value)] if phone else []
    passwords.check_not_own(body.password, "password", _spellings(known_by))
    invitation, pending = await deps.passwords.run_in_thread(admitted, deps, body.invitation)
    with deps.passwords.slot():
        password_hash = await deps.passwords.hash(body.password)
    language = body.language or language_of(request)
    applicant = accounts.Applicant(
        email, nickname, phone, body.name, password_hash, language, invitation, pending=pending
    )
    ip = address_of(request)

    def register(tx: Connection) -> AccountRow:
        account = accounts.sign_up(tx, applicant, deps.handle_key, ip)
        email_confirmations.begin(tx, account.id)
        return account

    account = await deps.passwords.run_in_thread(deps.database.write, register)
    return responses.to_response(responses.created(queries.account_json(account), "/api/v1/users/me"))


@router.get("/users/me", response_model=schemas.Account, summary="One's own account", responses=documented(401))
def me(identity: CurrentUser, deps: Deps) -> Response:
    """What only its owner sees."""
    return responses.ok(queries.account_json(current_account(deps, identity)))


@router.patch(
    "/users/me",
    response_model=schemas.Account,
    summary="Change one's account",
    responses=documented(400, 401, 403, 409, 413, 415, 422, 429),
)
async def change_me(body: schemas.ChangeAccount, request: Request, identity: CurrentUser, deps: Deps) -> Response:
    """Change the given fields. 403 `wrong_password`. A new password ends every other session.

    429 `too_many_changes` after 5 changes of the nickname in 30 days, 20 attempts with nicknames or 5 with phones in a
    day.
    """
    changes, taken = _changes(body, deps)
    origin = origin_of(request, identity)
    with deps.passwords.slot(in_session=True):
        proven = await reauthenticated_account(deps, identity, body.current_password, origin)
        _check_password(body, proven, changes)
        if "new_password" in body.model_fields_set:
            changes["password_hash"] = await deps.passwords.hash(body.new_password)

    def change(tx: Connection) -> tuple[AccountRow, list[int]]:
        account = accounts.change_account(tx, proven, changes, taken, deps.handle_key, origin)
        if "password_hash" not in changes:
            return account, []
        return account, sessions.end_others(tx, identity.subject, identity.session_id, origin.ip)

    await deps.passwords.run_in_thread(deps.database.write, claims.count_attempts, proven, taken)
    try:
        account, ended = await deps.passwords.run_in_thread(deps.database.write, change)
    except Conflict:
        refused = (proven.id, AuditEvent.HANDLE_REFUSED, origin)
        await deps.passwords.run_in_thread(deps.database.write, audit_log.record_refused, *refused)
        raise
    return responses.with_revocations(responses.ok(queries.account_json(account)), logins=ended)


@router.put(
    "/users/me/avatar",
    response_model=schemas.Account,
    summary="Set one's picture",
    responses=documented(400, 401, 413, 415, 422),
    openapi_extra=image_responses.IMAGE_UPLOAD_OPENAPI,
)
async def set_avatar(file: UploadFile, request: Request, identity: CurrentUser, deps: Deps) -> Response:
    """JPEG, PNG, WebP, GIF, HEIC or AVIF, up to 20 MB and 60 megapixels.

    413 `too_large`, 415 `unsupported_media`, 422 `corrupt_media`; 503 while too many are being processed.
    """
    await run_in_threadpool(current_account, deps, identity)
    picture = await uploads.processed(request, deps.image_processor, file, identity.subject, AVATAR)
    name = await run_in_threadpool(_store, deps, identity.subject, picture)
    await require_connected(request)
    return await run_in_threadpool(_show, deps, identity, origin_of(request, identity), name)


@router.delete(
    "/users/me/avatar",
    response_model=schemas.Account,
    summary="Remove one's picture",
    responses=documented(401),
)
def remove_avatar(request: Request, identity: CurrentUser, deps: Deps) -> Response:
    """Idempotent."""
    current_account(deps, identity)
    origin = origin_of(request, identity)
    return responses.ok(queries.account_json(deps.database.write(accounts.set_avatar, identity.subject, None, origin)))


@router.post(
    "/users/me/deletion",
    status_code=202,
    response_model=schemas.Withdrawn,
    summary="Withdraw",
    responses=documented(400, 401, 403, 413, 415, 422, 429),
)
async def withdraw(body: schemas.Deletion, request: Request, identity: CurrentUser, deps: Deps) -> Response:
    """Every token is rejected from then on.

    Posts, likes, comments and follows are removed; others keep their messages.
    """
    with deps.passwords.slot(in_session=True):
        proven = await proven_account(deps, identity, body, origin_of(request, identity))
    await deps.passwords.run_in_thread(deps.database.write, withdrawals.withdraw, proven)
    log.info("account withdrawn", user_id=ids.encode(identity.subject))  # the audit log is deleted with the account
    return responses.with_revocations(responses.accepted({"status": "withdrawn"}), subject=identity.subject)


def _store(deps: Dependencies, account_id: int, picture: ProcessedImage) -> str:
    """Store the file. It is deleted in a while unless `accounts.set_avatar` keeps it."""

    def reserve(names: list[str]) -> None:
        deps.database.write(garbage.schedule_deletion, models.disposal, names, due_at=clock.now() + UNUSED_MS)

    name = f"{accounts.avatar_prefix(account_id)}{secrets.token_hex(16)}.jpg"
    store_image(deps.storage, [StoredFile(name, picture.display.data, picture.display.variant.content_type)], reserve)
    return name


def _show(deps: Dependencies, identity: Identity, origin: Origin, name: str) -> Response:
    return responses.ok(queries.account_json(deps.database.write(accounts.set_avatar, identity.subject, name, origin)))


def _changes(body: schemas.ChangeAccount, deps: Dependencies) -> tuple[dict[str, str | None], list[handles.Handle]]:
    """The columns that change, and the handles among them; all are validated before the password is verified."""
    given = body.model_fields_set
    plain = given & {"name", "bio", "language"}
    changes: dict[str, str | None] = {name: getattr(body, name) for name in plain}
    taken: list[handles.Handle] = []
    if "nickname" in given:
        taken.append(handles.nickname(body.nickname))
    if body.phone is not None:
        taken.append(handles.phone(body.phone, deps.settings.default_region))
    elif "phone" in given:
        changes["phone"] = None
    if "new_password" in given:
        passwords.check(body.new_password, "new_password")
    return changes | {each.kind: each.value for each in taken}, taken


def _check_password(body: schemas.ChangeAccount, account: AccountRow, changes: dict[str, str | None]) -> None:
    """The new password may be none of the account's names and handles; nor may a new one of these be its password."""
    if "new_password" in body.model_fields_set:
        known_by = [
            (kind, changes.get(kind, getattr(account, kind))) for kind in ("email", "name", "nickname", "phone")
        ]
        passwords.check_not_own(body.new_password, "new_password", _spellings(known_by))
        return
    for kind in changes.keys() & {"name", "nickname", "phone"}:
        passwords.check_not_own(body.current_password, kind, _spellings([(kind, changes[kind])]))


def _spellings(known_by: Sequence[tuple[str, str | None]]) -> list[str]:
    return [text for kind, value in known_by if value for text in handles.spellings(Handle(kind, value))]
