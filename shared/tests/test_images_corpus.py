"""A corpus of files, and files with a changed byte, through the real decoder process: accepted clean, or rejected.

The environment variable BYTE_FLIPS is the number of changed files of each format. 10,000 take an hour:
`BYTE_FLIPS=10000 make test ARGS="shared/tests/test_images_corpus.py -k changed_byte"`.
"""

import os
import random
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from shared.errors import AppError, Invalid, TooLarge, UnsupportedMedia
from shared.images import ProcessedImage, decoder_client, limits
from shared.images.decoder_client import DecoderProcess
from shared.tests import gain_maps
from shared.tests import image_metadata as meta
from shared.tests import sample_images as samples

MARKER = b"PLANTED-MARKER"
BYTE_FLIPS = int(os.environ.get("BYTE_FLIPS", "60"))
TRUNCATIONS = 20
SIZE = (96, 64)

Outcome = ProcessedImage | AppError


@pytest.fixture(scope="module")
def decoder() -> Iterator[DecoderProcess]:
    """With a limit of CPU time alone: how long a file takes also depends on what else runs on the machine."""
    decoder = DecoderProcess()
    with pytest.MonkeyPatch.context() as changes:
        changes.setattr(decoder_client, "MAX_WALL_SECONDS", 100 * limits.MAX_CPU_SECONDS)
        yield decoder
    decoder.stop()


def outcome(decoder: DecoderProcess, data: bytes) -> Outcome:
    """Raises what is no fault of the file."""
    try:
        return decoder.decode(data)
    except (Invalid, TooLarge, UnsupportedMedia) as rejection:
        return rejection


def assert_clean(picture: ProcessedImage) -> None:
    for each in picture.renditions:
        assert MARKER not in each.data
        file = samples.opened(each.data)
        assert (file.mode, file.size) == ("RGB", (each.variant.width, each.variant.height))
        assert not file.getexif() and "xmp" not in file.info and "comment" not in file.info


def sample(kind: str, picture: Image.Image | None = None, **options: Any) -> bytes:
    return samples.encoded(picture or samples.corners(*SIZE), kind, **options)


def camera_file(kind: str) -> bytes:
    """A file as cameras write it, of all that a decoder reads: pixels, a profile and EXIF."""
    exif = samples.with_exif(6, MARKER.decode()).tobytes()
    return sample(kind, exif=exif, icc_profile=samples.profile(samples.P3_PRIMARIES, MARKER))


def modes() -> Iterator[tuple[str, bytes]]:
    for kind, names in (
        ("PNG", ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")),
        ("JPEG", ("L", "RGB", "CMYK")),
        ("WEBP", ("RGB", "RGBA")),
        ("GIF", ("1", "L", "P")),
        ("HEIF", ("L", "RGB", "RGBA")),
        ("AVIF", ("RGB", "RGBA")),
    ):
        for mode in names:
            source = samples.corners(*SIZE)
            picture = source.convert("L").convert("I;16") if mode == "I;16" else source.convert(mode)
            yield f"{kind} of mode {mode}", sample(kind, picture)


def orientations() -> Iterator[tuple[str, bytes]]:
    for kind in ("JPEG", "PNG", "WEBP", "HEIF", "AVIF"):
        for orientation in range(1, 9):
            exif = samples.with_exif(orientation, MARKER.decode()).tobytes()
            yield f"{kind} of orientation {orientation}", sample(kind, exif=exif)


def profiles() -> Iterator[tuple[str, bytes]]:
    for kind in ("JPEG", "PNG", "WEBP", "HEIF", "AVIF"):
        for name, profile in (
            ("Display P3", samples.profile(samples.P3_PRIMARIES, MARKER)),
            ("swapped primaries", samples.profile(samples.SWAPPED_PRIMARIES, MARKER)),
            ("half a profile", samples.profile(samples.P3_PRIMARIES)[:150]),
        ):
            yield f"{kind} with {name}", sample(kind, icc_profile=profile)


def polyglots() -> Iterator[tuple[str, bytes]]:
    tails = {
        "HTML": b"<script>" + MARKER + b"</script>",
        "ZIP": b"PK\x03\x04" + MARKER,
        "JPEG": sample("JPEG") + MARKER,
    }
    for kind in ("JPEG", "PNG", "GIF", "WEBP"):
        for name, tail in tails.items():
            yield f"{kind} and {name}", sample(kind) + tail
    yield "JPEG with a comment", sample("JPEG", comment=MARKER)
    yield "GIF with a comment", sample("GIF", comment=MARKER)


def animations() -> Iterator[tuple[str, bytes]]:
    later = [Image.new("RGB", SIZE, colour) for colour in ("black", "white")]
    for kind in ("GIF", "WEBP", "PNG", "AVIF"):
        yield f"animated {kind}", sample(kind, save_all=True, append_images=later, duration=100)


PNG_CHUNKS = (
    *(
        b"tEXt",
        b"zTXt",
        b"iTXt",
        b"eXIf",
        b"iCCP",
        b"gAMA",
        b"cHRM",
        b"cICP",
        b"pHYs",
        b"tIME",
        b"sBIT",
        b"sRGB",
        b"bKGD",
    ),
    *(b"hIST", b"sPLT", b"mDCV", b"cLLI", b"tRNS", b"acTL", b"fcTL", b"fdAT", b"caBX", b"prVt"),
)
"""All ancillary chunks of the third edition, those of C2PA, and a private one."""
CODINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "progressive JPEG": ("JPEG", {"progressive": True}),
    "JPEG with restart markers": ("JPEG", {"restart_marker_rows": 1}),
    "JPEG of full chroma": ("JPEG", {"subsampling": 0}),
    "JPEG of 4:2:2": ("JPEG", {"subsampling": 1}),
    "lossless WebP": ("WEBP", {"lossless": True}),
    "lossless HEIC": ("HEIF", {"quality": -1}),
    "HEIC of full chroma": ("HEIF", {"chroma": 444}),
    "AVIF of full chroma": ("AVIF", {"subsampling": "4:4:4"}),
    "AVIF of 4:2:2": ("AVIF", {"subsampling": "4:2:2"}),
    "interlaced GIF": ("GIF", {"interlace": True}),
    "GIF that is not interlaced": ("GIF", {"interlace": False}),
}


