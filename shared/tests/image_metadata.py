"""Adds valid and damaged chunks, segments and boxes to image files."""

from zlib import compress, crc32

PNG_HEADER_END = 8 + 25
"""Behind the signature and IHDR."""


def png_chunk(kind: bytes, content: bytes, *, crc_error: int = 0) -> bytes:
    crc = crc32(kind + content) ^ crc_error
    return len(content).to_bytes(4, "big") + kind + content + crc.to_bytes(4, "big")


def png_with(data: bytes, *chunks: bytes) -> bytes:
    """The PNG with these chunks directly after IHDR."""
    return data[:PNG_HEADER_END] + b"".join(chunks) + data[PNG_HEADER_END:]


def ztxt(size: int) -> bytes:
    return png_chunk(b"zTXt", b"Comment\0\0" + compress(bytes(size)))


def itxt(size: int) -> bytes:
    return png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + compress(b" " * size))


def iccp(profile: bytes) -> bytes:
    return png_chunk(b"iCCP", b"profile\0\0" + compress(profile))


def cicp(primaries: int, transfer: int) -> bytes:
    return png_chunk(b"cICP", bytes((primaries, transfer, 0, 1)))


def gama(encoding: float) -> bytes:
    return png_chunk(b"gAMA", round(encoding * 100_000).to_bytes(4, "big"))


def chrm(*xy: float) -> bytes:
    """White, red, green and blue."""
    return png_chunk(b"cHRM", b"".join(round(value * 100_000).to_bytes(4, "big") for value in xy))


def jpeg_segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2, "big") + content


def jpeg_with(data: bytes, *segments: bytes) -> bytes:
    """The JPEG with these segments directly after its start marker."""
    return data[:2] + b"".join(segments) + data[2:]


def idat(rows: bytes) -> bytes:
    """Rows with their filters, and the end chunk."""
    return png_chunk(b"IDAT", compress(rows)) + png_chunk(b"IEND", b"")
