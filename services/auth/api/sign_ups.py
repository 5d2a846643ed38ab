"""Who may sign up, by the setting SIGN_UP; and the invitations of moderators."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, BeforeValidator, Field
from sqlalchemy import Connection
from starlette.responses import Response

from shared.ids import Id
from shared.problem_details import documented
from shared.web import pagination, responses
from shared.web.authentication import CurrentUser
from shared.web.fields import IdText, NextCursor, Timestamp
from shared.web.request_body import StrictModel, StrictRoute

from .. import moderation_queries
from ..actions import invitations
from .dependencies import Dependencies, Deps
from .moderation import require_moderator
from .moderation_schemas import UserRef
from .schemas import Invitation

router = APIRouter(prefix="/api/v1", tags=["moderation"], route_class=StrictRoute)
public_router = APIRouter(prefix="/api/v1", tags=["auth"], route_class=StrictRoute)
Mode = Literal["open", "invitation", "approval"]

WHOLE = BeforeValidator(lambda given: int(given) if isinstance(given, float) and given.is_integer() else given)
"""For JSON Schema, 1.0 is an integer."""


class SignUpMode(BaseModel):
    """Who may sign up here."""

    mode: Annotated[
        Mode, Field(description="`invitation`: with a code; `approval`: a moderator has to approve the account")
    ]


class NewInvitation(StrictModel):
    """How many people may sign up with it, and for how many days."""

    uses: Annotated[int, Field(ge=1, le=invitations.MAX_USES, examples=[5]), WHOLE] = 1
    days: Annotated[int, Field(ge=1, le=invitations.MAX_DAYS, examples=[14]), WHOLE] = 14


class InvitationState(BaseModel):
    """An invitation. Without a creator, an operator or a deleted account has made it."""

    id: IdText
    creator: UserRef | None
    uses: Annotated[int, Field(ge=1, le=invitations.MAX_USES, examples=[5])]
    uses_left: Annotated[int, Field(ge=0, le=invitations.MAX_USES, examples=[3])]
    created_at: Timestamp
    expires_at: Timestamp


class CreatedInvitation(InvitationState):
    """The code is shown only now."""

    code: Invitation


class Invitations(BaseModel):
    """A page of invitations."""

    items: Annotated[list[InvitationState], Field(max_length=pagination.MAX_LIMIT)]
    next_cursor: NextCursor


def admitted(deps: Dependencies, invitation: str | None) -> tuple[str | None, bool]:
    """The invitation to use up, if one is needed, and whether the account has to be approved.

    Raises Forbidden, Invalid.
    """
    mode = deps.settings.sign_up
    if mode == "invitation":
        deps.database.read(invitations.require, invitation)
        return invitation, False
    return None, mode == "approval"


@public_router.get("/auth/signup", response_model=SignUpMode, summary="Who may sign up", responses=documented())
async def sign_up_mode(deps: Deps) -> Response:
    """The same for everybody: a setting of the instance."""
    return responses.ok({"mode": deps.settings.sign_up})


@router.post(
    "/moderation/invitations",
    status_code=201,
    response_model=CreatedInvitation,
    summary="Invite people to sign up",
    responses=documented(400, 401, 403, 409, 413, 415, 422),
)
def create_invitation(body: NewInvitation, identity: CurrentUser, deps: Deps) -> Response:
    """For moderators. It matters while the setting `SIGN_UP` is `invitation`. 409 `too_many_invitations`."""
    require_moderator(deps, identity)

    def create(tx: Connection) -> dict[str, Any]:
        row, code = invitations.create(tx, identity.subject, body.uses, body.days)
        return moderation_queries.invitation(tx, row) | {"code": code}

    made = deps.database.write(create)
    return responses.to_response(responses.created(made, f"/api/v1/moderation/invitations/{made['id']}"))


@router.get(
    "/moderation/invitations",
    response_model=Invitations,
    summary="Invitations",
    responses=documented(400, 401, 403, 422),
)
def list_invitations(request: Request, page: pagination.PageQuery, identity: CurrentUser, deps: Deps) -> Response:
    """For moderators. Newest first, until they end."""
    require_moderator(deps, identity)
    return pagination.page_response(request, deps.database.read(moderation_queries.invitations, page))


@router.delete(
    "/moderation/invitations/{invitation_id}",
    status_code=204,
    summary="Revoke an invitation",
    responses=documented(401, 403, 404),
)
def revoke_invitation(invitation_id: Id, identity: CurrentUser, deps: Deps) -> Response:
    """For moderators. Nobody can sign up with it any more."""
    require_moderator(deps, identity)
    deps.database.write(invitations.revoke, invitation_id)
    return responses.empty()
