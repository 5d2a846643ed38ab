"""Converts every colour space to opaque sRGB and, where a picture has more colours, to Display P3."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any, cast

from PIL import Image, ImageChops, ImageCms

from shared.images.prepared_image import Calibration, Cicp, PreparedImage

from . import cicp, icc

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
DISPLAY_P3 = icc.srgb_curve_profile(cicp.PRIMARIES[12], "Display P3")
"""Embedded in the files that use it."""
# The triangle of Display P3 has 1.36 times the area of that of sRGB; cameras write slightly different ones of sRGB.
WIDE_AREA = 1.15


def in_srgb(picture: Image.Image, encoded: PreparedImage) -> Image.Image:
    """The image on white, with its colours converted to sRGB as its file describes them."""
    return _translated(picture, encoded, SRGB)


def in_display_p3(picture: Image.Image, encoded: PreparedImage) -> Image.Image | None:
    """The same in Display P3; None if the file describes no colours beyond sRGB."""
    mode = _opaque(picture).mode
    if mode != "RGB" or not any(_is_wide(profile) for profile in _usable(mode, encoded)):
        return None
    return _translated(picture, encoded, ImageCms.ImageCmsProfile(BytesIO(DISPLAY_P3)))


def _translated(picture: Image.Image, encoded: PreparedImage, target: Any) -> Image.Image:
    opaque = _opaque(picture)
    found = (_by_profile(opaque, profile, target) for profile in _profiles(opaque.mode, encoded))
    translated = next((each for each in found if each is not None), None) or opaque.convert("RGB")
    if opaque is picture:
        return translated
    background = Image.new("RGB", picture.size, "white")
    background.paste(translated, mask=picture.getchannel("A"))
    return background


def _opaque(picture: Image.Image) -> Image.Image:
    return picture.convert(picture.mode[:-1]) if picture.mode in ("LA", "RGBA") else picture


def _profiles(mode: str, encoded: PreparedImage) -> Iterator[bytes]:
    """By precedence: an ICC profile, then code points, then gamma and primaries."""
    if encoded.icc_profile is not None:
        yield encoded.icc_profile
    if mode not in ("L", "RGB"):
        return
    by_points = _of_code_points(encoded.cicp)
    if by_points is not None:
        yield by_points
    by_calibration = _of_calibration(encoded.calibration)
    if by_calibration is not None:
        yield by_calibration


def _usable(mode: str, encoded: PreparedImage) -> Iterator[bytes]:
    """The first of them that can be used."""
    probe = Image.new(mode, (1, 1))
    for profile in _profiles(mode, encoded):
        if _by_profile(probe, profile, SRGB) is not None:
            yield profile
            return


def _by_profile(picture: Image.Image, profile: bytes, target: Any) -> Image.Image | None:
    """None if the profile is damaged or for another pixel format."""
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        fitting = _fitting(picture, source.profile.xcolor_space.strip())
        if fitting is None:
            return None
        translated = ImageCms.profileToProfile(fitting, source, target, outputMode="RGB")
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


def _is_wide(profile: bytes) -> bool:
    described = ImageCms.ImageCmsProfile(BytesIO(profile)).profile
    return _gamut_area(described) > WIDE_AREA * _gamut_area(SRGB.profile)


def _gamut_area(described: Any) -> float:
    """Of the triangle of the primaries in CIE 1931 x and y; 0 for a profile without primaries."""
    colorants = (described.red_colorant, described.green_colorant, described.blue_colorant)
    if not all(colorants):
        return 0.0
    (ax, ay), (bx, by), (cx, cy) = (each[1][:2] for each in colorants)
    return float(abs((bx - ax) * (cy - ay) - (cx - ax) * (by - ay)) / 2)


def _of_code_points(points: Cicp | None) -> bytes | None:
    """None if there are none, or they are unknown or those of sRGB."""
    if points is None or cicp.is_srgb(points.primaries, points.transfer):
        return None
    primaries = 1 if points.primaries == cicp.UNSPECIFIED else points.primaries
    transfer = cicp.SRGB_CURVE if points.transfer == cicp.UNSPECIFIED else points.transfer
    if primaries not in cicp.PRIMARIES or transfer not in cicp.CURVES:
        return None
    return icc.profile(cicp.PRIMARIES[primaries], cicp.CURVES[transfer])


def _of_calibration(given: Calibration | None) -> bytes | None:
    if given is None:
        return None
    try:
        return icc.profile(given.chromaticities or cicp.SRGB, cicp.gamma(given.gamma))
    except ZeroDivisionError:
        return None  # degenerate primaries
