"""Types of response fields that several services have, with their OpenAPI descriptions."""

from typing import Annotated

from pydantic import Field

from shared.pagination import MAX_CURSOR_LENGTH

MAX_INT32 = 2**31 - 1
"""Counts are stored in columns of 32 bits."""

Timestamp = Annotated[
    str,
    Field(max_length=24, examples=["2026-11-23T08:41:00.123Z"], json_schema_extra={"format": "date-time"}),
]
"""A time: RFC 3339, in UTC, with milliseconds."""
IdText = Annotated[str, Field(pattern="^[0-7][0-9a-f]{15}$", examples=["0037a52d5f400001"])]
"""An id in a response. In a request it is `shared.ids.Id`."""
Count = Annotated[int, Field(ge=0, le=MAX_INT32, json_schema_extra={"format": "int32"})]
NextCursor = Annotated[str, Field(max_length=MAX_CURSOR_LENGTH, examples=["nT0sVb1p6mCkW3s0WzE2OTg0XQ"])] | None
