"""HDR gain maps of HEIC and AVIF: the base picture is shown, nothing of the map is kept, and it is never decoded.

Those of JPEG are a second JPEG behind the first: test_images_colour_accuracy.py.
"""

from collections.abc import Callable
from functools import cache
from struct import pack
from typing import Any

import pytest
from PIL import Image

from shared.images import isobmff, renditions
from shared.tests import gain_maps
from shared.tests import sample_images as samples
from shared.tests.colour_difference import DISPLAY_P3, SRGB
from shared.tests.test_images_colour_accuracy import IN_SRGB, assert_close, chart, coded, found, icc, options
from shared.tests.test_images_variants import MEGABYTE, decoded_in_a_process

With = Callable[[bytes, bytes], bytes]
STYLES: dict[str, With] = {
    "auxiliary": gain_maps.apple,
    "tone-mapped": gain_maps.tone_mapped,
    "tone-mapped and primary": lambda base, gain: gain_maps.tone_mapped(base, gain, primary=3),
}
KINDS = ("HEIF", "AVIF")


def base_of(kind: str) -> bytes:
    return samples.encoded(chart(coded(DISPLAY_P3, IN_SRGB)), kind, icc_profile=icc("Display P3"), **options(kind))


def gain_of(kind: str, size: tuple[int, int] = (144, 96)) -> bytes:
    return samples.encoded(Image.radial_gradient("L").resize(size, Image.Resampling.NEAREST).convert("RGB"), kind)


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_base_is_right_and_nothing_of_the_gain_map_is_kept(kind: str, style: With) -> None:
    plain = base_of(kind)
    data = style(plain, gain_of(kind))
    assert gain_maps.MARKER in data
    result = renditions.render(data)
    assert result == renditions.render(plain)
    assert_close(found(result, ".jpg", SRGB, len(IN_SRGB)), IN_SRGB)
    assert_close(found(result, ".webp", DISPLAY_P3, len(IN_SRGB)), IN_SRGB)
    for each in result.renditions:
        assert not [trace for trace in gain_maps.TRACES if trace in each.data], each.variant.name


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_gain_map_does_not_damage_the_base(kind: str, style: With) -> None:
    plain, gain = base_of(kind), gain_of(kind)
    content = gain_maps.image_of(gain).content
    assert renditions.render(style(plain, gain.replace(content, bytes(len(content))))) == renditions.render(plain)


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_gain_map_counts_neither_as_alpha_nor_as_pixels(kind: str, style: With) -> None:
    plain, gain = base_of(kind), gain_of(kind)
    needed = isobmff.read(plain).decoded_bytes()
    size = next(each for each in gain_maps.image_of(gain).properties if each[4:8] == b"ispe")
    claimed = gain.replace(size, gain_maps.full_box(b"ispe", pack(">II", 60_000, 60_000)))
    data = style(plain, claimed)
    assert isobmff.read(data).decoded_bytes() == needed > 0
    assert renditions.render(data) == renditions.render(plain)


@pytest.mark.parametrize("kind", KINDS)
def test_alpha_is_part_of_the_picture(kind: str) -> None:
    picture = samples.corners().convert("RGBA")
    picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    transparent, opaque = (isobmff.read(samples.encoded(each, kind)) for each in (picture, samples.corners()))
    assert (len(transparent.needed()), len(opaque.needed())) == (2, 1)
    assert transparent.decoded_bytes() > opaque.decoded_bytes()


@pytest.mark.parametrize("style", [gain_maps.apple, gain_maps.tone_mapped])
@pytest.mark.parametrize("kind", KINDS)
def test_a_large_gain_map_takes_no_memory(kind: str, style: With) -> None:
    """It has 12 megapixels: decoded, it would take 18 MB at least."""
    plain = samples.encoded(samples.corners(1600, 1200), kind)
    difference = decoded_in_a_process(style(plain, twelve_megapixels(kind))) - decoded_in_a_process(plain)
    assert difference < 9 * MEGABYTE


@cache
def twelve_megapixels(kind: str) -> bytes:
    """A grey image, by the encoder's fastest settings."""
    fast: dict[str, dict[str, Any]] = {
        "HEIF": {"quality": 30, "enc_params": {"preset": "ultrafast"}},
        "AVIF": {"speed": 10},
    }
    return samples.encoded(Image.new("RGB", (4_000, 3_000), "grey"), kind, **fast[kind])
