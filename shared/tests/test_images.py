"""Valid uploads: every format, orientation and colour space gives an upright image without metadata."""

import blurhash
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from shared.images import ProcessedImage, renditions
from shared.images.variants import variants_of
from shared.tests import sample_images as samples

MARKER = b"PLANTED-MARKER"


def displayed(data: bytes) -> Image.Image:
    return samples.opened(renditions.render(data).display.data)


def sizes(picture: ProcessedImage) -> list[tuple[int, int]]:
    """Ascending, each once."""
    return list(dict.fromkeys((each.variant.width, each.variant.height) for each in picture.renditions))


@pytest.mark.parametrize("kind", samples.FORMATS)
def test_every_format_is_converted_to_jpegs_and_webps_of_each_size(kind: str) -> None:
    picture = renditions.render(samples.encoded(samples.corners(1200, 800), kind))
    assert [(each.variant.name, each.variant.width, each.variant.height) for each in picture.renditions] == [
        ("320.jpg", 320, 213),
        ("320.webp", 320, 213),
        ("thumbnail.jpg", 640, 427),
        ("640.webp", 640, 427),
        ("1080.jpg", 1080, 720),
        ("1080.webp", 1080, 720),
        ("display.jpg", 1200, 800),
        ("1200.webp", 1200, 800),
    ]
    for rendition in picture.renditions:
        file = samples.opened(rendition.data)
        assert Image.MIME[str(file.format)] == rendition.variant.content_type
        assert file.size == (rendition.variant.width, rendition.variant.height)
        assert samples.shows_corners(file)


def test_large_image_is_reduced_to_2048_pixels() -> None:
    picture = renditions.render(samples.encoded(samples.corners(3000, 6000), "JPEG"))
    assert sizes(picture)[-1] == (1024, 2048)


def test_small_image_is_not_enlarged() -> None:
    picture = renditions.render(samples.encoded(Image.new("RGB", (3, 1), "red"), "PNG"))
    assert sizes(picture) == [(3, 1)]


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        ((20_000, 1_000), [(1600, 80), (3200, 160), (5400, 270), (10_240, 512)]),
        ((1_000, 20_000), [(80, 1600), (160, 3200), (270, 5400), (512, 10_240)]),
        ((40_000, 1_200), [(2240, 67), (4480, 134), (7560, 227), (14_336, 430)]),
        ((60_000, 1), [(2240, 1), (4480, 1), (7560, 1), (14_336, 1)]),
    ],
)
def test_panorama_keeps_a_readable_height(size: tuple[int, int], shown: list[tuple[int, int]]) -> None:
    assert sizes(renditions.render(samples.encoded(Image.new("L", size, 128), "PNG"))) == shown


@pytest.mark.parametrize("size", [(2048, 1366), (1365, 2048), (14_336, 430), (512, 10_243), (641, 640), (1, 1)])
def test_all_sizes_derive_from_the_largest(size: tuple[int, int]) -> None:
    assert (variants_of(*size)[-1].width, variants_of(*size)[-1].height) == size
    assert len({each.name for each in variants_of(*size)}) == len(variants_of(*size))


# For each orientation, where the first row and the first column of the file belong (EXIF 2.32, tag 274).
ORIENTATIONS = {
    1: ("top", "left"),
    2: ("top", "right"),
    3: ("bottom", "right"),
    4: ("bottom", "left"),
    5: ("left", "top"),
    6: ("right", "top"),
    7: ("right", "bottom"),
    8: ("left", "bottom"),
}


