"""The export of one's own data: beginning it, its state, and its file."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from shared import clock
from shared.errors import NotFound
from shared.problem_details import documented
from shared.web import responses
from shared.web.authentication import CurrentUser
from shared.web.image_responses import CHUNK_BYTES, StreamedFile
from shared.web.request_body import StrictRoute

from .. import queries
from ..actions import exports
from . import schemas
from .dependencies import Deps, origin_of
from .reauthentication import current_account

router = APIRouter(prefix="/api/v1", tags=["auth"], route_class=StrictRoute)
ZIP = "application/zip"
HEADERS = {
    "cache-control": "private, no-store",
    "content-disposition": 'attachment; filename="shutter-export.zip"',
    "x-content-type-options": "nosniff",
}


@router.post(
    "/users/me/export",
    status_code=202,
    response_model=schemas.Export,
    summary="Begin an export of one's own data",
    responses=documented(401, 429),
)
def begin_export(request: Request, identity: CurrentUser, deps: Deps) -> Response:
    """Once in 24 hours: 429 `too_many_exports`. While one is being collected, this changes nothing."""
    current_account(deps, identity)
    row = deps.database.write(exports.request, identity.subject, origin_of(request, identity))
    return responses.accepted(exports.export_json(row, deps.url_signer))


@router.get(
    "/users/me/export",
    response_model=schemas.Export,
    summary="The export of one's own data",
    responses=documented(401, 404),
)
def export(identity: CurrentUser, deps: Deps) -> Response:
    """`url` is the address of a ZIP archive: it needs no token and is valid for an hour, the file itself for a week.

    404 if there is none.
    """
    current_account(deps, identity)
    row = deps.database.read(queries.export_of, identity.subject)
    if row is None or (row.expires_at is not None and row.expires_at < clock.now()):
        raise NotFound("not_found", "There is no export.")
    return responses.ok(exports.export_json(row, deps.url_signer))


@router.get(
    "/exports/{name}",
    response_class=Response,
    summary="The file of an export",
    responses={200: {"content": {ZIP: {}}, "description": "The archive"}, **documented(403, 404)},
)
def export_file(
    name: Annotated[str, Path(pattern=exports.FILE_NAME, max_length=exports.FILE_NAME_LENGTH)],
    deps: Deps,
    expires: str = Query("", description="Expiry in seconds since 1970", json_schema_extra={"maxLength": 20}),
    signature: str = Query("", json_schema_extra={"maxLength": 24}),
) -> Response:
    """By its signed URL. 403 `invalid_link`, `link_expired`."""
    deps.url_signer.check(name, expires, signature)
    length, pieces = deps.storage.stream(f"{exports.FOLDER}/{name}", CHUNK_BYTES)
    return StreamedFile(pieces, {**HEADERS, "content-length": str(length)}, ZIP)
