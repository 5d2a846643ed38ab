"""The colours of what is stored differ by less than 3 (CIEDE2000) from those that the uploaded file describes."""

from collections.abc import Callable, Sequence
from struct import pack
from typing import Any

import pytest
from PIL import Image

from shared.images import ProcessedImage, renditions
from shared.tests import image_metadata as meta
from shared.tests import sample_images as samples
from shared.tests.colour_difference import (
    ADOBE_RGB,
    COLORCHECKER,
    D50,
    DISPLAY_P3,
    PROPHOTO,
    SRGB,
    RgbSpace,
    Triple,
    ciede2000,
    lab_to_xyz,
    xyz_to_lab,
)
from shared.tests.test_images import as_stored

MAX_DIFFERENCE = 3.0
PATCH, COLUMNS = 48, 6
GAMMAS = {"sRGB": 2.2, "Display P3": 2.2, "Adobe RGB": 563 / 256, "ProPhoto RGB": 461 / 256}
SPACES = {"sRGB": SRGB, "Display P3": DISPLAY_P3, "Adobe RGB": ADOBE_RGB, "ProPhoto RGB": PROPHOTO}
IN_SRGB = tuple(lab for lab in COLORCHECKER if all(0 <= value <= 1 for value in SRGB.of_lab(lab)))
BEYOND_SRGB = tuple(map(DISPLAY_P3.to_lab, ((0.95, 0.2, 0.15), (0.2, 0.9, 0.25), (0.9, 0.85, 0.1), (0.1, 0.8, 0.85))))
BLACK_INK: Triple = (15.0, 0.0, 0.0)


