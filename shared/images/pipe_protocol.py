"""How the darkroom and its workers talk over pipes: frames of eight bytes of length and then the content.

Nothing is unpickled: a decoder that was taken over could otherwise send code.
"""

import json
from typing import BinaryIO

from shared.errors import Fault, Invalid, Refusal, TooLarge, UnsupportedMedia

from .picture import ProcessedImage, Rendition

REFUSALS: dict[str, type[Refusal]] = {kind.__name__: kind for kind in (Invalid, TooLarge, UnsupportedMedia)}


def send(pipe: BinaryIO, *contents: bytes) -> None:
    for content in contents:
        pipe.write(len(content).to_bytes(8, "big"))
        pipe.write(content)
    pipe.flush()


def receive(pipe: BinaryIO) -> bytes:
    """The next frame; EOFError when the other side is gone."""
    return _exactly(pipe, int.from_bytes(_exactly(pipe, 8), "big"))


def _exactly(pipe: BinaryIO, length: int) -> bytes:
    content = pipe.read(length)
    if len(content) < length:
        raise EOFError
    return content


def send_image(pipe: BinaryIO, picture: ProcessedImage) -> None:
    display, thumbnail = picture.display, picture.thumbnail
    facts = {
        "display": (display.width, display.height),
        "thumbnail": (thumbnail.width, thumbnail.height),
        "content_type": picture.content_type,
        "blurhash": picture.blurhash,
    }
    send(pipe, json.dumps(facts).encode(), display.data, thumbnail.data)


def send_error(pipe: BinaryIO, refusal: Refusal) -> None:
    facts = {
        "refusal": type(refusal).__name__,
        "code": refusal.code,
        "detail": refusal.detail,
        "faults": [(fault.pointer, fault.code, fault.detail) for fault in refusal.faults],
    }
    send(pipe, json.dumps(facts).encode())


def receive_image(pipe: BinaryIO) -> ProcessedImage:
    """What the worker made of the upload, or the refusal that it met, raised."""
    facts = json.loads(receive(pipe))
    if "refusal" in facts:
        faults = tuple(Fault(*fault) for fault in facts["faults"])
        raise REFUSALS[facts["refusal"]](facts["code"], facts["detail"], faults=faults)
    return ProcessedImage(
        display=Rendition(receive(pipe), *facts["display"]),
        thumbnail=Rendition(receive(pipe), *facts["thumbnail"]),
        content_type=facts["content_type"],
        blurhash=facts["blurhash"],
    )
