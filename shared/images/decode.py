"""From the bytes of a stranger to pixels of ours: the only place where a file is decoded.

Runs in a process of its own (see `bench`): it changes what warnings do, and a decoder may do anything.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from io import BytesIO

from PIL import AvifImagePlugin, ExifTags, Image, ImageChops, ImageFile
from pillow_heif import register_heif_opener

from shared.errors import Refusal
from shared.images.prepared_image import PreparedImage

from . import colours, formats, isobmff, jpeg, limits, png

UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def decode(data: bytes, longest: int) -> Image.Image:
    """An upright, opaque sRGB picture no larger than asked, on a canvas that has never seen the file."""
    name = formats.sniff_format(data)
    with _strictly():
        encoded = _prepared(data, name)
        return _pixels(encoded, name, longest)


def _prepared(data: bytes, name: str) -> PreparedImage:
    if name == "PNG":
        return png.prepare(data)
    if name == "JPEG":
        return jpeg.prepare(data)
    if name in ("HEIF", "AVIF"):
        items = isobmff.read(data)
        return PreparedImage(isobmff.prepared(data, items), cicp=items.cicp())
    return PreparedImage(data)


@contextmanager
def _strictly() -> Iterator[None]:
    """Whatever goes wrong in a decoder becomes a refusal: they raise nearly every exception that there is."""
    _prepare()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            # These modules warn of damaged metadata only, which is thrown away in any case.
            warnings.filterwarnings("ignore", module=r"PIL\.(Tiff|Jpeg|Png)ImagePlugin", category=UserWarning)
            yield
    except Refusal:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError, MemoryError) as cause:
        raise limits.too_many_pixels() from cause
    except Exception as cause:
        raise limits.corrupt() from cause


@cache
def _prepare() -> None:
    """One core for one picture; and never an embedded preview, which may show something else."""
    register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1


def _pixels(encoded: PreparedImage, name: str, longest: int) -> Image.Image:
    with _opened(encoded.data, name, longest) as file:
        frame = _frame_of(file)
        file.load()
        _require_all_pixels(file, encoded, name, longest)
        described = _described(encoded, file)
        orientation = _orientation(described.exif)
        picture = _on_canvas(colours.simplified(file, encoded.transparent), frame)
        flat = colours.in_srgb(_shrunk(picture, longest), described)
    upright = flat.transpose(UPRIGHT[orientation]) if orientation in UPRIGHT else flat
    canvas = Image.new("RGB", upright.size)
    canvas.paste(upright)
    return canvas


def _opened(data: bytes, name: str, longest: int) -> Image.Image:
    file = Image.open(BytesIO(data), formats=[name])
    limits.check_size(*file.size, len(data))
    file.draft(file.mode, (2 * longest, 2 * longest))  # a JPEG can be decoded at a half, a quarter...
    return file


def _require_all_pixels(file: Image.Image, encoded: PreparedImage, name: str, longest: int) -> None:
    """A JPEG that lacks its last bytes may still have all its rows; a decoder makes up those that are missing."""
    if encoded.padded is None:
        return
    with _opened(encoded.padded, name, longest) as padded:
        if ImageChops.difference(file, padded).getbbox() is not None:
            raise limits.corrupt()


def _frame_of(file: Image.Image) -> tuple[int, int, int, int] | None:
    """Where the first frame of a GIF is, if it covers only a part of the screen."""
    if file.format != "GIF" or not isinstance(file, ImageFile.ImageFile) or not file.tile:
        return None
    left, top, right, bottom = file.tile[0].extents or (0, 0, *file.size)
    return None if (left, top, right, bottom) == (0, 0, *file.size) else (left, top, right, bottom)


def _on_canvas(picture: Image.Image, frame: tuple[int, int, int, int] | None) -> Image.Image:
    """What the frame does not cover is transparent."""
    if frame is None:
        return picture
    canvas = Image.new("RGBA", picture.size)
    canvas.paste(picture.convert("RGBA").crop(frame), frame)
    return canvas


def _described(encoded: PreparedImage, file: Image.Image) -> PreparedImage:
    """With what only the decoder has found."""
    return replace(
        encoded,
        exif=encoded.exif or file.info.get("exif"),
        icc_profile=encoded.icc_profile or file.info.get("icc_profile"),
    )


def _orientation(exif: bytes | None) -> object:
    """How the camera was held. Damaged metadata is no reason to refuse a picture; XMP is not asked, as in browsers."""
    found = Image.Exif()
    try:
        found.load(exif or b"")
        return found.get(ExifTags.Base.Orientation)
    except Exception:
        return None


def _shrunk(picture: Image.Image, longest: int) -> Image.Image:
    scale = longest / max(picture.size)
    if scale >= 1:
        return picture
    width, height = (max(1, round(side * scale)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
