"""WebP (RFC 9649): removes chunks that decoding does not need, and rejects costly files before decoding."""

from collections.abc import Iterator

from shared.images.prepared_image import MAX_PROFILE_BYTES, PreparedImage

from . import limits

PIXELS = frozenset({b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF"})
ANIMATION, ALPHA = 0x02, 0x10
"""Flags of VP8X."""
# For each pixel: of a lossless picture one array of 4 bytes; of an animation the canvas and a frame as well.
LOSSLESS_BYTES, ANIMATED_BYTES = 5, 12


def prepare(data: bytes) -> PreparedImage:
    """Raises TooLarge by the header, and Invalid for a file without one."""
    profile = exif = None
    kept: list[bytes] = []
    for kind, found in _chunks(data):
        content = found
        if kind == b"VP8X" and len(content) >= 10 and not kept:
            content = bytes([found[0] & (ANIMATION | ALPHA)]) + found[1:]
            _check_size(int.from_bytes(content[4:7], "little") + 1, int.from_bytes(content[7:10], "little") + 1, data)
        elif kind == b"ICCP":
            profile = profile or content
        elif kind == b"EXIF":
            exif = exif or content
        if kind == b"VP8X" or kind in PIXELS:
            kept.append(kind + len(content).to_bytes(4, "little") + content + b"\0" * (len(content) % 2))
            _check_memory(kind, content, kept[0], data)
    if not kept:
        raise limits.corrupt()
    body = b"WEBP" + b"".join(kept)
    return PreparedImage(
        data=b"RIFF" + len(body).to_bytes(4, "little") + body,
        exif=exif,
        icc_profile=profile if profile and len(profile) <= MAX_PROFILE_BYTES else None,
        is_lossless=any(chunk.startswith(b"VP8L") for chunk in kept),
    )


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """A chunk that ends early is left as it is: only the decoder knows whether pixels are missing."""
    at = 12
    while at + 8 <= len(data):
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        content = data[at + 8 : at + 8 + length]
        if len(content) < length and data[at : at + 4] in PIXELS:
            raise limits.corrupt()
        yield data[at : at + 4], content
        at += 8 + length + length % 2


def _check_memory(kind: bytes, content: bytes, first: bytes, data: bytes) -> None:
    if kind == b"VP8L" and len(content) >= 5 and content[0] == 0x2F:
        bits = int.from_bytes(content[1:5], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        _check_size(width, height, data)
        limits.check_memory(width * height * LOSSLESS_BYTES)
    if kind == b"VP8 " and len(content) >= 10:
        _check_size(
            int.from_bytes(content[6:8], "little") & 0x3FFF, int.from_bytes(content[8:10], "little") & 0x3FFF, data
        )
    if kind == b"ANMF" and first.startswith(b"VP8X"):
        width, height = (int.from_bytes(first[at : at + 3], "little") + 1 for at in (12, 15))
        limits.check_memory(width * height * ANIMATED_BYTES)


def _check_size(width: int, height: int, data: bytes) -> None:
    limits.check_size(width, height, len(data))
