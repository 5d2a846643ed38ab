"""Uploads by multipart/form-data: only known fields, each once, spooled to disk, processed in a fair queue."""

from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import aclosing
from typing import Any

import structlog
from fastapi import Request, UploadFile, params
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.responses import Response

from shared import errors
from shared.body_limits import MAX_UPLOAD_BYTES
from shared.idempotency import Idempotency, Key, StoredResponse
from shared.images.pipe_protocol import ProcessedImage
from shared.images.processor import ImageProcessor
from shared.images.variants import RESPONSIVE, RenditionPlan
from shared.web import request_target
from shared.web.disconnects import cancel_on_disconnect
from shared.web.multipart import FormParser
from shared.web.request_body import StrictRequest, StrictRoute
from shared.web.spool import SpoolSpace, spool_unavailable

log = structlog.get_logger()


class UploadRequest(StrictRequest):
    """A strict request whose body may be a form with files.

    The framework lets only HTTPException pass while it reads a body; other errors are stored in `refusal`, and raised
    by the route.
    """

    def __init__(self, request: Request, route_fields: Mapping[str, bool]) -> None:
        """`route_fields`: whether each field of the form is a file."""
        super().__init__(request)
        self._route_fields = route_fields
        self._spooled = 0
        self.refusal: Exception | None = None

    async def form(self, **_: Any) -> FormData:  # type: ignore[override] # the framework awaits it as well
        """The fields of an upload: exactly those of the route, each at most once."""
        if self._form is not None:
            return self._form
        self._require("multipart/form-data")
        self._left = MAX_UPLOAD_BYTES
        try:
            self._reserve_spool()
            self._form = form = await self._parsed()
            _require_fields(self._route_fields, form)
        except MultiPartException as problem:
            raise HTTPException(400, problem.message) from problem
        except (errors.AppError, RequestValidationError) as refusal:
            self.refusal = refusal
            raise HTTPException(400) from refusal
        except OSError as problem:
            log.error("uploads cannot be written to disk", exc_info=problem)
            self.refusal = spool_unavailable()
            raise HTTPException(503) from problem
        return form

    async def close(self) -> None:
        """Delete the temporary files of an upload, and release their disk space."""
        await super().close()
        self._spool_space().release(self._spooled)
        self._spooled = 0

    async def _parsed(self) -> FormData:
        files = [name for name, is_file in self._route_fields.items() if is_file]
        async with aclosing(self.stream()) as stream:
            return await FormParser(self.headers, stream, files).parse()

    def _reserve_spool(self) -> None:
        """Reserve disk space for the whole body before it is read. A body without a length counts as the largest."""
        length = self.headers.get("content-length", "")
        size = min(int(length), MAX_UPLOAD_BYTES) if length.isdecimal() else MAX_UPLOAD_BYTES
        self._spool_space().reserve(size)
        self._spooled = size

    def _spool_space(self) -> SpoolSpace:
        space: SpoolSpace = self.app.state.spool_space
        return space


class UploadRoute(StrictRoute):
    """A route whose requests are UploadRequests."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The framework's handler, given our request."""
        handle = APIRoute.get_route_handler(self)
        declared = request_target.declared_by(self)
        fields = {each.alias: isinstance(each.field_info, params.File) for each in self.dependant.body_params}

        async def strict(request: Request) -> Response:
            request_target.check(request, declared)
            read = UploadRequest(request, fields)
            try:
                return await handle(read)
            except HTTPException:
                if read.refusal is not None:
                    raise read.refusal from None
                raise
            finally:
                await read.close()

        return strict


async def processed(
    request: Request, processor: ImageProcessor, file: UploadFile, owner: int, plan: RenditionPlan = RESPONSIVE
) -> ProcessedImage:
    """The processed image of an upload; used by every route that accepts one.

    Raises UnsupportedMedia, TooLarge, Invalid; Unavailable if the queue is too long. When the client disconnects, the
    upload leaves the queue, and a decoder that works on it is killed.
    """
    return await cancel_on_disconnect(request, processor.process(file.file, owner, plan))


async def once(
    idempotency: Idempotency, key: Key | None, work: Callable[[], Awaitable[StoredResponse]]
) -> StoredResponse:
    """The stored response of this key, else that of `work`, which has to record it.

    Raises errors.Conflict while the first request with this key runs, errors.Invalid for a key of another request.
    """
    with idempotency.running(key):
        earlier = await run_in_threadpool(idempotency.earlier, key)
        return await work() if earlier is None else earlier


def _require_fields(fields: Mapping[str, bool], form: FormData) -> None:
    """As for JSON: no unknown and no repeated fields. Files are required."""
    counts = Counter(name for name, _ in form.multi_items())
    unknown = [name for name in counts if name not in fields]
    repeated = [name for name in fields if counts[name] > 1]
    missing = [name for name, is_file in fields.items() if is_file and not counts[name]]
    found = [_error("missing", name, "Field required") for name in missing]
    found += [_error("extra_forbidden", name, "Extra inputs are not permitted") for name in unknown]
    found += [_error("repeated_field", name, "A field may be given only once") for name in repeated]
    if found:
        raise RequestValidationError(found)


def _error(code: str, name: str, detail: str) -> dict[str, Any]:
    return {"type": code, "loc": ("body", name), "msg": detail}
