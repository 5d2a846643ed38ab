"""Decodes an untrusted file into an upright image in sRGB and, where it has more colours, in Display P3.

Runs only in the decoder process: it changes the filters of warnings, and a decoder may crash or loop.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from PIL import ExifTags, Image

from shared.errors import AppError
from shared.images.prepared_image import PreparedImage
from shared.images.variants import fitted

from . import camera, colours, isobmff, jpeg, limits, pixels, png, webp
from .pipe_protocol import CameraInfo

UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
PREFIXES = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG", b"GIF87a": "GIF", b"GIF89a": "GIF"}
AVIF_BRANDS = frozenset({b"avif", b"avis"})
HEIF_BRANDS = frozenset(b"heic heix heim heis hevc hevx hevm hevs mif1 msf1".split())
# By the item type of the primary image. A HEIF file may also contain JPEG 2000, AVC, VVC or JPEG: not supported.
DECODERS = {b"av01": "AVIF", b"hvc1": "HEIF"}
MAX_BRANDS_BYTES = 256
PREPARE: dict[str, Callable[[bytes], PreparedImage]] = {"PNG": png.prepare, "JPEG": jpeg.prepare, "WEBP": webp.prepare}
# A photo has tens of thousands of colours among so many pixels.
SAMPLE_SIDE, MAX_GRAPHIC_COLOURS = 256, 4_096


@dataclass(frozen=True, slots=True)
class DecodedImage:
    """The pixels of an upload, upright and opaque, and how it was taken; nothing else of it."""

    srgb: Image.Image
    display_p3: Image.Image | None
    """The same picture, if its file describes colours beyond sRGB."""
    is_graphic: bool
    """Whether it has few colours, as a screenshot or a drawing, which a photo has not."""
    camera_info: CameraInfo | None


def decode(data: bytes, side: int) -> DecodedImage:
    """The picture of a file, fitted to this nominal longest side (`variants.fitted`)."""
    name = sniff_format(data)
    with _as_app_errors():
        picture, encoded = pixels.load(_prepare(data, name), name, side)
        return _finished(_scaled_down(picture, side), encoded)


def _prepare(data: bytes, name: str) -> PreparedImage:
    if name in PREPARE:
        return PREPARE[name](data)
    if name in ("HEIF", "AVIF"):
        items = isobmff.read(data)
        limits.check_memory(items.decoded_bytes())
        return PreparedImage(
            isobmff.without_metadata(data, items), item_exif=isobmff.exif(data, items), cicp=items.cicp()
        )
    return PreparedImage(data, is_lossless=True)


@contextmanager
def _as_app_errors() -> Iterator[None]:
    # Decoders raise nearly every exception that exists.
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            # These modules warn only about damaged metadata, which is dropped in any case.
            warnings.filterwarnings("ignore", module=r"PIL\.(Tiff|Jpeg|Png)ImagePlugin", category=UserWarning)
            yield
    except AppError:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as cause:
        raise limits.too_many_pixels() from cause
    except MemoryError as cause:
        raise limits.too_much_memory() from cause
    except Exception as cause:
        raise (limits.too_much_memory() if "out of memory" in str(cause) else limits.corrupt()) from cause


def _finished(picture: Image.Image, encoded: PreparedImage) -> DecodedImage:
    orientation = UPRIGHT.get(_orientation(encoded.exif) or 1)
    upright = picture if orientation is None else picture.transpose(orientation)
    wide = colours.in_display_p3(upright, encoded)
    return DecodedImage(
        srgb=_without_metadata(colours.in_srgb(upright, encoded)),
        display_p3=None if wide is None else _without_metadata(wide),
        is_graphic=encoded.is_lossless and _has_few_colours(upright),
        camera_info=camera.read(encoded.item_exif or encoded.exif),
    )


def _without_metadata(picture: Image.Image) -> Image.Image:
    canvas = Image.new("RGB", picture.size)
    canvas.paste(picture)
    return canvas


def _has_few_colours(picture: Image.Image) -> bool:
    sample = picture.resize(tuple(min(SAMPLE_SIDE, each) for each in picture.size), Image.Resampling.NEAREST)
    return sample.getcolors(MAX_GRAPHIC_COLOURS) is not None


def _orientation(exif: bytes | None) -> int | None:
    """The EXIF orientation, None if damaged. XMP is ignored, as in browsers."""
    found = Image.Exif()
    try:
        found.load(exif or b"")
        return int(found.get(ExifTags.Base.Orientation, 1))
    except Exception:
        return None


def _scaled_down(picture: Image.Image, side: int) -> Image.Image:
    target = fitted(*picture.size, side)
    if target == picture.size:
        return picture
    return picture.resize(target, Image.Resampling.LANCZOS, reducing_gap=3.0)


def sniff_format(data: bytes) -> str:
    """Pillow's name of the format, by content and never by file name. Raises UnsupportedMedia."""
    for prefix, name in PREFIXES.items():
        if data.startswith(prefix):
            return name
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    brands = _brands(data)
    if brands & (AVIF_BRANDS | HEIF_BRANDS):
        return _by_coding(isobmff.read(data).coding()) or ("AVIF" if brands & AVIF_BRANDS else "HEIF")
    raise limits.unsupported("unknown_format")


def _brands(data: bytes) -> set[bytes]:
    """The brands of an ISO media file: HEIC and AVIF may both begin with `mif1`."""
    if data[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(data[:4], "big"), MAX_BRANDS_BYTES, len(data))
    return {data[8:12]} | {data[at : at + 4] for at in range(16, end - 3, 4)}


def _by_coding(coding: bytes | None) -> str | None:
    """None if the file does not tell its coding; the decoder then decides."""
    if coding is None or coding in isobmff.DERIVED:
        return None
    if coding not in DECODERS:
        raise limits.unsupported("unknown_coding")
    return DECODERS[coding]
