"""The protocol of the pipes to a decoder process: frames of an eight-byte length and the content.

No pickle: a compromised decoder could otherwise send code.
"""

import json
from dataclasses import asdict, astuple, dataclass
from typing import BinaryIO

from shared.errors import AppError, FieldError, Invalid, TooLarge, UnsupportedMedia
from shared.images.variants import DISPLAY, RenditionPlan, Variant

ERRORS: dict[str, type[AppError]] = {kind.__name__: kind for kind in (Invalid, TooLarge, UnsupportedMedia)}


@dataclass(frozen=True, slots=True)
class Rendition:
    """One file, ready to be stored and served."""

    data: bytes
    variant: Variant


@dataclass(frozen=True, slots=True)
class CameraInfo:
    """How an image was taken, as its file says; None for what it does not say."""

    make: str | None = None
    model: str | None = None
    lens: str | None = None
    exposure_seconds: float | None = None
    f_number: float | None = None
    iso: int | None = None
    focal_length_mm: float | None = None
    local_time: str | None = None
    """By the clock of the camera, such as 2026-05-01T14:03:22. The time zone, which tells of the place, is not read."""


@dataclass(frozen=True, slots=True)
class ProcessedImage:
    """All files of one upload, smallest first."""

    renditions: tuple[Rendition, ...]
    blurhash: str
    camera_info: CameraInfo | None = None

    @property
    def display(self) -> Rendition:
        """The largest JPEG."""
        return next(each for each in self.renditions if each.variant.name == DISPLAY)


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


def send_upload(pipe: BinaryIO, upload: bytes, plan: RenditionPlan) -> None:
    send(pipe, json.dumps(asdict(plan)).encode(), upload)


def receive_upload(pipe: BinaryIO) -> tuple[bytes, RenditionPlan]:
    plan = json.loads(receive(pipe))
    return receive(pipe), RenditionPlan(tuple(plan["sides"]), tuple(plan["content_types"]))


def send_image(pipe: BinaryIO, picture: ProcessedImage) -> None:
    header = {
        "variants": [astuple(each.variant) for each in picture.renditions],
        "blurhash": picture.blurhash,
        "camera_info": None if picture.camera_info is None else asdict(picture.camera_info),
    }
    send(pipe, json.dumps(header).encode(), *(each.data for each in picture.renditions))


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
    files = tuple(Rendition(receive(pipe), Variant(*variant)) for variant in header["variants"])
    camera_info = header["camera_info"]
    return ProcessedImage(files, header["blurhash"], None if camera_info is None else CameraInfo(**camera_info))
