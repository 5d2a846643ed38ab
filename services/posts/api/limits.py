"""Limits that a client should know before it uploads or sends data."""

import re
from typing import Annotated

import orjson
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from shared import clock, idempotency
from shared.body_limits import MAX_JSON_BYTES
from shared.idempotency import StoredResponse
from shared.images.limits import MAX_BYTES, MAX_CPU_SECONDS, MAX_DECODED_BYTES, MAX_PIXELS, MAX_SCANS, MAX_SIDE
from shared.lengths import MAX_LENGTHS
from shared.problem_details import documented
from shared.web import id_list, idempotency_key, image_responses, pagination, responses
from shared.web.fields import Count
from shared.web.request_body import StrictRoute

from ..actions.photos import UNUSED_FOR_MS
from ..text_entities import MAX_MENTIONS, MAX_TAG_LENGTH, MAX_TAGS
from .dependencies import Deps
from .schemas import MAX_PHOTOS

router = APIRouter(prefix="/api/v1", tags=["posts"], route_class=StrictRoute)

MAX_RATES = 20
# Sent by the gateway, which enforces them.
_POLICY = re.compile(r'"([a-z_]{1,40})";q=(\d{1,18});w=(\d{1,9})')

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
    max_decoded_bytes: Annotated[
        Count, Field(examples=[MAX_DECODED_BYTES], description="What decoding the file takes, by its header")
    ]
    max_scans: Annotated[Count, Field(examples=[MAX_SCANS], description="Of a JPEG")]
    max_cpu_seconds: Annotated[Count, Field(examples=[MAX_CPU_SECONDS], description="Of decoding")]
    max_alt_length: Characters
    unused_seconds: Seconds
    quota_bytes: Annotated[
        int | None,
        Field(
            ge=1,
            le=2**53 - 1,
            examples=[5_000_000_000],
            description="Of all photos of one person's posts, in all sizes and formats; null if there is no limit",
        ),
    ]


class PostLimits(BaseModel):
    """Of a post."""

    max_media: Annotated[Count, Field(examples=[MAX_PHOTOS])]
    max_caption_length: Characters
    max_tags: Annotated[Count, Field(examples=[MAX_TAGS], description="Of a caption; further ones are text")]
    max_tag_length: Annotated[
        Count, Field(examples=[MAX_TAG_LENGTH], description="Unicode code points; a longer one is text")
    ]
    max_mentions: Annotated[Count, Field(examples=[MAX_MENTIONS], description="As `max_tags`; also of a comment")]


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


class RateLimit(BaseModel):
    """So many requests in so many seconds, from one user or, without a token, from one address."""

    name: Annotated[str, Field(max_length=40, examples=["uploads"], description="As in the header `RateLimit`")]
    max_requests: Annotated[int, Field(ge=1, le=1_000_000_000, examples=[30])]
    seconds: Annotated[int, Field(ge=1, le=1_000_000_000, examples=[1800])]


class Limits(BaseModel):
    """Requests beyond these are rejected. Headers of responses tell how much of a rate limit is left."""

    media: MediaLimits
    post: PostLimits
    comment: TextLimits
    message: TextLimits
    lists: ListLimits
    idempotency_key: KeyLimits
    max_json_bytes: Annotated[Count, Field(examples=[MAX_JSON_BYTES], description="Of the body of a request")]
    rates: Annotated[list[RateLimit], Field(max_length=MAX_RATES)]


_LIMITS = Limits(
    media=MediaLimits(
        content_types=list(image_responses.UPLOAD_MEDIA_TYPES),
        max_bytes=MAX_BYTES,
        max_pixels=MAX_PIXELS,
        max_side=MAX_SIDE,
        max_decoded_bytes=MAX_DECODED_BYTES,
        max_scans=MAX_SCANS,
        max_cpu_seconds=MAX_CPU_SECONDS,
        max_alt_length=MAX_LENGTHS["alt"],
        unused_seconds=UNUSED_FOR_MS // clock.SECOND,
        quota_bytes=None,  # a setting
    ),
    post=PostLimits(
        max_media=MAX_PHOTOS,
        max_caption_length=MAX_LENGTHS["caption"],
        max_tags=MAX_TAGS,
        max_tag_length=MAX_TAG_LENGTH,
        max_mentions=MAX_MENTIONS,
    ),
    comment=TextLimits(max_text_length=MAX_LENGTHS["comment"]),
    message=TextLimits(max_text_length=MAX_LENGTHS["message"]),
    lists=ListLimits(default_limit=pagination.DEFAULT_LIMIT, max_limit=pagination.MAX_LIMIT, max_ids=id_list.MAX_IDS),
    idempotency_key=KeyLimits(
        max_length=idempotency_key.MAX_KEY_LENGTH,
        max_keys=idempotency.MAX_KEYS_PER_DAY,
        kept_seconds=idempotency.RETENTION_MS // clock.SECOND,
    ),
    max_json_bytes=MAX_JSON_BYTES,
    rates=[],
).model_dump()
_HEADERS = {"cache-control": "public, max-age=3600"}


@router.get("/limits", response_model=Limits, summary="Limits of uploads and requests", responses=documented())
async def limits(request: Request, deps: Deps) -> Response:
    """The same for every user, until an upgrade or another configuration."""
    rates = [
        {"name": name, "max_requests": int(limit), "seconds": int(seconds)}
        for name, limit, seconds in _POLICY.findall(request.headers.get("ratelimit-policy", ""))[:MAX_RATES]
    ]
    own = {"media": _LIMITS["media"] | {"quota_bytes": deps.quota_bytes or None}, "rates": rates}
    return responses.to_response(StoredResponse(200, orjson.dumps(_LIMITS | own), _HEADERS))
