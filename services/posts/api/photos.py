"""Uploading photos, and serving them."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Form, Request, UploadFile
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from shared.files.store_image import store_image
from shared.idempotency import Key, StoredResponse
from shared.images import ProcessedImage
from shared.problem_details import documented
from shared.web import idempotency_key, image_responses, responses, uploads
from shared.web.authentication import CurrentUser
from shared.web.disconnects import require_connected
from shared.web.uploads import UploadRoute

from ..actions import photos
from ..queries.photos import photo as shown
from . import schemas
from .dependencies import Dependencies, Deps

router = APIRouter(prefix="/api/v1", tags=["posts"], route_class=UploadRoute)


@router.post(
    "/media",
    status_code=201,
    response_model=schemas.Media,
    summary="Upload a photo",
    responses=documented(400, 401, 409, 413, 415, 422, 429),
    openapi_extra=image_responses.IMAGE_UPLOAD_OPENAPI,
)
async def upload(
    request: Request,
    file: UploadFile,
    identity: CurrentUser,
    key: idempotency_key.FormIdempotencyKey,
    deps: Deps,
    alt: Annotated[schemas.Alt | None, Form(description="What it shows, for those who cannot see it")] = None,
) -> Response:
    """JPEG, PNG, WebP, GIF, HEIC or AVIF, up to 20 MB and 60 megapixels. Deleted after a day unless a post uses it.

    413 `too_large`, 415 `unsupported_media`, 422 `corrupt_media`; 503 while too many are being processed.
    """

    async def work() -> StoredResponse:
        picture = await uploads.processed(request, deps.image_processor, file, identity.subject)
        stored = await deps.with_known_users(lambda: _store(deps, identity.subject, picture, alt))
        await require_connected(request)
        return await run_in_threadpool(_keep, deps, identity.subject, stored, key)

    return responses.to_response(await uploads.once(deps.idempotency, key, work))


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


def _store(deps: Dependencies, owner_id: int, picture: ProcessedImage, alt: str | None) -> photos.Upload:
    upload = photos.Upload(
        display=f"{secrets.token_hex(16)}.jpg",
        thumbnail=f"{secrets.token_hex(16)}.jpg",
        width=picture.display.width,
        height=picture.display.height,
        blurhash=picture.blurhash,
        alt=alt,
        content_type=picture.content_type,
    )
    files = {upload.display: picture.display.data, upload.thumbnail: picture.thumbnail.data}
    store_image(
        deps.storage,
        files,
        picture.content_type,
        reserve=lambda names: deps.database.write(photos.reserve, owner_id, names),
    )
    return upload


def _keep(deps: Dependencies, owner_id: int, upload: photos.Upload, key: Key | None) -> StoredResponse:
    def keep(tx: Connection) -> StoredResponse:
        media = shown(tx, photos.keep(tx, owner_id, upload))
        return responses.created(media, media["url"])

    return deps.idempotency.record(key, keep)
