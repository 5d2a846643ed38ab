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
TRANSPARENT_BYTES = {GREY: (2,), RGB: (6,), PALETTE: range(1, 257)}
"""The lengths of a tRNS chunk by colour type. The others have an alpha channel."""
INTERLACED_CHANNELS = {GREY: 2, RGB: 4, PALETTE: 4}
"""As they are decoded, with a transparent colour. The others have up to 4."""
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
            _check_header(content, len(data))
        if kind in CRITICAL:
            critical.append(_chunk(kind, content))
        else:
            ancillary.setdefault(kind, content)
    if len(critical) < 2 or critical[1][4:8] != b"IHDR":
        raise limits.corrupt()
    transparent = ancillary.get(b"tRNS", b"")
    is_valid = len(transparent) in TRANSPARENT_BYTES.get(critical[1][17], ())
    tables = _chunk(b"tRNS", transparent) if is_valid else b""
    first_pixels = next((at for at, chunk in enumerate(critical) if chunk[4:8] == b"IDAT"), len(critical))
    return PreparedImage(
        data=b"".join([*critical[:first_pixels], tables, *critical[first_pixels:], _chunk(b"IEND", b"")]),
        exif=ancillary.get(b"eXIf"),
        icc_profile=_profile(ancillary.get(b"iCCP", b"")),
        cicp=_cicp(ancillary.get(b"cICP", b"")),
        calibration=_calibration(ancillary),
        is_lossless=True,
    )


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The chunks up to the end, without damaged ancillary ones."""
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


def _check_header(header: bytes, size: int) -> None:
    try:
        width, height, depth, colour_type, interlace = unpack(">IIBB2xB", header)
    except error:
        raise limits.corrupt() from None
    limits.check_size(width, height, size)
    if interlace:  # it is decoded as a whole, any other row by row
        limits.check_memory(width * height * INTERLACED_CHANNELS.get(colour_type, 4) * (2 if depth == 16 else 1))


def _profile(content: bytes) -> bytes | None:
    """The ICC profile of an iCCP chunk: a name, a NUL, the method 0, and a zlib stream, which may be a zip bomb."""
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
    """The values of gAMA and cHRM; None if they mean sRGB."""
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
