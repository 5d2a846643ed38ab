"""URLs in responses behind a proxy that removes a path prefix."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

from shared.testing.waiting import WAIT_SECONDS
from shared.web.public_path import PublicPath

PREFIX = "/shutter"
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def get(answer: App, path: str = "/api/v1/things", cdn_url: str = "") -> httpx.Response:
    """The response that a client gets from an application with this response."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(PublicPath(answer, PREFIX, cdn_url))
        async with httpx.AsyncClient(transport=transport, base_url="http://a", timeout=WAIT_SECONDS) as client:
            return await client.get(path)

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("told", "heard"),
    [
        ({"url": "/api/v1/media/a.jpg"}, {"url": "/shutter/api/v1/media/a.jpg"}),
        ({"items": [{"avatar_url": "/a"}]}, {"items": [{"avatar_url": "/shutter/a"}]}),
        ({"avatar_url": None, "thumbnail_url": "/a"}, {"avatar_url": None, "thumbnail_url": "/shutter/a"}),
        ({"url": "https://elsewhere/a"}, {"url": "https://elsewhere/a"}),
        ({"caption": "/api/v1/media/a.jpg"}, {"caption": "/api/v1/media/a.jpg"}),
        ({"caption": '"url":"/a"'}, {"caption": '"url":"/a"'}),
        ({"caption": 'x","url":"/a'}, {"caption": 'x","url":"/a'}),
        ({"caption": '\\"url":"/a'}, {"caption": '\\"url":"/a'}),
    ],
)
def test_only_url_fields_get_the_prefix(told: dict[str, Any], heard: dict[str, Any]) -> None:
    for separators in ((",", ":"), (", ", ": ")):
        body = json.dumps(told, separators=separators)
        answer = get(Response(body, media_type="application/json"))
        assert answer.json() == heard
        assert int(answer.headers["content-length"]) == len(answer.content)


@pytest.mark.parametrize(
    ("told", "heard"),
    [
        ("/api/v1/media/a.jpg", "https://cdn.example.com/api/v1/media/a.jpg"),
        ("/api/v1/avatars/a.jpg", "https://cdn.example.com/api/v1/avatars/a.jpg"),
        ("/api/v1/rooms/1/media/2/640.jpg?expires=1", "/shutter/api/v1/rooms/1/media/2/640.jpg?expires=1"),
        ("/api/v1/mediations", "/shutter/api/v1/mediations"),
    ],
)
def test_only_urls_of_public_files_begin_with_the_cdn(told: str, heard: str) -> None:
    for member in ("url", "thumbnail_url", "avatar_url"):
        answer = get(JSONResponse({member: told, "caption": told}), cdn_url="https://cdn.example.com")
        assert answer.json() == {member: heard, "caption": told}


def test_link_and_location_headers_get_the_prefix() -> None:
    headers = {"location": "/api/v1/posts/1", "link": '</api/v1/posts?cursor=a>; rel="next"'}
    answer = get(Response(status_code=201, headers=headers))
    assert answer.headers["location"] == "/shutter/api/v1/posts/1"
    assert answer.headers["link"] == '</shutter/api/v1/posts?cursor=a>; rel="next"'


def test_internal_responses_and_files_are_unchanged() -> None:
    assert get(JSONResponse({"url": "/a"}), "/internal/things").json() == {"url": "/a"}
    picture = b'\xff"url":"/a"'
    assert get(Response(picture, media_type="image/jpeg")).content == picture


def test_chunked_response_is_joined() -> None:
    async def answer(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        for part in (b'{"ur', b'l":"/', b"a"):
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b'"}'})

    assert get(answer).json() == {"url": "/shutter/a"}


def test_socket_texts_get_the_prefix() -> None:
    sent: list[Message] = []

    async def say(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": '{"data":{"image":{"url":"/a"}}}'})

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(PublicPath(say, PREFIX)({"type": "websocket", "path": "/api/v1/ws"}, receive, send))
    assert sent[1]["text"] == '{"data":{"image":{"url":"/shutter/a"}}}'