def chart(values: Sequence[Any], mode: str = "RGB") -> Image.Image:
    """Patches in rows."""
    picture = Image.new(mode, (COLUMNS * PATCH, -(-len(values) // COLUMNS) * PATCH))
    for at, value in enumerate(values):
        left, top, *_ = box(at)
        picture.paste(Image.new(mode, (PATCH, PATCH), value), (left * PATCH, top * PATCH))
    return picture


def box(at: int) -> tuple[int, int, int, int]:
    row, column = divmod(at, COLUMNS)
    return column, row, column + 1, row + 1


def coded(space: RgbSpace, labs: Sequence[Triple]) -> list[tuple[int, ...]]:
    return [tuple(round(255 * min(1, max(0, value))) for value in space.of_lab(lab)) for lab in labs]


def icc(name: str) -> bytes:
    """A profile with the curve of sRGB, or with the gamma of the space."""
    space = SPACES[name]
    if space.encode is SRGB.encode:
        return samples.curve_profile(space.primaries, [space.decode(at / 1023) for at in range(1024)])
    return samples.profile(space.primaries, gamma=GAMMAS[name])


def found(picture: ProcessedImage, extension: str, space: RgbSpace, number: int) -> list[Triple]:
    """L*a*b* of the patches of the largest file of this format."""
    data = max((each for each in picture.renditions if each.variant.name.endswith(extension)), key=width).data
    return patches(samples.opened(data), space, number)


def patches(image: Image.Image, space: RgbSpace, number: int) -> list[Triple]:
    assert image.mode == "RGB"
    centres = [
        (PATCH * (left + right) // 2, PATCH * (top + bottom) // 2)
        for left, top, right, bottom in map(box, range(number))
    ]
    colours: list[Any] = [image.getpixel(at) for at in centres]
    return [space.to_lab([value / 255 for value in each]) for each in colours]


def width(each: Any) -> int:
    return int(each.variant.width)


def assert_close(found: Sequence[Triple], wanted: Sequence[Triple]) -> None:
    differences = [ciede2000(a, b) for a, b in zip(found, wanted, strict=True)]
    assert max(differences) < MAX_DIFFERENCE, [round(each, 1) for each in differences]


def options(kind: str) -> dict[str, Any]:
    lossy: dict[str, dict[str, Any]] = {
        "JPEG": {"quality": 95, "subsampling": 0},
        "WEBP": {"quality": 98},
        "HEIF": {"quality": 95, "chroma": 444},
        "AVIF": {"quality": 100, "subsampling": "4:4:4"},
    }
    return lossy.get(kind, {})


# Sharma, Wu and Dalal (2005), table 1, pairs 1, 4, 7, 13, 17, 20, 24 and 34.
@pytest.mark.parametrize(
    ("one", "other", "difference"),
    [
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, -1.3802, -84.2814), (50.0, 0.0, -82.7485), 1.0),
        ((50.0, 0.0, 0.0), (50.0, -1.0, 2.0), 2.3669),
        ((50.0, -0.0010, 2.4900), (50.0, 0.0011, -2.4900), 4.7461),
        ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
        ((50.0, 2.5, 0.0), (58.0, 24.0, 15.0), 19.4535),
        ((50.0, 2.5, 0.0), (50.0, 3.2592, 0.3350), 1.0),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_the_reference_computes_published_differences(one: Triple, other: Triple, difference: float) -> None:
    assert ciede2000(one, other) == pytest.approx(difference, abs=1e-4)


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF", "AVIF"])
def test_colours_of_every_profile_and_format_are_right(kind: str, name: str) -> None:
    data = samples.encoded(chart(coded(SPACES[name], IN_SRGB)), kind, icc_profile=icc(name), **options(kind))
    # What the lossy file says: one step of a value of ProPhoto RGB is a difference of more than 1.
    wanted = patches(samples.opened(data).convert("RGB"), SPACES[name], len(IN_SRGB))
    result = renditions.render(data)
    assert_close(found(result, ".jpg", SRGB, len(wanted)), wanted)
    assert_close(found(result, ".webp", SRGB if name == "sRGB" else DISPLAY_P3, len(wanted)), wanted)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF", "AVIF"])
@pytest.mark.parametrize("name", ["Display P3", "Adobe RGB", "ProPhoto RGB"])
def test_colours_beyond_srgb_are_right_in_webp(kind: str, name: str) -> None:
    wanted = [lab for lab in BEYOND_SRGB if all(0 <= value <= 1 for value in SPACES[name].of_lab(lab))]
    assert wanted and all(not all(0 <= value <= 1 for value in SRGB.of_lab(lab)) for lab in wanted)
    picture = chart(coded(SPACES[name], wanted))
    result = renditions.render(samples.encoded(picture, kind, icc_profile=icc(name), **options(kind)))
    assert_close(found(result, ".webp", DISPLAY_P3, len(wanted)), wanted)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_colours_are_right_and_in_their_places_in_every_orientation(kind: str, orientation: int) -> None:
    stored = as_stored(chart(coded(DISPLAY_P3, IN_SRGB)), orientation)
    exif = samples.with_exif(orientation).tobytes()
    data = samples.encoded(stored, kind, icc_profile=icc("Display P3"), exif=exif, **options(kind))
    assert_close(found(renditions.render(data), ".jpg", SRGB, len(IN_SRGB)), IN_SRGB)


MODES: dict[str, Callable[[Image.Image], tuple[Image.Image, str]]] = {
    "GIF": lambda picture: (picture.quantize(64, dither=Image.Dither.NONE), "GIF"),
    "palette PNG": lambda picture: (picture.quantize(64, dither=Image.Dither.NONE), "PNG"),
    "RGBA PNG": lambda picture: (picture.convert("RGBA"), "PNG"),
    "RGBA WebP": lambda picture: (picture.convert("RGBA"), "WEBP"),
    "RGBA HEIC": lambda picture: (picture.convert("RGBA"), "HEIF"),
    "RGBA AVIF": lambda picture: (picture.convert("RGBA"), "AVIF"),
}


@pytest.mark.parametrize("convert", MODES.values(), ids=MODES)
def test_colours_of_every_mode_are_right(convert: Callable[[Image.Image], tuple[Image.Image, str]]) -> None:
    picture, kind = convert(chart(coded(SRGB, IN_SRGB)))
    result = renditions.render(samples.encoded(picture, kind, **options(kind)))
    assert_close(found(result, ".jpg", SRGB, len(IN_SRGB)), IN_SRGB)


@pytest.mark.parametrize("name", SPACES)
def test_colours_of_sixteen_bits_are_right(name: str) -> None:
    values = [[round(65_535 * min(1, max(0, v))) for v in SPACES[name].of_lab(lab)] for lab in IN_SRGB]
    rows = -(-len(values) // COLUMNS)
    values += [[0, 0, 0]] * (rows * COLUMNS - len(values))
    lines = b""
    for row in range(rows):
        line = b"".join(pack(">3H", *value) * PATCH for value in values[row * COLUMNS : (row + 1) * COLUMNS])
        lines += (b"\0" + line) * PATCH
    header = meta.png_chunk(b"IHDR", pack(">IIBBBBB", COLUMNS * PATCH, rows * PATCH, 16, 2, 0, 0, 0))
    data = b"\x89PNG\r\n\x1a\n" + header + meta.iccp(icc(name)) + meta.idat(lines)
    assert_close(found(renditions.render(data), ".jpg", SRGB, len(IN_SRGB)), IN_SRGB)


@pytest.mark.parametrize("gamma", [1.0, 1.8, 2.2])
@pytest.mark.parametrize(("kind", "mode"), [("PNG", "L"), ("PNG", "LA"), ("PNG", "I;16"), ("JPEG", "L")])
def test_greys_are_right(kind: str, mode: str, gamma: float) -> None:
    wanted: list[Triple] = [(float(light), 0.0, 0.0) for light in range(20, 100, 5)]
    light = [((lab[0] + 16) / 116) ** 3 for lab in wanted]
    levels: list[Any] = [round((65_535 if mode == "I;16" else 255) * value ** (1 / gamma)) for value in light]
    picture = chart([(level, 255) for level in levels] if mode == "LA" else levels, mode)
    data = samples.encoded(picture, kind, icc_profile=samples.grey_profile(gamma), **options(kind))
    assert_close(found(renditions.render(data), ".jpg", SRGB, len(wanted)), wanted)


def test_colours_of_cmyk_with_a_profile_are_right() -> None:
    """The profile describes each mixture of full inks; what is between black and white is in proportion.

    Black ink is not quite black: it becomes that of the display, and all colours with it (black point compensation).
    """
    inks: dict[tuple[float, ...], Triple] = {(0, 0, 0, 0): (100.0, 0.0, 0.0), (0, 0, 0, 1): BLACK_INK}
    inks |= {(1, 0, 0, 0): (62.0, -20.0, -30.0), (0, 1, 0, 0): (50.0, 60.0, 0.0), (0, 0, 1, 0): (85.0, 0.0, 65.0)}
    inks |= {(1, 1, 0, 0): (35.0, 20.0, -45.0), (0, 1, 1, 0): (48.0, 50.0, 30.0), (1, 0, 1, 0): (55.0, -35.0, 25.0)}
    greys: dict[tuple[float, ...], Triple] = {
        (0, 0, 0, part / 8): (100 - (100 - BLACK_INK[0]) * part / 8, 0.0, 0.0) for part in range(1, 8)
    }
    printed = {**inks, **greys}
    values = [tuple(round(255 * each) for each in ink) for ink in printed]
    data = samples.encoded(chart(values, "CMYK"), "JPEG", icc_profile=samples.cmyk_profile(inks), quality=98)
    wanted = [with_display_black(lab) for lab in printed.values()]
    assert_close(found(renditions.render(data), ".jpg", SRGB, len(wanted)), wanted)


def with_display_black(lab: Triple) -> Triple:
    """The colour as it is when the black of the ink is scaled to none, and white stays."""
    black = lab_to_xyz(BLACK_INK)
    x, y, z = (white * (v - b) / (white - b) for v, b, white in zip(lab_to_xyz(lab), black, D50, strict=True))
    return xyz_to_lab((x, y, z))


def test_the_base_of_a_picture_with_a_gain_map_is_right() -> None:
    """As phones write it: the picture for displays without HDR, and behind it, found by MPF, the map of the gain."""
    base = chart(coded(DISPLAY_P3, IN_SRGB))
    gain = samples.encoded(Image.radial_gradient("L"), "JPEG")
    hdr = b'<x:xmpmeta xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0"/>'
    plain = samples.encoded(base, "JPEG", icc_profile=icc("Display P3"), **options("JPEG"))
    segments = meta.jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + hdr)
    segments += meta.jpeg_segment(0xE2, b"MPF\0II*\0\x08\0\0\0" + bytes(80))
    result = renditions.render(meta.jpeg_with(plain, segments) + gain)
    assert result == renditions.render(plain)
    assert_close(found(result, ".jpg", SRGB, len(IN_SRGB)), IN_SRGB)
    assert all(b"hdrgm" not in each.data and b"MPF" not in each.data for each in result.renditions)
