"""A file with only the data that its decoder needs, and the colour metadata read from it."""

from dataclasses import dataclass

Chromaticities = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]
"""CIE 1931 x and y of red, green, blue and white."""

# The largest ICC profiles in use, for printing, have about 3 MB.
MAX_PROFILE_BYTES = 4 * 1024**2


@dataclass(frozen=True, slots=True)
class Cicp:
    """Coding-independent code points (ITU-T H.273): what `nclx` in HEIC and AVIF and `cICP` in PNG hold."""

    primaries: int
    transfer: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """gAMA and cHRM of a PNG: the exponent of the display, and the primaries where they are given."""

    gamma: float
    chromaticities: Chromaticities | None = None


@dataclass(frozen=True, slots=True)
class PreparedImage:
    """A file without the metadata that is not needed, some of which makes decoders fail."""

    data: bytes
    exif: bytes | None = None
    icc_profile: bytes | None = None
    cicp: Cicp | None = None
    calibration: Calibration | None = None
    transparent: int | tuple[int, int, int] | None = None
    """The value that is transparent, in the depth of the decoded pixels."""
    padded: bytes | None = None
    """The same file with meaningless bytes at the end: it decodes to the same pixels only if none were missing."""
