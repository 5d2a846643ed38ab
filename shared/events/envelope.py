"""The envelope of an event: type, version, time, ids of its request and trace, and data, encoded as JSON."""

from dataclasses import dataclass
from types import UnionType
from typing import Any

import orjson

from shared import clock, ids


class DecodeError(ValueError):
    """These bytes are not an event; retrying does not help."""


@dataclass(frozen=True, slots=True)
class Event:
    """`name` is the routing key: `<type>.v<version>`."""

    id: int
    type: str
    version: int
    occurred_at: int
    request_id: str | None
    data: dict[str, Any]
    traceparent: str | None = None
    """The trace to which it belongs (W3C Trace Context), if there is one."""

    @property
    def name(self) -> str:
        return f"{self.type}.v{self.version}"

    def to_json(self) -> bytes:
        fields = {
            "id": ids.encode(self.id),
            "type": self.type,
            "version": self.version,
            "occurred_at": clock.format_rfc3339(self.occurred_at),
            "request_id": self.request_id,
            "data": self.data,
        }
        if self.traceparent is not None:
            fields["traceparent"] = self.traceparent
        return orjson.dumps(fields)

    @classmethod
    def from_json(cls, body: bytes) -> "Event":
        """Raises DecodeError."""
        try:
            fields = orjson.loads(body)
            return cls(
                id=ids.parse(fields["id"]),
                type=_of(str, fields["type"]),
                version=_of(int, fields["version"]),
                occurred_at=clock.parse_rfc3339(fields["occurred_at"]),
                request_id=_of(str | None, fields.get("request_id")),
                data=_of(dict, fields["data"]),
                # It must not make an event undecodable.
                traceparent=traceparent if isinstance(traceparent := fields.get("traceparent"), str) else None,
            )
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            raise DecodeError(str(problem)) from problem


def _of(kind: type[Any] | UnionType, value: Any) -> Any:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(f"expected {kind}")
    return value
