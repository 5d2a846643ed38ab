"""What goes out: built once, as bytes."""

from typing import Any

import orjson
from starlette.responses import Response

from shared.answer import Answer


def response(answer: Answer) -> Response:
    """The answer as the framework sends it; whoever keeps copies of it is told not to."""
    headers = {"cache-control": "no-store", **answer.headers}
    return Response(answer.body or None, answer.status, headers, "application/json" if answer.body else None)


def ok(value: Any) -> Response:
    """200 with this JSON."""
    return response(Answer(200, orjson.dumps(value)))


def accepted(value: Any) -> Response:
    """202 with this JSON."""
    return response(Answer(202, orjson.dumps(value)))


def created(value: Any, location: str) -> Answer:
    """201 with this JSON, and where to find it."""
    return Answer(201, orjson.dumps(value), {"location": location})


def empty() -> Response:
    """204."""
    return response(Answer(204, b""))
