"""The protocol of the pipes to a decoder process: frames of an eight-byte length and the content.

No pickle: a compromised decoder could otherwise send code.
"""

import json
from dataclasses import dataclass
from typing import BinaryIO

from shared.errors import AppError, FieldError, Invalid, TooLarge, UnsupportedMedia

ERRORS: dict[str, type[AppError]] = {kind.__name__: kind for kind in (Invalid, TooLarge, UnsupportedMedia)}


@dataclass(frozen=True, slots=True)
class Rendition:
    """One file, ready to be stored and served."""

    data: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class ProcessedImage:
    """The two sizes of one upload, both of type `content_type`."""

    display: Rendition
    thumbnail: Rendition
    content_type: str
    blurhash: str


def send(pipe: BinaryIO, *contents: bytes) -> None:
    for content in contents:
        pipe.write(len(content).to_bytes(8, "big"))
        pipe.write(content)
    pipe.flush()


def receive(pipe: BinaryIO) -> bytes:
    """The next frame. Raises EOFError when the other side has closed the pipe."""
    return _exactly(pipe, int.from_bytes(_exactly(pipe, 8), "big"))


def _exactly(pipe: BinaryIO, length: int) -> bytes:
    content = pipe.read(length)
    if len(content) < length:
        raise EOFError
    return content


def send_image(pipe: BinaryIO, picture: ProcessedImage) -> None:
    display, thumbnail = picture.display, picture.thumbnail
    header = {
        "display": (display.width, display.height),
        "thumbnail": (thumbnail.width, thumbnail.height),
        "content_type": picture.content_type,
        "blurhash": picture.blurhash,
    }
    send(pipe, json.dumps(header).encode(), display.data, thumbnail.data)


def send_error(pipe: BinaryIO, refusal: AppError) -> None:
    header = {
        "error": type(refusal).__name__,
        "code": refusal.code,
        "detail": refusal.detail,
        "field_errors": [(fault.pointer, fault.code, fault.detail) for fault in refusal.field_errors],
    }
    send(pipe, json.dumps(header).encode())


def receive_image(pipe: BinaryIO) -> ProcessedImage:
    """The processed image. Raises the error that the decoder process has sent instead."""
    header = json.loads(receive(pipe))
    if "error" in header:
        field_errors = tuple(FieldError(*fault) for fault in header["field_errors"])
        raise ERRORS[header["error"]](header["code"], header["detail"], field_errors=field_errors)
    return ProcessedImage(
        display=Rendition(receive(pipe), *header["display"]),
        thumbnail=Rendition(receive(pipe), *header["thumbnail"]),
        content_type=header["content_type"],
        blurhash=header["blurhash"],
    )
