"""Strict JSON bodies: known fields only, no type coercion, text that every database can store."""

import email.message
import email.utils
import json
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import orjson
from fastapi import Request
from fastapi.routing import APIRoute
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Message

from shared.body_limits import MAX_JSON_BYTES, NO_CONTENT_CODING
from shared.text import INVISIBLE, has_visible_character
from shared.web import request_target


class StrictModel(BaseModel):
    """A JSON body without unknown fields and without type coercion."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _visible(value: str) -> str:
    if not has_visible_character(value):
        raise PydanticCustomError("blank", "Should have a visible character")
    return value


WITHOUT_NUL = r"^[^\x00]*$"
Text = Annotated[str, Field(pattern=WITHOUT_NUL)]
"""Text without NUL, which not every database can store; other characters are stored as sent. (The JSON parser rejects
lone surrogates.) A pattern and no validator, so that `Field(max_length=...)` around it is a rule about a string:
pydantic then counts characters, and says so.
"""
VISIBLE = AfterValidator(_visible)
"""Put after `Field` in the annotation of a text that needs a visible character."""
WITH_VISIBLE = rf"^[^\x00]*[^{INVISIBLE}][^\x00]*$"
"""The same in JSON Schema: `Field(json_schema_extra={"pattern": WITH_VISIBLE})`."""


class StrictRequest(Request):
    """Reads JSON with orjson: no NaN, no lone surrogates, only UTF-8, bounded depth and size.

    It raises the framework's HTTPException, because FastAPI replaces other errors raised while it reads a body.
    """

    def __init__(self, request: Request) -> None:
        super().__init__(request.scope, self._count)
        self._take = request.receive
        self._left = MAX_JSON_BYTES

    async def json(self) -> Any:
        """The decoded body.

        Raises json.JSONDecodeError, also for duplicate names, which parsers treat differently, and for deep nesting.
        """
        content = await self.body()
        value = orjson.loads(content)
        try:
            json.loads(content, object_pairs_hook=_each_once)
        except RecursionError:
            raise json.JSONDecodeError("nested too deeply", "", 0) from None
        return value

    async def body(self) -> bytes:
        """The whole JSON body."""
        content = await super().body()
        if content:
            self._require("application/json")
        return content

    async def _count(self) -> Message:
        message = await self._take()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise HTTPException(413, "The body is larger than this route accepts.")
        return message

    def _require(self, media_type: str) -> None:
        if self.headers.get("content-encoding", "").lower() not in ("", "identity"):
            raise HTTPException(415, NO_CONTENT_CODING, {"accept-encoding": "identity"})
        given = self.headers.get("content-type", "")
        if given.partition(";")[0].strip().lower() != media_type:
            raise HTTPException(415, f"This needs Content-Type: {media_type}.")
        if "charset" in given.lower() and not _is_utf_8(given):
            raise HTTPException(415, "Text must be UTF-8.")


def _is_utf_8(content_type: str) -> bool:
    message = email.message.Message()
    message["content-type"] = content_type
    charsets = [value for name, value in message.get_params([]) if name.lower() == "charset"]
    return all(email.utils.collapse_rfc2231_value(each).lower() in ("utf-8", "utf8") for each in charsets)


def _each_once(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) < len(pairs):
        raise json.JSONDecodeError("duplicate name", "", 0)


class StrictRoute(APIRoute):
    """A route whose requests are StrictRequests."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The framework's handler, with a StrictRequest."""
        handle = super().get_route_handler()
        declared = request_target.declared_by(self)

        async def strict(request: Request) -> Response:
            given = StrictRequest(request)
            request_target.check(given, declared)
            return await handle(given)

        return strict
