"""Uploading photos, and serving them."""

import secrets
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Form, Request, UploadFile
from sqlalchemy import Connection
from starlette.responses import Response

from shared.identity import Required
from shared.images import Picture
from shared.web import answers, files
from shared.web.bodies import StrictRoute
from shared.web.problems import documented

from ..actions import photos
from ..queries.photos import photo as shown
from . import schemas
from .parts import Here, Parts

router = APIRouter(prefix="/api/v1", tags=["posts"], route_class=StrictRoute)


@router.post(
    "/media",
    status_code=201,
    response_model=schemas.Media,
    summary="Upload a photo",
    responses=documented(400, 401, 413, 415, 422),
    openapi_extra=files.TAKEN,
)
async def upload(
    file: UploadFile,
    identity: Required,
    here: Here,
    alt: Annotated[schemas.Alt | None, Form(description="What it shows, for those who cannot see it")] = None,
) -> Response:
    """JPEG, PNG, WebP, GIF, HEIC or AVIF, up to 20 MB and 50 megapixels. Without a post it goes after a day.

    413 `too_large`, 415 `unsupported_media`, 422 `corrupt_media`.
    """
    picture = await to_thread.run_sync(here.darkroom.develop, file.file, limiter=here.darkroom_threads)
    media = await here.knowing_people(lambda: _keep(here, identity.subject, picture, alt))
    return answers.response(answers.created(media, media["url"]))


@router.head("/media/{name}", include_in_schema=False)
@router.get(
    "/media/{name}",
    response_class=Response,
    summary="A photo",
    responses={**files.SERVED, **documented(404, 416)},
)
def photo(request: Request, name: str, here: Here) -> Response:
    """A file that never changes."""
    return files.answer(request, here.storage, name)


def _keep(here: Parts, owner_id: int, picture: Picture, alt: str | None) -> dict[str, Any]:
    upload = photos.Upload(
        display=f"{secrets.token_hex(16)}.jpg",
        thumbnail=f"{secrets.token_hex(16)}.jpg",
        width=picture.display.width,
        height=picture.display.height,
        blurhash=picture.blurhash,
        alt=alt,
        content_type=picture.content_type,
    )
    here.database.write(photos.reserve, owner_id, [upload.display, upload.thumbnail])
    here.storage.put(upload.display, picture.display.data, picture.content_type)
    here.storage.put(upload.thumbnail, picture.thumbnail.data, picture.content_type)

    def keep(tx: Connection) -> dict[str, Any]:
        return shown(tx, photos.keep(tx, owner_id, upload))

    return here.database.write(keep)
