"""From the bytes of a stranger to pixels of ours: the only place where a file is decoded.

Runs in a process of its own (see `bench`): it changes what warnings do, and a decoder may do anything.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from io import BytesIO

from PIL import AvifImagePlugin, ExifTags, Image
from pillow_heif import register_heif_opener

from shared.errors import Refusal

from . import colours, formats, limits

UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def develop(data: bytes, longest: int) -> Image.Image:
    """An upright, opaque sRGB picture no larger than asked, on a canvas that has never seen the file."""
    name = formats.recognise(data)
    with _strictly():
        return _pixels(data, name, longest)


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


def _pixels(data: bytes, name: str, longest: int) -> Image.Image:
    with Image.open(BytesIO(data), formats=[name]) as file:
        _check(file.size)
        file.draft(file.mode, (2 * longest, 2 * longest))  # a JPEG can be decoded at a half, a quarter...
        file.load()
        orientation = _orientation(file)
        small = _shrunk(colours.simplified(file), longest)
        flat = colours.in_srgb(small, file.info.get("icc_profile"))
    upright = flat.transpose(UPRIGHT[orientation]) if orientation in UPRIGHT else flat
    canvas = Image.new("RGB", upright.size)
    canvas.paste(upright)
    return canvas


def _check(size: tuple[int, int]) -> None:
    """Before a pixel is decoded: a file of 21 KB can ask for a gigabyte."""
    if size[0] * size[1] > limits.MAX_PIXELS or max(size) > limits.MAX_SIDE:
        raise limits.too_many_pixels()


def _orientation(file: Image.Image) -> object:
    """How the camera was held. Damaged metadata is no reason to refuse a picture."""
    try:
        return file.getexif().get(ExifTags.Base.Orientation)
    except Exception:
        return None


def _shrunk(picture: Image.Image, longest: int) -> Image.Image:
    scale = longest / max(picture.size)
    if scale >= 1:
        return picture
    width, height = (max(1, round(side * scale)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
