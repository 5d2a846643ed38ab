"""JPEG (ITU-T T.81): removes the segments that decoding does not need, and rejects costly files before decoding.

A file of several scans (a progressive one) is decoded in memory as a whole, 128 bytes for each block of 8 x 8 samples.
"""

import re
from dataclasses import dataclass, field
from math import ceil

from shared.images.prepared_image import MAX_PROFILE_BYTES, PreparedImage

from . import limits

SOI, EOI, SOS = 0xD8, 0xD9, 0xDA
APP0, APP1, APP2, APP14, APP15, COM = 0xE0, 0xE1, 0xE2, 0xEE, 0xEF, 0xFE
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""SOF markers. The three others in their range are tables."""
MIN_BITS_PER_BLOCK = {0xC0: 2, 0xC1: 2, 0xC2: 1}
"""Of a block with Huffman codes: one for its mean and, unless that has a scan of its own, one for the rest."""
PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
LOSSLESS = frozenset({0xC3, 0xC7, 0xCB, 0xCF})
BYTES_PER_BLOCK, BYTES_PER_PIXEL = 128, 4
MARKER = re.compile(rb"\xff+([^\x00\x01\xff\xd0-\xd7])")
"""Any that is not part of entropy-coded data."""
PADDING = bytes(range(16, 128)) * 4
JFIF_BYTES, ADOBE_BYTES = 14, 12
"""Shorter ones are damaged."""


@dataclass(slots=True)
class _Read:
    kept: list[bytes] = field(default_factory=lambda: [b"\xff\xd8"])
    scans: int = 0
    pixel_bytes: int = 0
    least_bytes: int = 0
    blocks: int = 0
    components: int = 0
    exif: bytes | None = None
    profile_parts: dict[int, bytes] = field(default_factory=dict)
    """By their numbers, from 1 on."""
    profile_count: int = 0


def prepare(data: bytes) -> PreparedImage:
    """Raises TooLarge by the header; Invalid for too many scans, or for less data than so many pixels can have."""
    read = _Read()
    is_whole = _read(data, read)
    if read.pixel_bytes < read.least_bytes:
        raise limits.too_few_bytes()
    content = b"".join(read.kept)
    return PreparedImage(
        data=content + b"\xff\xd9",
        exif=read.exif,
        icc_profile=_profile(read),
        padded=None if is_whole else content + PADDING + b"\xff\xd9",
    )


def _read(data: bytes, read: _Read) -> bool:
    """Returns whether there was an end marker (EOI). Data after it is ignored."""
    at, in_scan = 2, False
    while found := MARKER.search(data, at):
        if in_scan:
            _keep_pixels(read, data[at : found.start()])
        marker, start = found[1][0], found.end()
        if marker == EOI:
            return True
        if marker == SOI:
            at, in_scan = start, False
            continue
        at = start + max(2, int.from_bytes(data[start : start + 2], "big"))
        _take(read, marker, data[start + 2 : at], len(data))
        in_scan = marker == SOS
    if in_scan:
        _keep_pixels(read, data[at:].rstrip(b"\xff"))
    return False


def _keep_pixels(read: _Read, pixels: bytes) -> None:
    read.kept.append(pixels)
    read.pixel_bytes += len(pixels)


def _take(read: _Read, marker: int, segment: bytes, size: int) -> None:
    if marker == SOS:
        read.scans += 1
        if read.scans > limits.MAX_SCANS:
            raise limits.too_many_scans()
        if segment[:1] and segment[0] < read.components:
            limits.check_memory(read.blocks * BYTES_PER_BLOCK)
    if marker in FRAMES and len(segment) >= 6:
        _take_frame(read, marker, segment, size)
    if marker == APP1 and segment.startswith(b"Exif\0\0") and read.exif is None:
        read.exif = segment
    if marker == APP2 and segment.startswith(b"ICC_PROFILE\0") and len(segment) > 14:
        read.profile_parts.setdefault(segment[12], segment[14:])
        read.profile_count = segment[13]
    if _is_needed(marker, segment):
        read.kept.append(bytes([0xFF, marker]) + (len(segment) + 2).to_bytes(2, "big") + segment)


def _take_frame(read: _Read, marker: int, segment: bytes, size: int) -> None:
    width, height = int.from_bytes(segment[3:5], "big"), int.from_bytes(segment[1:3], "big")
    limits.check_size(width, height, size)
    read.blocks, read.components = _blocks(segment), segment[5]
    read.least_bytes = read.blocks * MIN_BITS_PER_BLOCK.get(marker, 0) // 8
    if marker in PROGRESSIVE:
        limits.check_memory(read.blocks * BYTES_PER_BLOCK)
    if marker in LOSSLESS:
        limits.check_memory(width * height * BYTES_PER_PIXEL)


def _profile(read: _Read) -> bytes | None:
    """The ICC profile; None if there is none, or if a part of it is missing."""
    if not read.profile_parts or read.profile_parts.keys() != set(range(1, read.profile_count + 1)):
        return None
    profile = b"".join(read.profile_parts[number] for number in sorted(read.profile_parts))
    return profile if len(profile) <= MAX_PROFILE_BYTES else None


def _is_needed(marker: int, segment: bytes) -> bool:
    """Whether decoding needs this segment: JFIF and Adobe describe the colour coding, others are not needed."""
    if marker == APP0:
        return segment.startswith(b"JFIF\0") and len(segment) >= JFIF_BYTES
    if marker == APP14:
        return segment.startswith(b"Adobe") and len(segment) >= ADOBE_BYTES
    return marker != COM and not APP0 <= marker <= APP15


def _blocks(frame: bytes) -> int:
    """The number of blocks of 8 x 8 samples in all components."""
    height, width = int.from_bytes(frame[1:3], "big"), int.from_bytes(frame[3:5], "big")
    factors = [(each >> 4 or 1, each & 15 or 1) for each in frame[7 : 6 + 3 * frame[5] : 3]]
    most_across, most_down = (max((each[way] for each in factors), default=1) for way in (0, 1))
    across = [ceil(ceil(width * each[0] / most_across) / 8) for each in factors]
    down = [ceil(ceil(height * each[1] / most_down) / 8) for each in factors]
    return sum(a * b for a, b in zip(across, down, strict=True))
