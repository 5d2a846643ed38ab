"""Refused uploads: too large, of another type, or damaged; refused before much work."""

from struct import pack
from zlib import crc32

import pytest
from PIL import Image

from shared.errors import Invalid, TooLarge, UnsupportedMedia
from shared.images import limits, renditions
from shared.tests import sample_images as samples


@pytest.mark.parametrize("size", [(9_504, 6_336), (8_192, 6_144), (limits.MAX_SIDE, 1), (1, 60_000), (40_000, 1_200)])
def test_images_up_to_sixty_megapixels_of_any_shape_are_accepted(size: tuple[int, int]) -> None:
    display = renditions.render(samples.encoded(Image.new("L", size, 128), "PNG")).display.variant
    assert max(display.width, display.height) >= 2048


@pytest.mark.parametrize("size", [(10_000, 6_031), (limits.MAX_SIDE + 1, 1)])
def test_image_with_more_pixels_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(TooLarge):
        renditions.render(samples.encoded(Image.new("L", size, 128), "PNG"))


@pytest.mark.parametrize("kind", ["PNG", "GIF", "JPEG"])
@pytest.mark.parametrize("side", [7_800, 9_500, 13_300, 30_000])
def test_small_file_with_huge_dimensions_is_refused_by_its_header(kind: str, side: int) -> None:
    """These files have a header and hardly any pixels: decoding them could only find them damaged."""
    wide, high = side.to_bytes(2, "big"), side.to_bytes(4, "big")
    files = {
        "PNG": b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", high * 2 + b"\x08\x02\0\0\0") + png_chunk(b"IDAT", b"x"),
        "GIF": b"GIF89a" + wide[::-1] * 2 + bytes(3) + b"," + bytes(4) + wide[::-1] * 2 + b"\0\2\1\0\0;",
        "JPEG": samples.encoded(Image.new("L", (8, 8)), "JPEG").replace(b"\x08\0\x08\0\x08", b"\x08" + wide * 2, 1),
    }
    with pytest.raises(TooLarge):
        renditions.render(files[kind])


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + kind + content + crc32(kind + content).to_bytes(4, "big")


@pytest.mark.parametrize("kind", ["WEBP", "AVIF"])
def test_valid_file_with_too_many_pixels_is_refused_in_every_format(kind: str) -> None:
    speed = {"WEBP": {"lossless": True, "method": 0}, "AVIF": {"speed": 10}}
    with pytest.raises(TooLarge):
        renditions.render(samples.encoded(Image.new("L", (10_000, 6_032)).convert("RGB"), kind, **speed[kind]))


def test_heic_with_a_false_size_is_refused() -> None:
    data = samples.encoded(samples.corners(1600, 1200), "HEIF")
    assert data.count(pack(">II", 1600, 1200)) == 1
    with pytest.raises(Invalid):
        renditions.render(data.replace(pack(">II", 1600, 1200), pack(">II", 64, 48)))
    with pytest.raises(TooLarge):
        renditions.render(data.replace(pack(">II", 1600, 1200), pack(">II", 16_000, 12_000)))


@pytest.mark.parametrize("kind", samples.FORMATS)
def test_truncated_file_is_corrupt(kind: str) -> None:
    data = samples.encoded(Image.effect_noise((400, 300), 80).convert("RGB"), kind)
    for share in (0.1, 0.5, 0.9):
        with pytest.raises(Invalid) as refusal:
            renditions.render(data[: int(len(data) * share)])
        assert refusal.value.code == "corrupt_media"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x",
        b"just a text",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<!doctype html><html><body>no</body></html>",
        b"%PDF-1.7\n",
        b"PK\x03\x04" + bytes(100),
        b"II*\0" + bytes(100),
        b"BM" + bytes(100),
        b"8BPS" + bytes(100),
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        b"\0\0\0\x18ftypmp42" + bytes(100),
        b"RIFF\0\0\0\0WAVE" + bytes(100),
        bytes(10_000),
    ],
)
def test_other_file_types_are_unsupported(data: bytes) -> None:
    with pytest.raises(UnsupportedMedia) as refusal:
        renditions.render(data)
    assert refusal.value.code == "unsupported_media"


def test_tiff_is_refused_with_and_without_a_jpeg_header() -> None:
    tiff = samples.encoded(samples.corners(), "TIFF")
    with pytest.raises(UnsupportedMedia):
        renditions.render(tiff)
    with pytest.raises(Invalid):
        renditions.render(b"\xff\xd8\xff" + tiff)
