"""A large image is sent in chunks, so that a slow client occupies little memory."""

import asyncio
import gc
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request

from shared.errors import NotFound
from shared.files.folder import FolderStorage
from shared.files.storage import Storage
from shared.web import image_responses

OPEN_FILES = Path("/proc/self/fd")
SCOPE: dict[str, Any] = {
    "type": "http", "method": "GET", "headers": [], "asgi": {"version": "3.0", "spec_version": "2.3"},
}  # fmt: skip


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return FolderStorage(tmp_path)


def bodies(storage: Storage) -> tuple[dict[bytes, bytes], list[bytes]]:
    """Headers and chunks of the response."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(image_responses.image_response(Request(SCOPE), storage, "a.jpg")(SCOPE, receive, send))
    return dict(sent[0]["headers"]), [message["body"] for message in sent[1:]]


@pytest.mark.parametrize("size", [0, 1, image_responses.CHUNK_BYTES, image_responses.CHUNK_BYTES + 1, 3_600_000])
def test_image_is_streamed_in_small_chunks(storage: Storage, size: int) -> None:
    picture = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    storage.put("a.jpg", picture, "image/jpeg")
    headers, parts = bodies(storage)
    assert b"".join(parts) == picture
    assert max(map(len, parts)) < 2 * image_responses.CHUNK_BYTES
    assert headers[b"content-length"] == str(size).encode()
    assert headers[b"content-type"] == b"image/jpeg"


@pytest.mark.skipif(not OPEN_FILES.exists(), reason="reads a process' open files from /proc")
@pytest.mark.parametrize("how", ["disconnect", "cancel"])
def test_file_is_closed_when_the_client_disconnects(storage: Storage, tmp_path: Path, how: str) -> None:
    storage.put("a.jpg", bytes(5 * image_responses.CHUNK_BYTES), "image/jpeg")

    async def download() -> None:
        response = image_responses.image_response(Request(SCOPE), storage, "a.jpg")
        left, sending = asyncio.Event(), asyncio.Event()

        async def receive() -> dict[str, Any]:
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message.get("body"):
                sending.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(response(SCOPE, receive, send))
        await sending.wait()
        assert is_open(tmp_path / "a.jpg")
        if how == "disconnect":
            left.set()
        else:
            task.cancel()
        await asyncio.wait([task])
        assert not is_open(tmp_path / "a.jpg"), "even while something still refers to the response"
        del response

    gc.disable()
    try:
        asyncio.run(download())
    finally:
        gc.enable()


def is_open(path: Path) -> bool:
    """Whether this process has opened the file."""
    return any(each.is_symlink() and each.readlink() == path for each in OPEN_FILES.iterdir())


def test_missing_image_is_not_found(storage: Storage) -> None:
    with pytest.raises(NotFound):
        image_responses.image_response(Request(SCOPE), storage, "b.jpg")
    with pytest.raises(NotFound):
        image_responses.image_response(Request(SCOPE), storage, "../b.jpg")
