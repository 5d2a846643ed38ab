"""Messages of a room: sent once, and read. No route changes or deletes one."""

from functools import partial
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from pydantic.json_schema import SkipJsonSchema
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from shared import ids
from shared.idempotency import StoredResponse
from shared.ids import Id
from shared.problem_details import documented
from shared.web import idempotency_key, pagination, responses
from shared.web.authentication import CurrentUser, VerifiedUser
from shared.web.fast_path import ABSENT
from shared.web.request_body import StrictRoute

from .. import queries
from ..actions import messages
from . import cards, schemas
from .dependencies import Deps

router = APIRouter(prefix="/api/v1/rooms/{room_id}/messages", tags=["dm"], route_class=StrictRoute)

Since = Annotated[Id | SkipJsonSchema[None], Query(description="The id of the last known message"), ABSENT]

UpTo = Annotated[Id | SkipJsonSchema[None], Query(description="The id of the newest message that is wanted"), ABSENT]


@router.get(
    "",
    response_model=schemas.Messages,
    summary="The messages of a room",
    responses=documented(400, 401, 404, 422),
)
async def list_messages(
    room_id: Id,
    request: Request,
    page: pagination.PageQuery,
    identity: CurrentUser,
    deps: Deps,
    since: Since = None,
    up_to: UpTo = None,
) -> Response:
    """Newest first. With `since`, the messages after that one, oldest first. With `up_to`, that one and those before.

    So a client shows the messages around a known one, as one that it has found.
    """
    wanted = partial(queries.messages_in, since=since, up_to=up_to)
    found = await run_in_threadpool(deps.database.read, wanted, identity.subject, room_id, page, deps.url_signer)
    await cards.add(deps, identity.subject, found.items)
    return pagination.page_response(request, found)


@router.get("/{message_id}", response_model=schemas.Message, summary="A message", responses=documented(401, 404))
async def message(room_id: Id, message_id: Id, identity: CurrentUser, deps: Deps) -> Response:
    """404 for users who are not in its room."""
    read, me = deps.database.read, identity.subject
    found = await run_in_threadpool(read, queries.message, me, room_id, message_id, deps.url_signer)
    await cards.add(deps, identity.subject, [found])
    return responses.ok(found)


@router.post(
    "",
    status_code=201,
    response_model=schemas.Message,
    summary="Send a message to a room",
    responses=documented(400, 401, 403, 404, 409, 413, 415, 422, 429),
)
async def send(
    room_id: Id, body: schemas.NewMessage, identity: VerifiedUser, key: idempotency_key.IdempotencyKey, deps: Deps
) -> Response:
    """A text, a photo or a post. In a request, the one who received it accepts it by writing.

    422 `unknown_post`, `unknown_media`, `unknown_message`; 409 `peer_withdrawn`, `peer_suspended`, `user_blocked` by
    oneself, `request_pending` after three messages that are not accepted, `messages_refused`.
    """
    draft = _draft(body)
    # Read before the transaction and used inside it, so that a repeated request gets its first response anyway.
    post_exists = draft.post_id is None or await deps.posts.shows(draft.post_id, identity.subject)
    with_card = await cards.of(deps, identity.subject, draft.post_id)

    sent: tuple[messages.Sent, dict[str, Any]] | None = None

    def say(tx: Connection) -> StoredResponse:
        nonlocal sent
        new = messages.send(tx, identity.subject, room_id, draft, post_exists=post_exists)
        said = queries.sent_message(tx, room_id, new.message_id, deps.url_signer)
        sent = new, said
        location = f"/api/v1/rooms/{ids.encode(room_id)}/messages/{ids.encode(new.message_id)}"
        return responses.created({**said, **with_card}, location)

    def shown(tx: Connection, location: str) -> bytes:
        message_id = ids.parse(location.rpartition("/")[2])
        said = queries.message(tx, identity.subject, room_id, message_id, deps.url_signer)
        return orjson.dumps({**said, **with_card})

    answer = await run_in_threadpool(deps.idempotency.write, key, say, shown)
    if sent is not None and not sent[0].in_request:  # of a request, the event decides who is told
        deps.notifier.send_new_message(sent[0].message_id, (identity.subject, sent[0].recipient_id), sent[1])
    return responses.to_response(answer)


def _draft(body: schemas.NewMessage) -> messages.Draft:
    match body.root:
        case schemas.NewTextMessage(text=text, reply_to=reply_to):
            return messages.Draft(text=text, reply_to=reply_to)
        case schemas.NewImageMessage(media_id=media_id, reply_to=reply_to):
            return messages.Draft(media_id=media_id, reply_to=reply_to)
        case schemas.NewPostMessage(post_id=post_id, reply_to=reply_to):
            return messages.Draft(post_id=post_id, reply_to=reply_to)
