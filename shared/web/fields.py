"""Types of fields that answers of several services have, as OpenAPI is told of them."""

from typing import Annotated

from pydantic import Field

Time = Annotated[str, Field(examples=["2026-11-23T08:41:00.123Z"], json_schema_extra={"format": "date-time"})]
"""A moment: RFC 3339, in UTC, with milliseconds."""
