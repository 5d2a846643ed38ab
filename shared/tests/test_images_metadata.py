"""Damaged or oversized metadata is removed and does not cause an error; damaged pixels do."""

import zlib

import pytest
from PIL import Image

from shared.errors import Invalid, TooLarge, UnsupportedMedia
from shared.images import isobmff, limits, renditions
from shared.tests import image_metadata as meta
from shared.tests import sample_images as samples
from shared.tests.test_images import displayed

PNG = samples.encoded(samples.corners(), "PNG")
JPEG = samples.encoded(samples.corners(), "JPEG")
MEGABYTE = 1024**2
WHOLE_ICC = samples.profile(samples.P3_PRIMARIES)

CHUNKS = {
    "zTXt of more than a megabyte": meta.ztxt(MEGABYTE + 1),
    "zTXt of 100 megabytes": meta.ztxt(100 * MEGABYTE),
    "many texts of 64 megabytes together": meta.ztxt(MEGABYTE) * 70,
    "iTXt of 2 megabytes": meta.itxt(2 * MEGABYTE),
    "iTXt that is no zlib": meta.png_chunk(b"iTXt", b"Comment\0\1\0\0\0nonsense"),
    "iCCP of 100 megabytes": meta.iccp(bytes(100 * MEGABYTE)),
    "iCCP that is no zlib": meta.png_chunk(b"iCCP", b"profile\0\0nonsense"),
    "iCCP that ends early": meta.png_chunk(b"iCCP", b"profile\0\0" + zlib.compress(WHOLE_ICC)[:-9]),
    "iCCP without a NUL": meta.png_chunk(b"iCCP", b"p"),
    "tEXt with a wrong CRC": meta.png_chunk(b"tEXt", b"Comment\0x", crc_error=1),
    "private chunk with a wrong CRC": meta.png_chunk(b"prVt", b"x" * 50, crc_error=1),
    "tRNS with a wrong CRC": meta.png_chunk(b"tRNS", bytes(6), crc_error=1),
    "eXIf with nonsense": meta.png_chunk(b"eXIf", b"nonsense"),
    "APNG control with nonsense": meta.png_chunk(b"acTL", b"x"),
    "cHRM of no colours": meta.gama(1 / 2.2) + meta.chrm(*[0] * 8),
    "cHRM of one colour": meta.gama(1 / 2.2) + meta.chrm(*[0.3] * 8),
    "gAMA of 0": meta.gama(0),
} | {
    f"{kind.decode()} of {size} bytes": meta.png_chunk(kind, bytes(size))
    for kind in (
        b"gAMA",
        b"cHRM",
        b"pHYs",
        b"sRGB",
        b"iCCP",
        b"cICP",
        b"tRNS",
        b"bKGD",
        b"sBIT",
        b"tIME",
        b"eXIf",
        b"fcTL",
    )
    for size in (0, 1, 3)
}


@pytest.mark.parametrize("chunk", CHUNKS.values(), ids=CHUNKS)
def test_png_with_an_odd_chunk_is_accepted(chunk: bytes) -> None:
    assert samples.shows_corners(displayed(meta.png_with(PNG, chunk)))


def test_png_with_an_odd_chunk_after_its_pixels_is_accepted() -> None:
    end = PNG[-12:]
    for more in (
        meta.ztxt(2 * MEGABYTE) + end,
        meta.png_chunk(b"tEXt", b"x", crc_error=1) + end,
        b"",
        end[:7],
        b"junk",
    ):
        assert samples.shows_corners(displayed(PNG[:-12] + more))


@pytest.mark.parametrize("kind", [b"IHDR", b"PLTE", b"IDAT", b"IEND"])
def test_png_with_a_wrong_crc_in_a_critical_chunk_is_refused(kind: bytes) -> None:
    data = samples.encoded(samples.corners().quantize(16), "PNG")
    at = data.index(kind)
    length = int.from_bytes(data[at - 4 : at], "big")
    crc_at = at + 4 + length
    changed = data[:crc_at] + bytes([data[crc_at] ^ 1]) + data[crc_at + 1 :]
    with pytest.raises(Invalid):
        renditions.render(changed)


