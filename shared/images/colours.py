"""Brings every kind of pixel to opaque sRGB, so that a picture looks the same wherever it is shown."""

from io import BytesIO
from typing import cast

from PIL import Image, ImageCms

SRGB = ImageCms.createProfile("sRGB")
OPAQUE_MODES = frozenset({"RGB", "L", "CMYK"})


def simplified(picture: Image.Image) -> Image.Image:
    """Grey, RGB, CMYK or RGBA, of 8 bits: what can be scaled and translated well. Copied only if needed."""
    if picture.mode.startswith("I"):
        return picture.convert("I").point(lambda level: level * (1 / 256)).convert("L")  # else cut off at 255
    if picture.has_transparency_data:
        return picture if picture.mode == "RGBA" else picture.convert("RGBA")
    if picture.mode == "1":
        return picture.convert("L")
    return picture if picture.mode in OPAQUE_MODES else picture.convert("RGB")


def in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """The picture on white, its colours translated from the profile that it came with."""
    opaque = picture if picture.mode != "RGBA" else picture.convert("RGB")
    translated = _translated(opaque, profile) if profile else opaque.convert("RGB")
    if picture.mode != "RGBA":
        return translated
    paper = Image.new("RGB", picture.size, "white")
    paper.paste(translated, mask=picture.getchannel("A"))
    return paper


def _translated(picture: Image.Image, profile: bytes) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        translated = ImageCms.profileToProfile(picture, source, SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture.convert("RGB")  # the profile is broken or for other colours; the pixels are not
    return cast(Image.Image, translated)  # it is None only for a conversion in place
