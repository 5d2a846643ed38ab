"""Signing up, one's own account, its picture, and withdrawing."""

import secrets

from fastapi import APIRouter, UploadFile
from sqlalchemy import Connection
from starlette.responses import Response

from shared import clock
from shared.disposal import give_up
from shared.errors import Forbidden, TooMany, Unauthenticated
from shared.identity import Identity, Required
from shared.web import answers
from shared.web.bodies import StrictRoute
from shared.web.problems import documented

from .. import handles, models, passwords, queries
from ..actions import accounts, failures, sessions, withdrawals
from ..queries import Account as AccountRow
from . import schemas
from .parts import Here, Parts

router = APIRouter(prefix="/api/v1", tags=["auth"], route_class=StrictRoute)

UNCLAIMED_FOR = clock.HOUR


@router.post(
    "/auth/signup",
    status_code=201,
    response_model=schemas.Account,
    summary="Sign up",
    responses=documented(400, 409, 413, 415, 422),
)
def sign_up(body: schemas.SignUp, here: Here) -> Response:
    """Make an account. 409 `email_taken`, `nickname_taken` or `phone_taken`."""
    email, nickname = handles.email(body.email), handles.nickname(body.nickname)
    phone = handles.phone(body.phone, here.settings.default_region) if body.phone is not None else None
    passwords.check(body.password, "password")
    applicant = accounts.Applicant(email, nickname, phone, body.name, here.passwords.hash(body.password))
    account = here.database.write(accounts.sign_up, applicant, here.handle_key)
    return answers.response(answers.created(queries.account_json(account), "/api/v1/users/me"))


@router.get("/users/me", response_model=schemas.Account, summary="One's own account", responses=documented(401))
def me(identity: Required, here: Here) -> Response:
    """What only its owner sees."""
    return answers.ok(queries.account_json(_own(here, identity)))


@router.patch(
    "/users/me",
    response_model=schemas.Account,
    summary="Change one's account",
    responses=documented(400, 401, 403, 409, 413, 415, 422, 429),
)
def change_me(body: schemas.ChangeAccount, identity: Required, here: Here) -> Response:
    """Change what is given. 403 `wrong_password`. A new password ends every other login."""
    changes, taken = _changes(body, here)
    _prove(here, identity, body.current_password)
    if "new_password" in body.model_fields_set:
        changes["password_hash"] = here.passwords.hash(body.new_password)

    def change(tx: Connection) -> AccountRow:
        account = accounts.change_account(tx, identity.subject, changes, taken, here.handle_key)
        if "password_hash" in changes:
            sessions.log_out_others(tx, identity.subject, identity.login)
        return account

    return answers.ok(queries.account_json(here.database.write(change)))


@router.put(
    "/users/me/avatar",
    response_model=schemas.Account,
    summary="Set one's picture",
    responses=documented(400, 401, 413, 415, 422),
)
def set_avatar(file: UploadFile, identity: Required, here: Here) -> Response:
    """JPEG, PNG, WebP, GIF, HEIC or AVIF, up to 20 MB and 50 megapixels."""
    _own(here, identity)
    picture = here.darkroom.develop(file.file)
    name = f"{secrets.token_hex(16)}.jpg"
    here.database.write(give_up, models.disposal, [name], due_at=clock.now() + UNCLAIMED_FOR)
    here.storage.put(name, picture.thumbnail.data, picture.content_type)
    return answers.ok(queries.account_json(here.database.write(accounts.set_avatar, identity.subject, name)))


@router.delete(
    "/users/me/avatar",
    response_model=schemas.Account,
    summary="Remove one's picture",
    responses=documented(401),
)
def remove_avatar(identity: Required, here: Here) -> Response:
    """The same answer whether or not there was one."""
    _own(here, identity)
    return answers.ok(queries.account_json(here.database.write(accounts.set_avatar, identity.subject, None)))


@router.post(
    "/users/me/deletion",
    status_code=202,
    response_model=None,
    summary="Withdraw",
    responses=documented(400, 401, 403, 413, 415, 422, 429),
)
def withdraw(body: schemas.Deletion, identity: Required, here: Here) -> Response:
    """From the answer on every token is refused. Posts, likes, comments and follows go; others keep their messages."""
    account = _prove(here, identity, body.current_password)
    here.database.write(withdrawals.withdraw, identity.subject, account.password_hash)
    return answers.accepted({"status": "withdrawn"})


def _own(here: Parts, identity: Identity) -> AccountRow:
    account = here.database.read(queries.account_in_login, identity.subject, identity.login)
    if account is None:
        raise Unauthenticated("invalid_token", "This login has ended, or its account has been withdrawn.")
    return account


def _prove(here: Parts, identity: Identity, password: str) -> AccountRow:
    """The account, where the password is right. Raises Forbidden, or TooMany after repeated failures."""
    account = _own(here, identity)
    mark = failures.mark(f"account {account.id}")
    wait = here.database.read(queries.refusing_until, mark) - clock.now()
    if wait > 0:
        raise TooMany("too_many_attempts", "Too many wrong passwords.", retry_after=1 + wait // clock.SECOND)
    if not here.passwords.verify(password, account.password_hash):
        here.database.write(failures.note_failure, mark)
        raise Forbidden("wrong_password", "The current password is not right.")
    here.database.write(failures.forget_failures, mark)
    return account


def _changes(body: schemas.ChangeAccount, here: Parts) -> tuple[dict[str, str | None], list[handles.Handle]]:
    """The columns that change, and the handles among them; everything is checked before the password is."""
    given = body.model_fields_set
    changes: dict[str, str | None] = {name: getattr(body, name) for name in ("name", "bio") if name in given}
    taken: list[handles.Handle] = []
    if "nickname" in given:
        taken.append(handles.nickname(body.nickname))
    if body.phone is not None:
        taken.append(handles.phone(body.phone, here.settings.default_region))
    elif "phone" in given:
        changes["phone"] = None
    if "new_password" in given:
        passwords.check(body.new_password, "new_password")
    return changes | {each.kind: each.value for each in taken}, taken