def test_png_with_an_unknown_critical_chunk_is_refused() -> None:
    with pytest.raises(Invalid):
        renditions.render(meta.png_with(PNG, meta.png_chunk(b"NEED", b"x")))


SEGMENTS = {
    "EXIF with nonsense": meta.jpeg_segment(0xE1, b"Exif\0\0nonsense"),
    "EXIF of nothing": meta.jpeg_segment(0xE1, b"Exif\0\0"),
    "XMP with nonsense": meta.jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<"),
    "an ICC profile without a number": meta.jpeg_segment(0xE2, b"ICC_PROFILE\0"),
    "an ICC profile with nonsense": meta.jpeg_segment(0xE2, b"ICC_PROFILE\0\1\1nonsense"),
    "an ICC profile that lacks a part": meta.jpeg_segment(0xE2, b"ICC_PROFILE\0\1\2" + WHOLE_ICC),
    "MPF with nonsense": meta.jpeg_segment(0xE2, b"MPF\0nonsense"),
    "Photoshop with nonsense": meta.jpeg_segment(0xED, b"Photoshop 3.0\x008BIM"),
    "a comment of 64 KB": meta.jpeg_segment(0xFE, b"x" * 65_000),
    "600 comments": meta.jpeg_segment(0xFE, b"x" * 10) * 600,
} | {
    f"APP{marker - 0xE0} of {len(content)} bytes": meta.jpeg_segment(marker, content)
    for marker, name in ((0xE0, b"JFIF\0"), (0xEE, b"Adobe"))
    for content in (b"", name[:2], name, name + b"\0", name + b"\0\1\1")
}


@pytest.mark.parametrize("segment", SEGMENTS.values(), ids=SEGMENTS)
def test_jpeg_with_an_odd_segment_is_accepted(segment: bytes) -> None:
    assert samples.shows_corners(displayed(meta.jpeg_with(JPEG, segment)))


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("missing", [1, 2])
def test_jpeg_without_its_end_marker_is_accepted(progressive: bool, missing: int) -> None:
    data = samples.encoded(samples.corners(), "JPEG", progressive=progressive)
    assert samples.shows_corners(displayed(data[:-missing]))


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.99])
def test_jpeg_with_missing_rows_is_refused(options: dict[str, object], share: float) -> None:
    data = samples.encoded(Image.effect_noise((400, 300), 80), "JPEG", **options)
    with pytest.raises(Invalid):
        renditions.render(data[: int(len(data) * share)])


def test_jpeg_has_at_most_a_hundred_scans() -> None:
    picture = samples.encoded(Image.new("L", (64, 64), 128), "JPEG", progressive=True)
    start = picture.rfind(b"\xff\xda")
    scans = picture.count(b"\xff\xda")
    repeated = picture[start:-2]
    renditions.render(picture[:-2] + repeated * (limits.MAX_SCANS - scans) + b"\xff\xd9")
    with pytest.raises(Invalid) as refusal:
        renditions.render(picture[:-2] + repeated * (limits.MAX_SCANS - scans + 1) + b"\xff\xd9")
    assert (refusal.value.code, refusal.value.field_errors[0].code) == ("corrupt_media", "too_many_scans")


@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg_with_too_few_bytes_for_its_pixels_is_refused_before_decoding(progressive: bool) -> None:
    data = samples.encoded(Image.new("RGB", (7_000, 7_000), "grey"), "JPEG", progressive=progressive, quality=10)
    assert renditions.render(data).display.variant.width == 2048, "a picture of one colour is taken"
    start = data.index(b"\xff\xda")
    with pytest.raises(Invalid) as refusal:
        renditions.render(data[: start + 2_000] + b"\xff\xd9")
    assert refusal.value.field_errors[0].code == "too_few_bytes"


def flat_webp(width: int, height: int) -> bytes:
    """A lossless WebP of one colour, whose codes have no bits, so its size does not depend on its pixels."""
    bits = (width - 1) | (height - 1) << 14 | 0b0001_0001_0001_0001_0001 << 35
    frame = b"VP8L" + (8).to_bytes(4, "little") + b"\x2f" + bits.to_bytes(7, "little")
    return b"RIFF" + (4 + len(frame)).to_bytes(4, "little") + b"WEBP" + frame


