"""A large picture is sent in pieces, so that one that is read slowly costs little."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request

from shared.errors import NotFound
from shared.files.storage import Storage, folder
from shared.web import image_responses

SCOPE: dict[str, Any] = {
    "type": "http", "method": "GET", "headers": [], "asgi": {"version": "3.0", "spec_version": "2.3"},
}  # fmt: skip


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return folder(tmp_path)


def bodies(storage: Storage) -> tuple[dict[bytes, bytes], list[bytes]]:
    """Headers and parts of the answer."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(image_responses.answer(Request(SCOPE), storage, "a.jpg")(SCOPE, receive, send))
    return dict(sent[0]["headers"]), [message["body"] for message in sent[1:]]


@pytest.mark.parametrize("size", [0, 1, image_responses.PIECE, image_responses.PIECE + 1, 3_600_000])
def test_it_arrives_whole_and_no_part_is_large(storage: Storage, size: int) -> None:
    picture = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    storage.put("a.jpg", picture, "image/jpeg")
    headers, parts = bodies(storage)
    assert b"".join(parts) == picture
    assert max(map(len, parts)) < 2 * image_responses.PIECE
    assert headers[b"content-length"] == str(size).encode()
    assert headers[b"content-type"] == b"image/jpeg"


def test_one_that_is_not_there_is_not_there(storage: Storage) -> None:
    with pytest.raises(NotFound):
        image_responses.answer(Request(SCOPE), storage, "b.jpg")
    with pytest.raises(NotFound):
        image_responses.answer(Request(SCOPE), storage, "../b.jpg")
