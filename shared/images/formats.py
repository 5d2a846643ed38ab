"""Recognises the formats that we take, by content and never by name; nothing else reaches a decoder."""

from . import isobmff, limits

PREFIXES = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG", b"GIF87a": "GIF", b"GIF89a": "GIF"}
AVIF_BRANDS = frozenset({b"avif", b"avis"})
HEIF_BRANDS = frozenset(b"heic heix heim heis hevc hevx hevm hevs mif1 msf1".split())
DECODERS = {b"av01": "AVIF", b"hvc1": "HEIF"}
"""By the type of the item that holds the pixels. JPEG 2000, AVC, VVC and JPEG may be in a HEIF, too."""
LONGEST_BRAND_LIST = 256


def sniff_format(data: bytes) -> str:
    """The name by which Pillow knows the format of these bytes."""
    for prefix, name in PREFIXES.items():
        if data.startswith(prefix):
            return name
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    brands = brands_of(data)
    if brands & (AVIF_BRANDS | HEIF_BRANDS):
        return _by_coding(isobmff.read(data).coding()) or ("AVIF" if brands & AVIF_BRANDS else "HEIF")
    raise limits.unsupported("unknown_format")


def brands_of(data: bytes) -> set[bytes]:
    """What an ISO media file says it is: HEIC and AVIF may both begin with `mif1` and tell more after it."""
    if data[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(data[:4], "big"), LONGEST_BRAND_LIST, len(data))
    return {data[8:12]} | {data[at : at + 4] for at in range(16, end - 3, 4)}


def _by_coding(coding: bytes | None) -> str | None:
    """None where the file does not tell; a decoder finds out."""
    if coding is None or coding in isobmff.DERIVED:
        return None
    if coding not in DECODERS:
        raise limits.unsupported("unknown_coding")
    return DECODERS[coding]
