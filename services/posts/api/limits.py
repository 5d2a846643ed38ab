"""Limits that a client should know before it uploads or sends something."""

from typing import Annotated

import orjson
from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from shared import clock, idempotency
from shared.body_limits import MAX_JSON_BYTES
from shared.idempotency import StoredResponse
from shared.images.limits import MAX_BYTES, MAX_PIXELS, MAX_SIDE
from shared.lengths import MAX_LENGTHS
from shared.problem_details import documented
from shared.web import id_list, idempotency_key, image_responses, pagination, responses
from shared.web.fields import Count
from shared.web.request_body import StrictRoute

from ..actions.photos import UNUSED_FOR
from .schemas import MOST_PHOTOS

router = APIRouter(prefix="/api/v1", tags=["posts"], route_class=StrictRoute)

Bytes = Annotated[Count, Field(examples=[MAX_BYTES])]
Pixels = Annotated[Count, Field(examples=[MAX_PIXELS])]
Characters = Annotated[Count, Field(examples=[MAX_LENGTHS["comment"]], description="Unicode code points")]
Seconds = Annotated[Count, Field(examples=[clock.DAY // clock.SECOND])]
Number = Annotated[Count, Field(examples=[pagination.MAX_LIMIT])]


class MediaLimits(BaseModel):
    """Of an upload, to a post or to a room. Its type is detected by its content; unused uploads are deleted."""

    content_types: Annotated[
        list[Annotated[str, Field(max_length=40)]],
        Field(max_length=len(image_responses.UPLOAD_MEDIA_TYPES), examples=[list(image_responses.UPLOAD_MEDIA_TYPES)]),
    ]
    max_bytes: Bytes
    max_pixels: Pixels
    max_side: Annotated[Count, Field(examples=[MAX_SIDE], description="Pixels")]
    max_alt_length: Characters
    unused_seconds: Seconds


class PostLimits(BaseModel):
    """Of a post."""

    max_media: Annotated[Count, Field(examples=[MOST_PHOTOS])]
    max_caption_length: Characters


class TextLimits(BaseModel):
    """Of a text, which also needs a visible character."""

    max_text_length: Characters


class ListLimits(BaseModel):
    """Of the parameters of lists."""

    default_limit: Annotated[Count, Field(examples=[pagination.DEFAULT_LIMIT])]
    max_limit: Number
    max_ids: Number


class KeyLimits(BaseModel):
    """Of idempotency keys: how many are kept for one user, and how long."""

    max_length: Annotated[Count, Field(examples=[idempotency_key.MAX_KEY_LENGTH])]
    max_keys: Annotated[Count, Field(examples=[idempotency.MAX_KEYS_PER_DAY])]
    kept_seconds: Seconds


class Limits(BaseModel):
    """Requests beyond these are rejected. Rate limits are in the headers of responses."""

    media: MediaLimits
    post: PostLimits
    comment: TextLimits
    message: TextLimits
    lists: ListLimits
    idempotency_key: KeyLimits
    max_json_bytes: Annotated[Count, Field(examples=[MAX_JSON_BYTES], description="Of the body of a request")]


_LIMITS = Limits(
    media=MediaLimits(
        content_types=list(image_responses.UPLOAD_MEDIA_TYPES),
        max_bytes=MAX_BYTES,
        max_pixels=MAX_PIXELS,
        max_side=MAX_SIDE,
        max_alt_length=MAX_LENGTHS["alt"],
        unused_seconds=UNUSED_FOR // clock.SECOND,
    ),
    post=PostLimits(max_media=MOST_PHOTOS, max_caption_length=MAX_LENGTHS["caption"]),
    comment=TextLimits(max_text_length=MAX_LENGTHS["comment"]),
    message=TextLimits(max_text_length=MAX_LENGTHS["message"]),
    lists=ListLimits(default_limit=pagination.DEFAULT_LIMIT, max_limit=pagination.MAX_LIMIT, max_ids=id_list.MAX_IDS),
    idempotency_key=KeyLimits(
        max_length=idempotency_key.MAX_KEY_LENGTH,
        max_keys=idempotency.MAX_KEYS_PER_DAY,
        kept_seconds=idempotency.RETENTION_MS // clock.SECOND,
    ),
    max_json_bytes=MAX_JSON_BYTES,
)
_ANSWER = StoredResponse(200, orjson.dumps(_LIMITS.model_dump()), {"cache-control": "public, max-age=3600"})


@router.get("/limits", response_model=Limits, summary="What may be uploaded and sent", responses=documented())
async def limits() -> Response:
    """The same for every user, until an upgrade."""
    return responses.to_response(_ANSWER)
