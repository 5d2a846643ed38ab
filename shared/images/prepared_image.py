"""A file with only the data that its decoder needs, and the colour metadata read from it."""

from dataclasses import dataclass

Chromaticities = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]
"""CIE 1931 x and y of red, green, blue and white."""

# The largest ICC profiles in use, for printing, have about 3 MB.
MAX_PROFILE_BYTES = 4 * 1024**2


@dataclass(frozen=True, slots=True)
class Cicp:
    """Coding-independent code points (ITU-T H.273), as in `nclx` of HEIC and AVIF and in `cICP` of PNG."""

    primaries: int
    transfer: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """gAMA and cHRM of a PNG: the exponent of the display, and the primaries if they are given."""

    gamma: float
    chromaticities: Chromaticities | None = None


@dataclass(frozen=True, slots=True)
class PreparedImage:
    """A file without the metadata that is not needed, some of which makes decoders fail."""

    data: bytes
    exif: bytes | None = None
    item_exif: bytes | None = None
    """EXIF of a HEIC or AVIF. Its orientation is ignored, because other properties of the image tell it."""
    icc_profile: bytes | None = None
    cicp: Cicp | None = None
    calibration: Calibration | None = None
    is_lossless: bool = False
    """Whether its pixels are those that were drawn: of a screenshot or a graphic, perhaps."""
    padded: bytes | None = None
    """The same file with meaningless bytes at the end: it decodes to the same pixels only if none were missing."""