def codings() -> Iterator[tuple[str, bytes]]:
    for name, (kind, options) in CODINGS.items():
        yield name, sample(kind, **options)


def with_planted_metadata() -> Iterator[tuple[str, bytes]]:
    """In each place that a format has for metadata, and in chunks that no reader knows."""
    xmp = b"<x:xmpmeta>" + MARKER + b"</x:xmpmeta>"
    for kind in ("JPEG", "WEBP", "GIF", "HEIF", "AVIF"):
        yield f"{kind} with XMP", sample(kind, xmp=xmp)
    for identifier in (b"JFIF\0\1\1\0\0\1\0\1\0\0", b"JFXX\0\x10", b"Ducky\0", b"Photoshop 3.0\08BIM", b"MPF\0"):
        for marker in (0xE0, 0xE2, 0xEC, 0xED, 0xFE):
            name = f"JPEG with {identifier[:4].decode()} in {marker:x}"
            yield name, meta.jpeg_with(sample("JPEG"), meta.jpeg_segment(marker, identifier + MARKER))
    webp = sample("WEBP", exif=samples.with_exif(1).tobytes())
    chunk = b"prVt" + len(MARKER + b"\0").to_bytes(4, "little") + MARKER + b"\0"
    yield "WebP with an unknown chunk", b"RIFF" + (len(webp) - 8 + len(chunk)).to_bytes(4, "little") + webp[8:] + chunk
    gif = sample("GIF")
    extension = b"!\xff\x0bXMP DataXMP" + bytes([len(MARKER)]) + MARKER + b"\0"
    image = gif.index(b",\0\0\0\0")
    yield "GIF with an application extension", gif[:image] + extension + gif[image:]
    for kind in ("HEIF", "AVIF"):
        box = (8 + len(MARKER)).to_bytes(4, "big") + b"free" + MARKER
        yield f"{kind} with a free box", sample(kind) + box
        yield f"{kind} with a gain map of Apple", gain_maps.apple(sample(kind), sample(kind))
        yield f"{kind} with a gain map of ISO 21496-1", gain_maps.tone_mapped(sample(kind), sample(kind))


def with_odd_chunks() -> Iterator[tuple[str, bytes]]:
    png, jpeg = sample("PNG"), sample("JPEG")
    for kind in PNG_CHUNKS:
        for content in (b"", b"\0", MARKER):
            yield f"PNG with {kind.decode()} of {len(content)} bytes", meta.png_with(png, meta.png_chunk(kind, content))
    for number in range(1, 16):
        yield f"JPEG with APP{number}", meta.jpeg_with(jpeg, meta.jpeg_segment(0xE0 + number, MARKER))


ACCEPTED = [
    each
    for group in (modes, orientations, profiles, codings, polyglots, animations, with_planted_metadata, with_odd_chunks)
    for each in group()
]


def test_corpus_has_many_different_files() -> None:
    assert len(dict(ACCEPTED)) == len(ACCEPTED) >= 200


def test_every_file_of_the_corpus_is_accepted_and_clean(decoder: DecoderProcess) -> None:
    for name, data in ACCEPTED:
        found = outcome(decoder, data)
        assert isinstance(found, ProcessedImage), (name, found)
        assert_clean(found)
        if "orientation" in name:
            assert max(SIZE) == max(found.display.variant.width, found.display.variant.height), name


@pytest.mark.parametrize("kind", samples.FORMATS)
def test_truncated_file_is_rejected_or_shows_the_whole_image(decoder: DecoderProcess, kind: str) -> None:
    data = sample(kind)
    for part in range(TRUNCATIONS):
        found = outcome(decoder, data[: len(data) * part // TRUNCATIONS])
        # Only the end of the file may be missing: the image is whole then.
        assert isinstance(found, AppError) or samples.shows_corners(samples.opened(found.display.data)), part


@pytest.mark.timeout(max(1800, BYTE_FLIPS))
@pytest.mark.parametrize("kind", samples.FORMATS)
def test_file_with_a_changed_byte_is_accepted_or_rejected(decoder: DecoderProcess, kind: str) -> None:
    chance = random.Random(kind)
    data = camera_file(kind)
    for _ in range(BYTE_FLIPS):
        changed = bytearray(data)
        changed[chance.randrange(len(data))] ^= chance.randrange(1, 256)
        found = outcome(decoder, bytes(changed))
        if isinstance(found, ProcessedImage):
            assert_clean(found)
