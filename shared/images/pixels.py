"""Reads the pixels of a prepared file at about the size that is needed, in little memory.

Each format is decoded by the library that measured best (docs/decisions/0026-libvips-beside-pillow.md): JPEG by
Pillow at 1/2, 1/4 or 1/8 of its size; PNG and WebP by libvips, which streams; HEIC and AVIF by pillow-heif and
Pillow, whose decoded buffers are shrunk strip by strip; GIF by Pillow, likewise.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from io import BytesIO
from typing import Any

import pillow_heif
from PIL import AvifImagePlugin, Image, ImageChops, ImageFile

from shared.images.prepared_image import PreparedImage
from shared.images.variants import fitted

from . import limits

Loaded = tuple[Image.Image, PreparedImage]
STRIP_ROWS = 256
MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def load(encoded: PreparedImage, name: str, side: int) -> Loaded:
    """The picture as L, LA, RGB, RGBA or CMYK, at least as large as `fitted` to `side`, and all that describes it."""
    return LOADERS[name](encoded, side)


def _jpeg(encoded: PreparedImage, side: int) -> Loaded:
    with _open_jpeg(encoded.data, side) as file:
        file.load()
        if encoded.padded is not None:
            with _open_jpeg(encoded.padded, side) as padded:
                # A truncated JPEG may still have all its rows; a decoder invents those that are missing.
                if ImageChops.difference(file, padded).getbbox() is not None:
                    raise limits.corrupt()
        return file.copy(), encoded


def _open_jpeg(data: bytes, side: int) -> Image.Image:
    file = Image.open(BytesIO(data), formats=["JPEG"])
    limits.check_size(*file.size, len(data))
    file.draft(file.mode, fitted(*file.size, side))
    return file


def _png(encoded: PreparedImage, side: int) -> Loaded:
    image = _vips().pngload_buffer(encoded.data, access="sequential", fail_on="error")
    limits.check_size(image.width, image.height, len(encoded.data))
    if image.format == "ushort":
        image = (image >> 8).cast("uchar")
    return _from_vips(image, side), encoded


def _webp(encoded: PreparedImage, side: int) -> Loaded:
    open_options = {"access": "sequential", "fail_on": "error"}
    image = _vips().webpload_buffer(encoded.data, **open_options)
    limits.check_size(image.width, image.height, len(encoded.data))
    target = fitted(image.width, image.height, side)
    if target != (image.width, image.height):  # scaled while it is decoded: there is no picture of the full size
        image = _vips().webpload_buffer(encoded.data, scale=target[0] / image.width, **open_options)
    return _from_vips(image, side), encoded


@cache
def _vips() -> Any:
    """The class of libvips, loaded only for the formats that need it."""
    os.environ["VIPS_CONCURRENCY"] = "1"  # one core for each image
    import pyvips  # noqa: PLC0415  # loaded after its setting, and only where it is needed: it takes 15 MB

    pyvips.cache_set_max(0)
    return pyvips.Image


def _from_vips(image: Any, side: int) -> Image.Image:
    target = fitted(image.width, image.height, side)
    if target != (image.width, image.height):
        has_alpha = image.bands in (2, 4)
        source = image.premultiply() if has_alpha else image
        resized = source.resize(target[0] / image.width, vscale=target[1] / image.height)
        image = resized.unpremultiply().cast("uchar") if has_alpha else resized
    return Image.frombytes(MODES[image.bands], (image.width, image.height), image.write_to_memory())


def _gif(encoded: PreparedImage, side: int) -> Loaded:
    with Image.open(BytesIO(encoded.data), formats=["GIF"]) as file:
        limits.check_size(*file.size, len(encoded.data))
        frame = _first_frame(file)
        file.load()

        def strip(top: int, bottom: int) -> Image.Image:
            part = file.crop((0, top, file.width, bottom))
            shown = part.convert("RGBA" if part.has_transparency_data or frame else "RGB")
            if frame is None:
                return shown
            box = (frame[0], max(frame[1] - top, 0), frame[2], min(frame[3], bottom) - top)
            canvas = Image.new("RGBA", part.size)
            if box[1] < box[3]:
                canvas.paste(shown.crop(box), box)
            return canvas

        return _shrunk(file.size, side, strip), encoded


def _first_frame(file: Image.Image) -> tuple[int, int, int, int] | None:
    """The box of the first frame, if it covers only a part of the canvas."""
    if not isinstance(file, ImageFile.ImageFile) or not file.tile:
        return None
    left, top, right, bottom = file.tile[0].extents or (0, 0, *file.size)
    return None if (left, top, right, bottom) == (0, 0, *file.size) else (left, top, right, bottom)


def _heif(encoded: PreparedImage, side: int) -> Loaded:
    # One core for each image; no embedded previews, which may show something else.
    pillow_heif.options.THUMBNAILS = pillow_heif.options.DEPTH_IMAGES = pillow_heif.options.AUX_IMAGES = False
    pillow_heif.options.DECODE_THREADS = 1
    file = pillow_heif.open_heif(BytesIO(encoded.data))
    width, height = file.size
    limits.check_size(width, height, len(encoded.data))
    content, stride, mode = memoryview(file.data), file.stride, file.mode
    width, height = file.size  # now as it is shown

    def strip(top: int, bottom: int) -> Image.Image:
        rows = content[top * stride : bottom * stride]
        return Image.frombytes(mode, (width, bottom - top), rows, "raw", mode, stride)

    described = replace(encoded, icc_profile=encoded.icc_profile or file.info.get("icc_profile"))
    return _shrunk((width, height), side, strip), described


def _avif(encoded: PreparedImage, side: int) -> Loaded:
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    with Image.open(BytesIO(encoded.data), formats=["AVIF"]) as file:
        limits.check_size(*file.size, len(encoded.data))
        # `load` would copy the decoded pixels once more, which is a third of the memory.
        content = memoryview(file._decoder.get_frame(0)[0])  # type: ignore[attr-defined]  # noqa: SLF001
        described = replace(
            encoded,
            exif=file.info.get("exif"),
            icc_profile=encoded.icc_profile or file.info.get("icc_profile"),
        )
        mode, (width, height) = file.mode, file.size
    stride = width * len(mode)

    def strip(top: int, bottom: int) -> Image.Image:
        return Image.frombytes(mode, (width, bottom - top), content[top * stride : bottom * stride])

    return _shrunk((width, height), side, strip), described


def _shrunk(size: tuple[int, int], side: int, strip: Callable[[int, int], Image.Image]) -> Image.Image:
    """Averages whole pixels of strips (rows from, up to but without), so that no full-size picture is made of them."""
    target = fitted(*size, side)
    factor = min(size[0] // target[0], size[1] // target[1])
    rows = factor * max(1, STRIP_ROWS // factor)
    canvas: Image.Image | None = None
    for top in range(0, size[1], rows):
        part = strip(top, min(top + rows, size[1])).reduce(factor)
        if canvas is None:
            canvas = Image.new(part.mode, (part.width, -(-size[1] // factor)))
        canvas.paste(part, (0, top // factor))
    if canvas is None:
        raise limits.corrupt()
    return canvas


LOADERS: dict[str, Callable[[PreparedImage, int], Loaded]] = {
    "JPEG": _jpeg,
    "PNG": _png,
    "WEBP": _webp,
    "GIF": _gif,
    "HEIF": _heif,
    "AVIF": _avif,
}
