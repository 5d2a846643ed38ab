"""Decodes an untrusted file into an upright sRGB image.

Runs only in the decoder process: it changes the filters of warnings, and a decoder may crash or loop.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from io import BytesIO

from PIL import AvifImagePlugin, ExifTags, Image, ImageChops, ImageFile
from pillow_heif import register_heif_opener

from shared.errors import AppError
from shared.images.prepared_image import PreparedImage

from . import colours, isobmff, jpeg, limits, png

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


def decode(data: bytes, longest: int) -> Image.Image:
    """An upright, opaque sRGB image whose longest side is at most `longest`. Nothing else of the file is kept."""
    name = sniff_format(data)
    with _as_app_errors():
        encoded = _prepare(data, name)
        return _pixels(encoded, name, longest)


def _prepare(data: bytes, name: str) -> PreparedImage:
    if name == "PNG":
        return png.prepare(data)
    if name == "JPEG":
        return jpeg.prepare(data)
    if name in ("HEIF", "AVIF"):
        items = isobmff.read(data)
        return PreparedImage(isobmff.without_metadata(data, items), cicp=items.cicp())
    return PreparedImage(data)


@contextmanager
def _as_app_errors() -> Iterator[None]:
    # Decoders raise nearly every exception that exists.
    _configure_decoders()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            # These modules warn only about damaged metadata, which is dropped in any case.
            warnings.filterwarnings("ignore", module=r"PIL\.(Tiff|Jpeg|Png)ImagePlugin", category=UserWarning)
            yield
    except AppError:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError, MemoryError) as cause:
        raise limits.too_many_pixels() from cause
    except Exception as cause:
        raise limits.corrupt() from cause


@cache
def _configure_decoders() -> None:
    # One core for each image; no embedded previews, which may show something else.
    register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1


def _pixels(encoded: PreparedImage, name: str, longest: int) -> Image.Image:
    with _open(encoded.data, name, longest) as file:
        frame = _first_frame(file)
        file.load()
        _require_all_pixels(file, encoded, name, longest)
        described = _described(encoded, file)
        orientation = _orientation(described.exif)
        picture = _cropped_to(colours.simplified(file, encoded.transparent), frame)
        flat = colours.in_srgb(_scaled_down(picture, longest), described)
    upright = flat.transpose(UPRIGHT[orientation]) if orientation in UPRIGHT else flat
    canvas = Image.new("RGB", upright.size)
    canvas.paste(upright)
    return canvas


def _open(data: bytes, name: str, longest: int) -> Image.Image:
    file = Image.open(BytesIO(data), formats=[name])
    limits.check_size(*file.size, len(data))
    file.draft(file.mode, (2 * longest, 2 * longest))  # a JPEG can be decoded at 1/2, 1/4 or 1/8 of its size
    return file


def _require_all_pixels(file: Image.Image, encoded: PreparedImage, name: str, longest: int) -> None:
    # A truncated JPEG may still have all its rows; a decoder invents those that are missing.
    if encoded.padded is None:
        return
    with _open(encoded.padded, name, longest) as padded:
        if ImageChops.difference(file, padded).getbbox() is not None:
            raise limits.corrupt()


def _first_frame(file: Image.Image) -> tuple[int, int, int, int] | None:
    """The box of the first frame of a GIF, if it covers only a part of the canvas."""
    if file.format != "GIF" or not isinstance(file, ImageFile.ImageFile) or not file.tile:
        return None
    left, top, right, bottom = file.tile[0].extents or (0, 0, *file.size)
    return None if (left, top, right, bottom) == (0, 0, *file.size) else (left, top, right, bottom)


def _cropped_to(picture: Image.Image, frame: tuple[int, int, int, int] | None) -> Image.Image:
    """Transparent outside of the frame."""
    if frame is None:
        return picture
    canvas = Image.new("RGBA", picture.size)
    canvas.paste(picture.convert("RGBA").crop(frame), frame)
    return canvas


def _described(encoded: PreparedImage, file: Image.Image) -> PreparedImage:
    """With the metadata that only the decoder has found."""
    return replace(
        encoded,
        exif=encoded.exif or file.info.get("exif"),
        icc_profile=encoded.icc_profile or file.info.get("icc_profile"),
    )


def _orientation(exif: bytes | None) -> object:
    """The EXIF orientation, None if damaged. XMP is ignored, as in browsers."""
    found = Image.Exif()
    try:
        found.load(exif or b"")
        return found.get(ExifTags.Base.Orientation)
    except Exception:
        return None


def _scaled_down(picture: Image.Image, longest: int) -> Image.Image:
    scale = longest / max(picture.size)
    if scale >= 1:
        return picture
    width, height = (max(1, round(side * scale)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)


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
    """None where the file does not say; the decoder then decides."""
    if coding is None or coding in isobmff.DERIVED:
        return None
    if coding not in DECODERS:
        raise limits.unsupported("unknown_coding")
    return DECODERS[coding]
