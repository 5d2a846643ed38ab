"""Uploading photos, and serving them."""

import secrets
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Request, UploadFile
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

from ..actions import photos
from ..queries.photos import display_and_thumbnail
from ..queries.photos import photo as shown
from . import schemas
from .dependencies import Dependencies, Deps

router = APIRouter(prefix="/api/v1", tags=["posts"], route_class=UploadRoute)

# The path of a route that takes an id has to be that of the route that takes a file's name, for OpenAPI.
MediaId = Annotated[Id, Path(alias="name", description="The id of the photo")]


@router.post(
    "/media",
    status_code=201,
    response_model=schemas.Media,
    summary="Upload a photo",
    responses=documented(400, 401, 403, 409, 413, 415, 422, 429),
    openapi_extra=image_responses.IMAGE_UPLOAD_OPENAPI,
)
async def upload(
    request: Request,
    file: UploadFile,
    identity: VerifiedUser,
    key: idempotency_key.FormIdempotencyKey,
    deps: Deps,
    alt: Annotated[schemas.GivenAlt, Form(description="A description for people who cannot see it")] = None,
    keep_camera_info: KeepCameraInfo = False,
) -> Response:
    """JPEG, PNG, WebP, GIF, HEIC or AVIF, up to 20 MB and 60 megapixels. Deleted after a day unless a post uses it.

    409 `storage_full`, 413 `too_large`, 415 `unsupported_media`, 422 `corrupt_media`; 503 while too many are being
    processed.
    """

    async def work() -> StoredResponse:
        picture = await uploads.processed(request, deps.image_processor, file, identity.subject)
        info = picture.camera_info if keep_camera_info else None
        stored = await deps.with_known_users(lambda: _store(deps, identity.subject, picture, alt, info))
        await require_connected(request)
        return await run_in_threadpool(_keep, deps, identity.subject, stored, key)

    return responses.to_response(await uploads.once(deps.idempotency, key, work))


@router.patch(
    "/media/{name}",
    response_model=schemas.Media,
    summary="Edit the alternative text of a photo",
    responses=documented(400, 401, 403, 404, 413, 415, 422),
)
async def edit_photo(media_id: MediaId, body: schemas.PhotoChanges, identity: VerifiedUser, deps: Deps) -> Response:
    """Of one's own photo, in a post or not yet: 403 `not_yours` for another user's. Moves `updated_at` of its post."""

    def write(tx: Connection) -> dict[str, Any]:
        if "alt" in body.model_fields_set:
            photos.describe(tx, identity.subject, media_id, body.alt)
        else:
            photos.require_own(tx, identity.subject, media_id)
        return shown(tx, media_id)

    return responses.ok(await deps.with_known_users(lambda: deps.database.write(write)))


@router.head("/media/{name}", include_in_schema=False)
@router.get(
    "/media/{name}",
    response_class=Response,
    summary="A photo",
    responses={**image_responses.IMAGE_RESPONSES_OPENAPI, **documented(404, 416)},
)
def photo(request: Request, name: image_responses.Name, deps: Deps) -> Response:
    """A file that never changes."""
    return image_responses.image_response(request, deps.storage, name)


def _store(
    deps: Dependencies, owner_id: int, picture: ProcessedImage, alt: str | None, info: CameraInfo | None
) -> photos.Upload:
    base, shown = secrets.token_hex(16), picture.display.variant
    display, thumbnail = display_and_thumbnail(base, shown.width, shown.height)
    files = [
        StoredFile(f"{base}-{each.variant.name}", each.data, each.variant.content_type) for each in picture.renditions
    ]
    store_image(deps.storage, files, reserve=lambda names: deps.database.write(photos.reserve, owner_id, names))
    return photos.Upload(
        variants=base,
        display=display,
        thumbnail=thumbnail,
        width=shown.width,
        height=shown.height,
        blurhash=picture.blurhash,
        alt=alt,
        content_type=shown.content_type,
        camera_info=None if info is None else asdict(info),
        stored_bytes=sum(len(each.data) for each in files),
    )


def _keep(deps: Dependencies, owner_id: int, upload: photos.Upload, key: Key | None) -> StoredResponse:
    def keep(tx: Connection) -> StoredResponse:
        media = shown(tx, photos.keep(tx, owner_id, upload, deps.quota_bytes))
        return responses.created(media, media["url"])

    return deps.idempotency.record(key, keep)
