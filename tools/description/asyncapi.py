"""The events of the WebSocket, as AsyncAPI 3.0, generated from the same models as the REST responses."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from services.dm.api.socket_schemas import (
    MessageCreated,
    MessageUpdated,
    NotificationCreated,
    NotificationUpdated,
    RoomRead,
    RoomUpdated,
    SendTyping,
    Typing,
)
from shared.websockets.hub import RESTARTED, TOKEN_EXPIRED, TOO_SLOW, UPSTREAM_LOST

from .merge import INFO, without_titles

JSON = "application/json"
MESSAGES: tuple[tuple[type[BaseModel], str], ...] = (
    (MessageCreated, "A member of one of the user's rooms has sent a message; the user's own messages are included."),
    (MessageUpdated, "A moderator has removed a message of one of the user's rooms: this is what is left of it."),
    (RoomUpdated, "The user has muted, hidden, accepted or declined a room, or the other user has accepted it."),
    (RoomRead, "A member of one of the user's rooms has read it up to a message; includes the user's own."),
    (NotificationCreated, "The user has a new notification."),
    (NotificationUpdated, "A notification of the user has changed, or is not there any more."),
    (
        Typing,
        "The other user of a room is writing. Show it for about 6 s, or until their message comes. Never repeated.",
    ),
)
SENT: tuple[tuple[type[BaseModel], str], ...] = (
    (SendTyping, "The user is writing in a room. At most one in 3 s for a room: more are dropped."),
)
CLOSE_CODES = {
    1008: "The client has sent something else than `typing`, or more than 20 frames in 10 s.",
    1009: "The client has sent a message that was too long.",
    1011: "An error of the server. Reconnect with growing pauses.",
    RESTARTED.code: "A process restarts. Reconnect soon.",
    UPSTREAM_LOST.code: "The connection to a part of the service was lost. Reconnect with growing pauses.",
    TOKEN_EXPIRED.code: "The access token has expired or was revoked. Refresh it, then reconnect.",
    TOO_SLOW.code: "The client read too slowly. Reconnect, and read missed events by REST.",
}
_ABOUT = """A WebSocket (RFC 6455) that sends the events of the user's rooms and notifications as they happen.

**Opening it.** `GET /api/v1/ws` with the access token in `Authorization: Bearer ...`, or, for browsers, which cannot
send that header, as the subprotocols `bearer` and the token itself: `new WebSocket(url, ["bearer", token])`. A token in
the URL is refused. A refusal before the socket is open is an ordinary HTTP response with a problem document; browsers
hide it and report close code 1006. After a 1006, refresh the token once, then wait longer before each try.

**Reading it.** Each text is one JSON object with `event` and `data`. Ignore events that you do not know: some may be
added. Texts arrive nearly in order, and one may arrive twice: compare ids. The server pings every 20 s. Events missed
while the socket was closed are read by REST.

**Close codes.** They are listed in `x-close-codes` of the channel."""


def asyncapi() -> dict[str, Any]:
    """The whole document."""
    every = (*MESSAGES, *SENT)
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = [(model, "serialization") for model, _ in every]
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
                "title": "Receive the events of one's rooms",
                "messages": _references(MESSAGES),
            },
            "say": {
                "action": "receive",
                "channel": {"$ref": "#/channels/socket"},
                "title": "Tell that one is writing",
                "messages": _references(SENT),
            },
        },
        "components": {
            "schemas": {name: _schema(name, each) for name, each in sorted(found["$defs"].items())},
            "messages": {model.__name__: _message(model, about) for model, about in every},
            "securitySchemes": {"accessToken": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _references(messages: tuple[tuple[type[BaseModel], str], ...]) -> list[Mapping[str, str]]:
    return [{"$ref": f"#/channels/socket/messages/{model.__name__}"} for model, _ in messages]


def _schema(name: str, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without `discriminator`, which means something else here; a `const` in each alternative replaces it."""
    return {**{key: value for key, value in without_titles(schema).items() if key != "discriminator"}, "title": name}


def _channel() -> Mapping[str, Any]:
    offered = {"type": "string", "description": "`bearer, <token>`, for clients that cannot send `Authorization`"}
    headers = {"type": "object", "properties": {"Sec-WebSocket-Protocol": offered}}
    return {
        "address": "/api/v1/ws",
        "title": "The socket",
        "messages": {
            model.__name__: {"$ref": f"#/components/messages/{model.__name__}"} for model, _ in (*MESSAGES, *SENT)
        },
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
