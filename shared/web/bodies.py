"""What may come in: strict JSON of known fields, in the right type, with text that every database can keep."""

import email.message
import email.utils
import json
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import orjson
from fastapi import Request
from fastapi.routing import APIRoute
from pydantic import AfterValidator, BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Message

JSON_LIMIT = 64 * 1024
"""Bytes. The longest text we take, every character escaped, stays below it."""
UPLOAD_LIMIT = 20 * 1024 * 1024 + 64 * 1024
"""Bytes of a whole multipart body: the largest file we take, and the text around it."""

NO_CODING = "The body has to come without a content coding."
"""None is undone anywhere (RFC 9110, section 8.4)."""


class Body(BaseModel):
    """A JSON body: no unknown fields, no wrong type that is quietly turned into the right one."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _keepable(value: str) -> str:
    if "\x00" in value:
        raise PydanticCustomError("nul_character", "Text may not hold NUL characters")
    return value


class _Described:
    """Says the same in JSON Schema, where no narrower pattern does."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"pattern": WITHOUT_NUL, **handler(core)}


WITHOUT_NUL = r"^[^\x00]*$"
Text = Annotated[str, AfterValidator(_keepable), _Described()]
"""Text without NUL. (Lone surrogates never get past the JSON parser.)"""


class StrictRequest(Request):
    """Reads JSON with orjson: no NaN, no lone surrogates, no bytes that are not UTF-8, bounded depth and size.

    What it refuses it raises as the framework's own error: FastAPI lets only that pass from a body.
    """

    def __init__(self, request: Request) -> None:
        super().__init__(request.scope, self._count)
        self._take = request.receive
        self._left = JSON_LIMIT

    async def json(self) -> Any:
        """The body as values. Raises json.JSONDecodeError, also where a name is given twice: readers would differ."""
        content = await self.body()
        value = orjson.loads(content)
        json.loads(content, object_pairs_hook=_each_once)
        return value

    async def body(self) -> bytes:
        """The whole JSON body."""
        content = await super().body()
        if content:
            self._require("application/json")
        return content

    async def form(self, **limits: Any) -> FormData:  # type: ignore[override] # the framework awaits it as well
        """The fields of an upload."""
        self._require("multipart/form-data")
        self._left = UPLOAD_LIMIT
        return await super().form(**limits)

    async def _count(self) -> Message:
        message = await self._take()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise HTTPException(413, "The body is larger than this route takes.")
        return message

    def _require(self, media_type: str) -> None:
        if self.headers.get("content-encoding", "").lower() not in ("", "identity"):
            raise HTTPException(415, NO_CODING, {"accept-encoding": "identity"})
        given = self.headers.get("content-type", "")
        if given.partition(";")[0].strip().lower() != media_type:
            raise HTTPException(415, f"This needs Content-Type: {media_type}.")
        if "charset" in given.lower() and not _is_utf_8(given):
            raise HTTPException(415, "Text has to be in UTF-8.")


def _is_utf_8(content_type: str) -> bool:
    message = email.message.Message()
    message["content-type"] = content_type
    charsets = [value for name, value in message.get_params([]) if name.lower() == "charset"]
    return all(email.utils.collapse_rfc2231_value(each).lower() in ("utf-8", "utf8") for each in charsets)


def _each_once(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) < len(pairs):
        raise json.JSONDecodeError("a name is given twice", "", 0)


class StrictRoute(APIRoute):
    """A route that reads its request strictly."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The framework's handler, given our request."""
        handle = super().get_route_handler()

        async def strict(request: Request) -> Response:
            return await handle(StrictRequest(request))

        return strict
