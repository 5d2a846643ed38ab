"""PNG (W3C Recommendation, third edition): removes chunks that decoding does not need, and reads colour metadata."""

import zlib
from collections.abc import Iterator
from struct import error, unpack
from zlib import crc32

from shared.images.prepared_image import MAX_PROFILE_BYTES, Calibration, Chromaticities, Cicp, PreparedImage

from . import limits

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CRITICAL = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND"})
GREY, RGB, PALETTE = 0, 2, 3
SRGB_GAMMA = 2.2
# Exponents that differ by less are the same (as in libpng): most files with 2.2 mean sRGB.
GAMMA_TOLERANCE = 0.05


def prepare(data: bytes) -> PreparedImage:
    """Raises TooLarge by the header, and Invalid for a critical chunk that is damaged.

    An ancillary chunk that is damaged, of a wrong length or not needed is left out.
    """
    critical = [SIGNATURE]
    ancillary: dict[bytes, bytes] = {}
    for kind, content in _chunks(data):
        if kind == b"IHDR":
            limits.check_size(*_size(content), len(data))
        if kind in CRITICAL:
            critical.append(_chunk(kind, content))
        else:
            ancillary.setdefault(kind, content)
    if len(critical) < 2 or critical[1][4:8] != b"IHDR":
        raise limits.corrupt()
    depth, colour_type = critical[1][16], critical[1][17]
    tables = b""
    if colour_type == PALETTE and 1 <= len(ancillary.get(b"tRNS", b"")) <= 256:
        tables = _chunk(b"tRNS", ancillary[b"tRNS"])
    first_pixels = next((at for at, chunk in enumerate(critical) if chunk[4:8] == b"IDAT"), len(critical))
    return PreparedImage(
        data=b"".join([*critical[:first_pixels], tables, *critical[first_pixels:], _chunk(b"IEND", b"")]),
        exif=ancillary.get(b"eXIf"),
        icc_profile=_profile(ancillary.get(b"iCCP", b"")),
        cicp=_cicp(ancillary.get(b"cICP", b"")),
        calibration=_calibration(ancillary),
        transparent=_transparent(ancillary.get(b"tRNS", b""), depth, colour_type),
    )


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Up to the end; without ancillary chunks that are damaged."""
    at = len(SIGNATURE)
    while at + 8 <= len(data):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        content, crc = data[at + 8 : at + 8 + length], data[at + 8 + length : at + 12 + length]
        at += 12 + length
        is_whole = crc == crc32(content, crc32(kind)).to_bytes(4, "big")
        is_critical = not kind[0] & 0x20
        if kind == b"IEND" and (is_whole or at > len(data)):
            return
        if is_critical and (not is_whole or kind not in CRITICAL):
            raise limits.corrupt()
        if is_whole:
            yield kind, content


def _chunk(kind: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + kind + content + crc32(content, crc32(kind)).to_bytes(4, "big")


def _size(header: bytes) -> tuple[int, int]:
    try:
        width, height = unpack(">II5x", header)
    except error:
        raise limits.corrupt() from None
    return width, height


def _profile(content: bytes) -> bytes | None:
    """The ICC profile of an iCCP chunk: a name, a NUL, the method 0, and a zlib stream, which may be a bomb."""
    _, _, packed = content.partition(b"\0")
    unpacking = zlib.decompressobj()
    try:
        profile = unpacking.decompress(packed[1:], MAX_PROFILE_BYTES)
    except zlib.error:
        return None
    return profile if unpacking.eof else None


def _cicp(content: bytes) -> Cicp | None:
    return Cicp(content[0], content[1]) if len(content) == 4 else None


def _calibration(chunks: dict[bytes, bytes]) -> Calibration | None:
    """What gAMA and cHRM say, unless it is sRGB anyway."""
    if len(chunks.get(b"sRGB", b"")) == 1 or len(chunks.get(b"gAMA", b"")) != 4:
        return None
    encoding = int.from_bytes(chunks[b"gAMA"], "big") / 100_000
    if not 0.1 <= encoding <= 10:
        return None
    gamma = 1 / encoding
    chromaticities = _chromaticities(chunks.get(b"cHRM", b""))
    if chromaticities is None and abs(gamma / SRGB_GAMMA - 1) < GAMMA_TOLERANCE:
        return None
    return Calibration(gamma, chromaticities)


def _chromaticities(content: bytes) -> Chromaticities | None:
    if len(content) != 32:
        return None
    values = [value / 100_000 for value in unpack(">8I", content)]
    white, red, green, blue = ((values[at], values[at + 1]) for at in range(0, 8, 2))
    return red, green, blue, white


def _transparent(content: bytes, depth: int, colour_type: int) -> int | tuple[int, int, int] | None:
    """Of a grey picture of 16 bits as it is; of all others scaled to 8 bits, as their pixels are when decoded."""
    if colour_type == GREY and len(content) == 2:
        value = int.from_bytes(content, "big")
        return value if depth == 16 else value * 255 // (2**depth - 1)
    if colour_type == RGB and len(content) == 6:
        red, green, blue = (value >> (depth - 8) for value in unpack(">3H", content))
        return red, green, blue
    return None
