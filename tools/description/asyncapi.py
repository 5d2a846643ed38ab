"""What is pushed over the WebSocket, as AsyncAPI 3.0: made of the same models as the answers of REST."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from services.dm.api.schemas import MessageCreated, RoomRead
from shared.websockets.hub import RESTARTED, TOKEN_EXPIRED, TOO_SLOW, UPSTREAM_LOST

from .merge import INFO, without_titles

JSON = "application/json"
MESSAGES: tuple[tuple[type[BaseModel], str], ...] = (
    (MessageCreated, "Somebody has sent a message in a room of one's own; one's own messages come too."),
    (RoomRead, "Somebody has read a room of one's own up to a message; one's own reading comes too."),
)
CLOSE_CODES = {
    1008: "The client has said something. On this socket only the server speaks.",
    1009: "The client has said something, and it was too long.",
    1011: "An error of the server. Come again, waiting longer each time.",
    RESTARTED.code: "A process restarts. Come again soon.",
    UPSTREAM_LOST.code: "A part of the service was lost. Come again, waiting longer each time.",
    TOKEN_EXPIRED.code: "The access token has ended or was revoked. Refresh it, then come again.",
    TOO_SLOW.code: "Too much was waiting to be read. Come again, and read what was missed by REST.",
}
_ABOUT = """A WebSocket (RFC 6455) that tells at once what happens in one's rooms.

**Opening it.** `GET /api/v1/ws` with the access token in `Authorization: Bearer ...`, or, for browsers, which cannot
send that header, as the subprotocols `bearer` and the token itself: `new WebSocket(url, ["bearer", token])`. A token in
the address is refused. What is refused before the socket is open is an ordinary HTTP answer with a problem; browsers
show none of it and report close code 1006. After a 1006, refresh the token once, then wait longer before each try.

**Reading it.** Each text is one JSON object with `event` and `data`. Ignore events that you do not know: some may be
added. Texts come nearly in order, and one may come twice: ids tell. The server pings every 20 s. What was missed while
the socket was away is read by REST.

**Its end.** The close codes are listed in `x-close-codes` of the channel."""


def asyncapi() -> dict[str, Any]:
    """The whole document."""
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = [(model, "serialization") for model, _ in MESSAGES]
    _, found = models_json_schema(models, ref_template="#/components/schemas/{model}")
    return {
        "asyncapi": "3.0.0",
        "info": {
            **{name: INFO[name] for name in ("version", "contact")},
            "license": {"name": "MIT"},
            "title": "Shutter, pushed",
            "description": _ABOUT,
        },
        "defaultContentType": JSON,
        "channels": {"socket": _channel()},
        "operations": {
            "hear": {
                "action": "send",
                "channel": {"$ref": "#/channels/socket"},
                "title": "Hear what happens in one's rooms",
                "messages": [{"$ref": f"#/channels/socket/messages/{model.__name__}"} for model, _ in MESSAGES],
            }
        },
        "components": {
            "schemas": {name: _schema(name, each) for name, each in sorted(found["$defs"].items())},
            "messages": {model.__name__: _message(model, about) for model, about in MESSAGES},
            "securitySchemes": {"accessToken": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _schema(name: str, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The `discriminator` of OpenAPI means something else here, and a `const` in each alternative says the same."""
    return {**{key: value for key, value in without_titles(schema).items() if key != "discriminator"}, "title": name}


def _channel() -> Mapping[str, Any]:
    offered = {"type": "string", "description": "`bearer, <token>`, for those who cannot send `Authorization`"}
    headers = {"type": "object", "properties": {"Sec-WebSocket-Protocol": offered}}
    return {
        "address": "/api/v1/ws",
        "title": "The socket",
        "messages": {model.__name__: {"$ref": f"#/components/messages/{model.__name__}"} for model, _ in MESSAGES},
        "bindings": {"ws": {"method": "GET", "headers": headers, "bindingVersion": "0.1.0"}},
        "x-close-codes": {str(code): meaning for code, meaning in sorted(CLOSE_CODES.items())},
    }


def _message(model: type[BaseModel], about: str) -> Mapping[str, Any]:
    event = model.model_json_schema()["properties"]["event"]["const"]
    return {
        "name": event,
        "title": event,
        "summary": about,
        "contentType": JSON,
        "payload": {"$ref": f"#/components/schemas/{model.__name__}"},
    }