def as_stored(upright: Image.Image, orientation: int) -> Image.Image:
    """The rows and columns of the file for this camera orientation, pixel by pixel, by the standard."""
    first_row, first_column = ORIENTATIONS[orientation]
    turned = first_row in ("left", "right")
    stored = Image.new("RGB", upright.size[::-1] if turned else upright.size)
    for row in range(stored.height):
        for column in range(stored.width):
            down, across = (column, row) if turned else (row, column)
            x = upright.width - 1 - across if "right" in (first_row, first_column) else across
            y = upright.height - 1 - down if "bottom" in (first_row, first_column) else down
            stored.putpixel((column, row), upright.getpixel((x, y)))  # type: ignore[arg-type]  # of one mode
    return stored


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_every_camera_orientation_gives_an_upright_image(kind: str, orientation: int) -> None:
    stored = as_stored(samples.corners(), orientation)
    display = displayed(samples.encoded(stored, kind, exif=samples.with_exif(orientation)))
    assert display.size == (96, 64)
    assert samples.shows_corners(display)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_formats_with_built_in_rotation_are_not_rotated_twice(kind: str, orientation: int) -> None:
    stored = as_stored(samples.corners(), orientation)
    display = displayed(samples.encoded(stored, kind, exif=samples.with_exif(orientation).tobytes()))
    assert display.size == (96, 64)
    assert samples.shows_corners(display)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_invalid_orientation_is_ignored(orientation: int) -> None:
    assert samples.shows_corners(
        displayed(samples.encoded(samples.corners(), "JPEG", exif=samples.with_exif(orientation)))
    )


def test_damaged_exif_is_ignored() -> None:
    exif = samples.with_exif(1, "x" * 50).tobytes()
    assert samples.shows_corners(displayed(samples.encoded(samples.corners(), "WEBP", exif=b"nonsense")))
    for end in range(6, len(exif), 3):
        assert samples.shows_corners(displayed(samples.encoded(samples.corners(), "JPEG", exif=exif[:end])))


def files_with_a_marker() -> dict[str, bytes]:
    exif, xmp = samples.with_exif(1, MARKER.decode()), b"<x:xmpmeta>" + MARKER + b"</x:xmpmeta>"
    icc, picture = samples.profile(samples.P3_PRIMARIES, MARKER), samples.corners()
    text = PngInfo()
    text.add_text("Comment", MARKER.decode())
    text.add_itxt("XML:com.adobe.xmp", MARKER.decode())
    files = {
        kind: samples.encoded(picture, kind, exif=exif.tobytes(), xmp=xmp, icc_profile=icc)
        for kind in ("JPEG", "WEBP", "HEIF", "AVIF")
    }
    files["a JPEG comment"] = samples.encoded(picture, "JPEG", comment=b"<script>" + MARKER + b"</script>")
    files["a PNG with everything"] = samples.encoded(picture, "PNG", pnginfo=text, exif=exif, icc_profile=icc)
    files["a GIF comment"] = samples.encoded(picture, "GIF", comment=MARKER)
    files["a page behind a JPEG"] = samples.encoded(picture, "JPEG") + b"<script>" + MARKER + b"</script>"
    files["an archive behind a PNG"] = samples.encoded(picture, "PNG") + b"PK\x03\x04" + MARKER
    return files


@pytest.mark.parametrize(("name", "data"), files_with_a_marker().items())
def test_metadata_is_removed(name: str, data: bytes) -> None:
    assert MARKER in data or name == "a PNG with everything"  # where the profile and perhaps the text are packed
    picture = renditions.render(data)
    for rendition in picture.renditions:
        assert MARKER not in rendition.data
        assert not any(word in rendition.data for word in (b"Exif", b"http", b"ICC_PROFILE", b"script", b"PK\x03"))
        assert set(samples.opened(rendition.data).info) <= {
            "jfif",
            "jfif_version",
            "jfif_unit",
            "jfif_density",
            *("loop", "background", "timestamp", "duration"),
            "icc_profile",
        }


def test_colours_are_converted_from_their_profile() -> None:
    red = samples.encoded(
        Image.new("RGB", (32, 32), (200, 30, 30)),
        "PNG",
        icc_profile=samples.profile(samples.SWAPPED_PRIMARIES),
    )
    assert samples.is_close(displayed(red), (16, 16), (30, 200, 30))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF", "AVIF"])
