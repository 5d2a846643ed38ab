"""Photos of a room: uploaded by its users, served by signed URLs."""

import secrets
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Form, Path, Query, Request, UploadFile
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from shared.files.store_image import StoredFile, store_image
from shared.idempotency import Key, StoredResponse
from shared.ids import Id
from shared.images import CameraInfo, ProcessedImage
from shared.problem_details import documented
from shared.web import idempotency_key, image_responses, responses, uploads
from shared.web.authentication import VerifiedUser
from shared.web.camera_info import KeepCameraInfo
from shared.web.disconnects import require_connected
from shared.web.uploads import UploadRoute

from .. import photo_queries, queries
from ..actions import photos
from . import schemas
from .dependencies import Dependencies, Deps

RENDITION = r"^(display\.jpg|thumbnail\.jpg|\d{1,5}\.(jpg|webp))$"
MAX_RENDITION_LENGTH = 13

router = APIRouter(prefix="/api/v1/rooms/{room_id}/media", tags=["dm"], route_class=UploadRoute)


@router.post(
    "",
    status_code=201,
    response_model=schemas.Media,
    summary="Upload a photo to a room",
    responses=documented(400, 401, 403, 404, 409, 413, 415, 422, 429),
    openapi_extra=image_responses.IMAGE_UPLOAD_OPENAPI,
)
async def upload(  # noqa: PLR0913, PLR0917 - the parameters of a request
    room_id: Id,
    request: Request,
    file: UploadFile,
    identity: VerifiedUser,
    key: idempotency_key.FormIdempotencyKey,
    deps: Deps,
    alt: Annotated[schemas.Alt | None, Form(description="A description for people who cannot see it")] = None,
    keep_camera_info: KeepCameraInfo = False,
) -> Response:
    """JPEG, PNG, WebP, GIF, HEIC or AVIF, up to 20 MB and 60 megapixels. Deleted after a day unless it is sent.

    413 `too_large`, 415 `unsupported_media`, 422 `corrupt_media`; 409 `peer_withdrawn`, `peer_suspended`,
    `user_blocked` by oneself; 503 while too many are being processed.
    """
    await run_in_threadpool(deps.database.read, queries.peer_in, room_id, identity.subject)

    async def work() -> StoredResponse:
        picture = await uploads.processed(request, deps.image_processor, file, identity.subject)
        info = picture.camera_info if keep_camera_info else None
        stored = await run_in_threadpool(_store, deps, identity.subject, room_id, picture, alt, info)
        await require_connected(request)
        return await run_in_threadpool(_keep, deps, identity.subject, room_id, stored, key)

    return responses.to_response(await uploads.once(deps.idempotency, key, work))


@router.head("/{media_id}/{rendition}", include_in_schema=False)
@router.get(
    "/{media_id}/{rendition}",
    response_class=Response,
    summary="A photo of a room",
    responses={**image_responses.IMAGE_RESPONSES_OPENAPI, **documented(403, 404, 416)},
)
def photo(
    request: Request,
    room_id: Id,
    media_id: Id,
    rendition: Annotated[str, Path(pattern=RENDITION, max_length=MAX_RENDITION_LENGTH)],
    deps: Deps,
    expires: Annotated[
        str, Query(description="Expiry in seconds since 1970", json_schema_extra={"maxLength": 20})
    ] = "",
    signature: Annotated[
        str, Query(description="The signature of this photo and expiry", json_schema_extra={"maxLength": 24})
    ] = "",
) -> Response:
    """By its signed URL, which is in the message. 403 `link_expired`, or `invalid_link` for a wrong signature."""
    seconds = deps.url_signer.check(room_id, media_id, rendition, expires, signature)
    name = deps.database.read(photo_queries.file_of, room_id, media_id, rendition)
    return image_responses.image_response(request, deps.storage, name, cache=f"private, max-age={seconds}, immutable")


def _store(
    deps: Dependencies,
    uploader_id: int,
    room_id: int,
    picture: ProcessedImage,
    alt: str | None,
    info: CameraInfo | None,
) -> photos.Photo:
    file, shown = secrets.token_hex(16), picture.display.variant
    files = [
        StoredFile(photo_queries.stored(file, each.variant.name), each.data, each.variant.content_type)
        for each in picture.renditions
    ]
    store_image(
        deps.storage, files, reserve=lambda names: deps.database.write(photos.reserve, uploader_id, room_id, names)
    )
    kept = None if info is None else asdict(info)
    return photos.Photo(file, shown.content_type, shown.width, shown.height, picture.blurhash, alt, kept)


def _keep(deps: Dependencies, uploader_id: int, room_id: int, photo: photos.Photo, key: Key | None) -> StoredResponse:
    def keep(tx: Connection) -> StoredResponse:
        media = photo_queries.photo(tx, photos.keep(tx, uploader_id, room_id, photo), deps.url_signer)
        return responses.created(media, media["url"])

    return deps.idempotency.record(key, keep)