def animated_webp(width: int, height: int, frame: bytes) -> bytes:
    """Two frames of this size."""
    canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    content = bytes(6) + canvas + bytes(4) + frame
    chunks = (
        b"VP8X" + (10).to_bytes(4, "little") + b"\x02\0\0\0" + canvas + b"ANIM" + (6).to_bytes(4, "little") + bytes(6)
    )
    chunks += (b"ANMF" + len(content).to_bytes(4, "little") + content) * 2
    return b"RIFF" + (4 + len(chunks)).to_bytes(4, "little") + b"WEBP" + chunks


def test_webp_with_a_large_size_and_no_content_is_refused_before_decoding() -> None:
    assert renditions.render(flat_webp(1_200, 900)).display.variant.width == 1_200
    assert renditions.render(animated_webp(1_200, 900, flat_webp(1_200, 900)[12:])).display.variant.width == 1_200
    for data in (flat_webp(7_000, 7_000), animated_webp(7_000, 7_142, flat_webp(7_000, 7_142)[12:])):
        assert len(data) < 150
        with pytest.raises(Invalid) as refusal:
            renditions.render(data)
        assert refusal.value.field_errors[0].code == "too_few_bytes"


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
@pytest.mark.parametrize("start", [0, 4, 8, 12, 20])
def test_damaged_metadata_of_heic_and_avif_is_ignored(kind: str, start: int) -> None:
    exif = samples.with_exif(1, "x" * 50).tobytes()
    data = samples.encoded(samples.corners(), kind, xmp=b"<x:xmpmeta tiff:Orientation='", exif=exif)
    assert data.count(b"MM\0*") == 1
    at = data.index(b"MM\0*") + start
    assert samples.shows_corners(displayed(data[:at] + b"\xff" * 40 + data[at + 40 :]))


def test_avif_with_alpha_without_size_is_accepted_with_its_alpha() -> None:
    picture = Image.new("RGBA", (64, 40), (200, 30, 30, 255))
    picture.paste((0, 0, 0, 0), (0, 0, 32, 40))
    data = bytearray(samples.encoded(picture, "AVIF"))
    items = isobmff.read(bytes(data))
    (alpha,) = items.auxiliary
    kinds, numbers = items.kinds(alpha), items.property_numbers[alpha]
    data[items.number_places[alpha][kinds.index(b"ispe")]] = numbers[kinds.index(b"pixi")]
    display = displayed(bytes(data))
    assert samples.is_close(display, (8, 20), (255, 255, 255)) and samples.is_close(display, (56, 20), (200, 30, 30))


@pytest.mark.parametrize("coding", [b"j2k1", b"avc1", b"vvc1", b"jpeg", b"unci"])
def test_heif_without_a_decoder_is_unsupported(coding: bytes) -> None:
    data = samples.encoded(samples.corners(), "HEIF")
    place = isobmff.read(data).type_places[1]
    with pytest.raises(UnsupportedMedia) as refusal:
        renditions.render(data[:place] + coding + data[place + 4 :])
    assert (refusal.value.code, refusal.value.field_errors[0].code) == ("unsupported_media", "unknown_coding")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
def test_orientation_in_xmp_only_is_ignored(kind: str) -> None:
    xmp = b"""<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>
    <rdf:Description xmlns:tiff='http://ns.adobe.com/tiff/1.0/' tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>"""
    if kind == "PNG":
        data = meta.png_with(PNG, meta.png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp))
    else:
        data = samples.encoded(samples.corners(), kind, xmp=xmp)
    assert samples.shows_corners(displayed(data))


def test_header_above_the_limits_is_reported_before_other_errors() -> None:
    header = meta.png_chunk(b"IHDR", (30_000).to_bytes(4, "big") * 2 + b"\x08\x02\0\0\0")
    with pytest.raises(TooLarge) as refusal:
        renditions.render(PNG[:8] + header + meta.png_chunk(b"IDAT", b"x", crc_error=1))
    assert refusal.value.field_errors[0].code == "too_many_pixels"