def test_display_p3_of_a_phone_is_converted_to_srgb(kind: str) -> None:
    wide = Image.new("RGB", (32, 32), (200, 100, 50))
    options = {"quality": 95} if kind != "PNG" else {}
    data = samples.encoded(wide, kind, icc_profile=samples.profile(samples.P3_PRIMARIES), **options)
    assert samples.is_close(displayed(data), (16, 16), (216, 93, 24), 6)


@pytest.mark.parametrize("icc", [b"nonsense", samples.profile(samples.P3_PRIMARIES)[:200], b"\0" * 500])
def test_invalid_profile_is_ignored(icc: bytes) -> None:
    assert samples.shows_corners(displayed(samples.encoded(samples.corners(), "PNG", icc_profile=icc)))


@pytest.mark.parametrize("mode", ["L", "1"])
def test_grey_image_with_a_colour_profile_stays_grey(mode: str) -> None:
    data = samples.encoded(Image.new(mode, (32, 32), 255), "PNG", icc_profile=samples.profile(samples.P3_PRIMARIES))
    assert samples.is_close(displayed(data), (16, 16), (255, 255, 255), 2)


def test_cmyk_jpeg_keeps_its_colours() -> None:
    assert samples.shows_corners(displayed(samples.encoded(samples.corners().convert("CMYK"), "JPEG")))


def test_palette_image_keeps_its_colours() -> None:
    assert samples.shows_corners(displayed(samples.encoded(samples.corners().quantize(16), "PNG")))


@pytest.mark.parametrize("level", [0, 128, 255])
def test_sixteen_bit_values_are_scaled(level: int) -> None:
    data = samples.encoded(Image.new("I;16", (32, 32), level * 257), "PNG")
    assert samples.is_close(displayed(data), (16, 16), (level, level, level), 2)


@pytest.mark.parametrize(("mode", "colour"), [("RGBA", (255, 0, 0, 0)), ("LA", (0, 0)), ("RGBA", (0, 0, 0, 0))])
def test_transparent_pixels_become_white(mode: str, colour: tuple[int, ...]) -> None:
    data = samples.encoded(Image.new(mode, (32, 32), colour), "PNG")
    assert samples.is_close(displayed(data), (16, 16), (255, 255, 255), 2)


def test_half_transparent_red_becomes_pink() -> None:
    data = samples.encoded(Image.new("RGBA", (32, 32), (255, 0, 0, 128)), "WEBP", lossless=True)
    assert samples.is_close(displayed(data), (16, 16), (255, 127, 127), 8)


def test_transparent_palette_colour_becomes_white() -> None:
    picture = Image.new("P", (32, 32), 1)
    picture.putpalette([10, 10, 10, 200, 0, 0])
    for kind in ("GIF", "PNG"):
        data = samples.encoded(picture, kind, transparency=1)
        assert samples.is_close(displayed(data), (16, 16), (255, 255, 255), 2)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
def test_first_frame_of_an_animation_is_used(kind: str) -> None:
    later = [Image.new("RGB", (96, 64), colour) for colour in ("black", "white")]
    data = samples.encoded(samples.corners(), kind, save_all=True, append_images=later, duration=100)
    assert samples.shows_corners(displayed(data))


def test_blurhash_is_computed_from_the_image() -> None:
    picture = renditions.render(samples.encoded(samples.corners(400, 300), "PNG"))
    assert blurhash.components(picture.blurhash) == (4, 3)
    rows = blurhash.decode(picture.blurhash, 8, 6)
    assert [rows[1][1].index(max(rows[1][1])), rows[1][6].index(max(rows[1][6]))] == [0, 1]  # red, green
    assert [rows[4][1].index(max(rows[4][1])), rows[4][6].index(min(rows[4][6]))] == [
        2,
        2,
    ]  # blue, and none of it
