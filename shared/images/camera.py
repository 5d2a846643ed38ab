"""Reads from EXIF (CIPA DC-008) how an image was taken: these fields, and nothing else.

Position, serial numbers, names of owners and comments are not read. The values are those of an untrusted file: one that
is missing, of another type or out of range is left out.
"""

import math
import re
import unicodedata
from datetime import datetime
from typing import Any

from PIL import ExifTags, Image

from shared.images.limits import (
    MAX_CAMERA_TEXT_LENGTH,
    MAX_EXPOSURE_SECONDS,
    MAX_F_NUMBER,
    MAX_FOCAL_LENGTH_MM,
    MAX_ISO,
)
from shared.images.pipe_protocol import CameraInfo
from shared.text import has_visible_character

MAX_EXIF_BYTES = 1024**2
"""A JPEG has at most 65,533; other formats have no limit."""
SIGNIFICANT_DIGITS = 6
# The largest value of the field, which means "this or more".
UNKNOWN_ISO = 65_535
_TAKEN_AT = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)", re.ASCII)


def read(exif: bytes | None) -> CameraInfo | None:
    """None if the file says nothing of all this."""
    if exif is None or len(exif) > MAX_EXIF_BYTES:
        return None
    tags, found = ExifTags.Base, Image.Exif()
    try:
        found.load(exif)
        details = found.get_ifd(ExifTags.IFD.Exif)
    except Exception:
        return None  # damaged
    info = CameraInfo(
        make=_text(found.get(tags.Make)),
        model=_text(found.get(tags.Model)),
        lens=_text(details.get(tags.LensModel)),
        exposure_seconds=_number(details.get(tags.ExposureTime), MAX_EXPOSURE_SECONDS),
        f_number=_number(details.get(tags.FNumber), MAX_F_NUMBER),
        iso=_iso(details.get(tags.ISOSpeedRatings)),
        focal_length_mm=_number(details.get(tags.FocalLength), MAX_FOCAL_LENGTH_MM),
        local_time=_time(details.get(tags.DateTimeOriginal)),
    )
    return None if info == CameraInfo() else info


def _text(value: Any) -> str | None:
    """A text of one line. Markup in it is left as it is: it is data."""
    if not isinstance(value, str):
        return None
    try:
        decoded = value.encode("latin-1").decode()  # many cameras write UTF-8, which Pillow reads as Latin-1
    except UnicodeError:
        decoded = value
    printable = "".join(each if unicodedata.category(each)[0] != "C" else " " for each in decoded)
    shortened = " ".join(printable.split())[:MAX_CAMERA_TEXT_LENGTH].strip()
    return shortened if has_visible_character(shortened) else None


def _number(value: Any, largest: float) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, ArithmeticError):
        return None
    if isinstance(value, (str, bytes)) or not math.isfinite(number):
        return None
    rounded = float(f"{number:.{SIGNIFICANT_DIGITS}g}")
    return rounded if 0 < rounded <= largest else None


def _iso(value: Any) -> int | None:
    first = value[0] if isinstance(value, tuple) and value else value
    is_known = isinstance(first, int) and 0 < first <= MAX_ISO and first != UNKNOWN_ISO
    return first if is_known else None


def _time(value: Any) -> str | None:
    found = _TAKEN_AT.fullmatch(value.strip("\0 ")) if isinstance(value, str) else None
    if found is None:
        return None
    try:
        return datetime(*map(int, found.groups())).isoformat()  # type: ignore[arg-type]  # noqa: DTZ001  # six numbers
    except ValueError:
        return None
