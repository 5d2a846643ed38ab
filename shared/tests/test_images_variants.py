"""Sizes, formats, colours and memory of the files that an upload becomes."""

import re
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from struct import pack

import pytest
from PIL import Image, ImageCms, ImageDraw

from shared.errors import TooLarge
from shared.images import ProcessedImage, cicp, icc, limits, png, renditions
from shared.images.colours import DISPLAY_P3
from shared.images.variants import JPEG, RenditionPlan, thumbnail_name, variants_of
from shared.testing.waiting import WAIT_SECONDS
from shared.tests import image_metadata as meta
from shared.tests import sample_images as samples

ROOT = Path(__file__).parents[2]
P3_ICC = icc.profile(cicp.PRIMARIES[12], cicp.srgb)
MEGABYTE = 10**6


def profiles(picture: ProcessedImage, extension: str) -> set[bytes | None]:
    files = [each.data for each in picture.renditions if each.variant.content_type == f"image/{extension}"]
    return {samples.opened(data).info.get("icc_profile") for data in files}


def centre(picture: ProcessedImage, index: int) -> tuple[int, ...]:
    file = samples.opened(picture.renditions[index].data).convert("RGB")
    return file.getpixel((file.width // 2, file.height // 2))  # type: ignore[return-value]  # of three channels


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF", "AVIF"])
def test_a_wide_gamut_stays_display_p3_in_webp_and_becomes_srgb_in_jpeg(kind: str) -> None:
    options = {} if kind == "PNG" else {"quality": 95}
    data = samples.encoded(Image.new("RGB", (64, 64), (250, 40, 30)), kind, icc_profile=P3_ICC, **options)
    picture = renditions.render(data)
    assert profiles(picture, "webp") == {DISPLAY_P3} and profiles(picture, "jpeg") == {None}
    assert all(abs(a - b) <= 6 for a, b in zip(centre(picture, 1), (250, 40, 30), strict=True))
    assert centre(picture, 0)[0] >= 250, "beyond the red of sRGB"


@pytest.mark.parametrize(("points", "is_wide"), [((12, 13), True), ((9, 16), True), ((1, 13), False), ((6, 6), False)])
def test_code_points_tell_a_wide_gamut_as_a_profile_does(points: tuple[int, int], is_wide: bool) -> None:
    picture = renditions.render(meta.png_with(samples.encoded(samples.corners(), "PNG"), meta.cicp(*points)))
    assert profiles(picture, "webp") == {DISPLAY_P3 if is_wide else None}


@pytest.mark.parametrize("profile", [ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(), b"nonsense"])
def test_srgb_and_damaged_profiles_are_not_wide(profile: bytes) -> None:
    picture = renditions.render(samples.encoded(samples.corners(), "PNG", icc_profile=profile))
    assert profiles(picture, "webp") == {None}


def test_the_embedded_display_p3_is_small_and_means_what_it_says() -> None:
    assert len(DISPLAY_P3) < 600
    embedded, reference = (ImageCms.ImageCmsProfile(BytesIO(each)) for each in (DISPLAY_P3, P3_ICC))
    assert embedded.profile.profile_description == "Display P3"
    colours = Image.linear_gradient("L").resize((64, 64))
    wide = Image.merge("RGB", (colours, colours.rotate(90), colours.rotate(180)))
    same = ImageCms.profileToProfile(wide, embedded, reference)
    assert same is not None
    assert max(abs(a - b) for a, b in zip(wide.tobytes(), same.tobytes(), strict=True)) <= 1


def sampling(data: bytes) -> int:
    """Of the first component of a JPEG: 0x11 without subsampling of colours, 0x22 for 4:2:0."""
    return data[data.index(b"\xff\xc0") + 11]


def test_colours_of_graphics_are_not_subsampled_and_others_are() -> None:
    drawn = Image.new("RGB", (900, 600), "white")
    ImageDraw.Draw(drawn).text((50, 50), "red words" * 20, fill="red")
    noise = Image.merge("RGB", [Image.effect_noise((900, 600), 60) for _ in range(3)])
    for kind, picture, expected in (("PNG", drawn, 0x11), ("PNG", noise, 0x22), ("JPEG", drawn, 0x22)):
        assert sampling(renditions.render(samples.encoded(picture, kind)).display.data) == expected


def test_a_plan_of_one_size_makes_one_file() -> None:
    plan = RenditionPlan((480,), (JPEG,))
    (file,) = renditions.render(samples.encoded(samples.corners(1200, 800), "JPEG"), plan).renditions
    assert (file.variant.name, file.variant.width, file.variant.height) == ("display.jpg", 480, 320)


@pytest.mark.parametrize(
    ("size", "name"), [((641, 400), "thumbnail.jpg"), ((640, 400), "display.jpg"), ((3, 2), "display.jpg")]
)
def test_a_small_picture_is_its_own_thumbnail(size: tuple[int, int], name: str) -> None:
    assert thumbnail_name(*size) == name
    assert name in {each.name for each in variants_of(*size)}


def decoded_in_a_process(data: bytes) -> int:
    """The most memory in bytes that a process took to make all files of this upload."""
    script = (
        "import sys\nfrom pathlib import Path\nfrom shared.images import renditions\n"
        "renditions.render(sys.stdin.buffer.read())\nprint(Path('/proc/self/status').read_text())"
    )
    command = [sys.executable, "-c", script]
    run = subprocess.run(command, input=data, check=True, capture_output=True, timeout=WAIT_SECONDS, cwd=ROOT)
    peak = re.search(r"VmHWM:\s*(\d+) kB", run.stdout.decode())
    assert peak is not None
    return int(peak[1]) * 1024


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("kind", "size", "options"),
    [
        ("PNG", (9_504, 6_336), {"compress_level": 1}),
        ("WEBP", (8_064, 6_048), {"method": 0}),
        ("JPEG", (9_504, 6_336), {"progressive": True}),
    ],
)
def test_a_large_picture_is_decoded_in_300_megabytes(
    kind: str, size: tuple[int, int], options: dict[str, object]
) -> None:
    tile = Image.merge("RGB", [Image.linear_gradient("L").rotate(angle) for angle in (0, 90, 180)])
    data = samples.encoded(tile.resize(size, Image.Resampling.NEAREST), kind, **options)
    assert decoded_in_a_process(data) < 300 * MEGABYTE


def jpeg_header(marker: int, width: int, height: int) -> bytes:
    frame = pack(">BHHB", 8, height, width, 3) + b"\1\x11\0\2\x11\0\3\x11\0"
    scan = b"\3\1\0\2\0\3\0\0\x3f\0"
    return b"\xff\xd8" + meta.jpeg_segment(marker, frame) + meta.jpeg_segment(0xDA, scan) + bytes(20 * MEGABYTE)


def webp_header(width: int, height: int, chunk: bytes) -> bytes:
    canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + pack("<I", 10) + b"\x02\0\0\0" + canvas + chunk + bytes(MEGABYTE)
    return b"RIFF" + pack("<I", len(body)) + body


COSTLY = {
    "progressive JPEG of full colour": jpeg_header(0xC2, 9_000, 6_000),
    "lossless JPEG": jpeg_header(0xC3, 9_504, 6_336),
    "interlaced PNG": png.SIGNATURE
    + meta.png_chunk(b"IHDR", pack(">IIBBBBB", 9_504, 6_336, 8, 6, 0, 0, 1))
    + meta.png_chunk(b"IDAT", bytes(MEGABYTE)),
    "animated WebP": webp_header(7_000, 7_000, b"ANMF" + pack("<I", 24) + bytes(24)),
    "lossless WebP": webp_header(
        9_000, 6_000, b"VP8L" + pack("<I", 5) + b"\x2f" + pack("<I", 8_999 | 5_999 << 14) + b"\0"
    ),
}


@pytest.mark.parametrize("data", COSTLY.values(), ids=COSTLY)
def test_what_takes_too_much_memory_is_refused_by_its_header(data: bytes) -> None:
    with pytest.raises(TooLarge) as refusal:
        renditions.render(data)
    assert refusal.value.field_errors[0].code == "too_much_memory"


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_the_memory_of_heic_and_avif_is_known_from_their_coding(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = samples.encoded(samples.corners(400, 300), kind)
    needed = 400 * 300 * {"HEIF": 4.5, "AVIF": 7.5}[kind]
    monkeypatch.setattr(limits, "MAX_DECODED_BYTES", needed)
    renditions.render(data)
    monkeypatch.setattr(limits, "MAX_DECODED_BYTES", needed - 1)
    with pytest.raises(TooLarge):
        renditions.render(data)
