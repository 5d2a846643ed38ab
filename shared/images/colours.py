"""Converts every pixel format and colour space to opaque sRGB."""

from io import BytesIO
from typing import cast

from PIL import Image, ImageChops, ImageCms

from shared.images.prepared_image import Cicp, PreparedImage

from . import cicp, icc

SRGB = ImageCms.createProfile("sRGB")
SIMPLE_MODES = frozenset({"RGB", "RGBA", "L", "LA", "CMYK"})


def simplified(picture: Image.Image, transparent: int | tuple[int, int, int] | None) -> Image.Image:
    """Grey or RGB, with alpha or without, or CMYK, of 8 bits: what can be scaled and translated well.

    `transparent` is the one value that is, if any. Copied only if needed.
    """
    if picture.mode.startswith("I;16"):
        return _from_16_bits(picture, transparent)
    if picture.mode == "1":
        picture = picture.convert("L")
    if picture.mode == "L" and isinstance(transparent, int):
        return _with_alpha(picture, picture.point([0 if level == transparent else 255 for level in range(256)]))
    if picture.mode == "RGB" and isinstance(transparent, tuple):
        picture.info["transparency"] = transparent
        return picture.convert("RGBA")
    if picture.mode in SIMPLE_MODES:
        return picture
    return picture.convert("RGBA" if picture.has_transparency_data else "RGB")


def in_srgb(picture: Image.Image, encoded: PreparedImage) -> Image.Image:
    """The picture on white, its colours translated as its file describes them.

    An ICC profile has precedence, then code points, then gamma and primaries; damaged ones are ignored.
    """
    alpha = picture.getchannel("A") if picture.mode in ("LA", "RGBA") else None
    opaque = picture.convert(picture.mode[:-1]) if alpha is not None else picture
    translated = (
        _by_profile(opaque, encoded.icc_profile)
        or _by_code_points(opaque, encoded.cicp)
        or _by_calibration(opaque, encoded)
        or opaque.convert("RGB")
    )
    if alpha is None:
        return translated
    background = Image.new("RGB", picture.size, "white")
    background.paste(translated, mask=alpha)
    return background


def _from_16_bits(picture: Image.Image, transparent: int | tuple[int, int, int] | None) -> Image.Image:
    """The upper 8 of the 16 bits of grey."""
    content = picture.tobytes("raw", "I;16")
    upper = Image.frombytes("L", picture.size, content, "raw", "L;16")
    if not isinstance(transparent, int):
        return upper
    lower = Image.frombytes("L", picture.size, content, "raw", "L;16B")
    differs = [
        part.point([0 if level == value else 255 for level in range(256)])
        for part, value in ((upper, transparent >> 8), (lower, transparent & 255))
    ]
    return _with_alpha(upper, ImageChops.lighter(*differs))


def _with_alpha(grey: Image.Image, alpha: Image.Image) -> Image.Image:
    return Image.merge("LA", (grey, alpha))


def _by_profile(picture: Image.Image, profile: bytes | None) -> Image.Image | None:
    """None if there is no profile, or it is damaged or for another pixel format."""
    if profile is None:
        return None
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        fitting = _fitting(picture, source.profile.xcolor_space.strip())
        if fitting is None:
            return None
        translated = ImageCms.profileToProfile(fitting, source, SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
    found = cast(Image.Image, translated)  # it is None only for a conversion in place
    return found.convert("L").convert("RGB") if picture.mode == "L" else found


def _fitting(picture: Image.Image, space: str) -> Image.Image | None:
    """The image in the pixel format of the profile; None if it cannot be converted."""
    if space == "GRAY" and picture.mode == "RGB":
        return picture.getchannel("R") if _is_grey(picture) else None
    if space == "RGB" and picture.mode == "L":
        return picture.convert("RGB")
    return picture if {"GRAY": "L"}.get(space, space) == picture.mode else None


def _is_grey(picture: Image.Image) -> bool:
    red, green, blue = picture.split()
    return not any(ImageChops.difference(red, other).getbbox() for other in (green, blue))


def _by_code_points(picture: Image.Image, points: Cicp | None) -> Image.Image | None:
    """None if there are none, or they are unknown or those of sRGB."""
    if points is None or picture.mode not in ("L", "RGB") or cicp.is_srgb(points.primaries, points.transfer):
        return None
    primaries = 1 if points.primaries == cicp.UNSPECIFIED else points.primaries
    transfer = cicp.SRGB_CURVE if points.transfer == cicp.UNSPECIFIED else points.transfer
    if primaries not in cicp.PRIMARIES or transfer not in cicp.CURVES:
        return None
    return _by_profile(picture, icc.profile(cicp.PRIMARIES[primaries], cicp.CURVES[transfer]))


def _by_calibration(picture: Image.Image, encoded: PreparedImage) -> Image.Image | None:
    given = encoded.calibration
    if given is None or picture.mode not in ("L", "RGB"):
        return None
    try:
        profile = icc.profile(given.chromaticities or cicp.SRGB, cicp.gamma(given.gamma))
    except ZeroDivisionError:
        return None  # degenerate primaries
    return _by_profile(picture, profile)
