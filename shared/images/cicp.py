"""The code points of ITU-T H.273: primaries, and transfer characteristics as functions to linear light.

HDR is converted to SDR: diffuse white (203 nits, ITU-R BT.2408) becomes nearly white, brighter values
approach white.
"""

from collections.abc import Callable
from math import exp

from shared.images.prepared_image import Chromaticities

Curve = Callable[[float], float]
"""From a coded value in 0..1 to linear light, of which 1 is the white of the display."""

D65, C, DCI, E = (0.3127, 0.3290), (0.310, 0.316), (0.314, 0.351), (1 / 3, 1 / 3)
SRGB = BT709 = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), D65)
BT601_525 = ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), D65)
PRIMARIES: dict[int, Chromaticities] = {
    1: BT709,
    4: ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), C),
    5: ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), D65),
    6: BT601_525,
    7: BT601_525,
    8: ((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), C),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), D65),
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), DCI),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), D65),
    22: ((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), D65),
}
"""Without 10 (XYZ), which no known encoder writes."""
UNSPECIFIED = 2
SRGB_CURVE = 13

WHITE_NITS, PQ_NITS, HLG_NITS = 203.0, 10_000.0, 1_000.0
HLG_GAMMA = 1.2
KNEE = 0.75
"""Values up to this fraction of diffuse white are not changed."""


def srgb(value: float) -> float:
    """IEC 61966-2-1."""
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def bt709(value: float) -> float:
    """The inverse of what cameras do (BT.709, BT.601, BT.2020)."""
    return value / 4.5 if value < 0.0812 else ((value + 0.0993) / 1.0993) ** (1 / 0.45)


def smpte240(value: float) -> float:
    return value / 4 if value < 0.0913 else ((value + 0.1115) / 1.1115) ** (1 / 0.45)


def gamma(exponent: float) -> Curve:
    return lambda value: float(value**exponent)


def pq(value: float) -> float:
    """ITU-R BT.2100 (SMPTE ST 2084), toned."""
    root = value ** (32 / 2523)
    light = (max(root - 107 / 128, 0) / (2413 / 128 - 2392 / 128 * root)) ** (8192 / 1305)
    return _toned(PQ_NITS / WHITE_NITS * float(light))


def hlg(value: float) -> float:
    """ITU-R BT.2100, toned; the system gamma for each channel by itself, which is exact for grey."""
    scene = value**2 / 3 if value <= 0.5 else (exp((value - 0.55991073) / 0.17883277) + 0.28466892) / 12
    return _toned(HLG_NITS / WHITE_NITS * float(scene**HLG_GAMMA))


def _toned(light: float) -> float:
    """Compress highlights: a smooth curve with values below 1."""
    if light <= KNEE:
        return light
    over = (light - KNEE) / (1 - KNEE)
    return KNEE + (1 - KNEE) * over / (1 + over)


CURVES: dict[int, Curve] = {
    1: bt709,
    4: gamma(2.2),
    5: gamma(2.8),
    6: bt709,
    7: smpte240,
    8: gamma(1.0),
    SRGB_CURVE: srgb,
    14: bt709,
    15: bt709,
    16: pq,
    17: lambda value: float(value**2.6) * 52.37 / 48,
    18: hlg,
}


def is_srgb(primaries: int, transfer: int) -> bool:
    """BT.709 in a still image means sRGB: encoders write it for sRGB, and browsers read it so."""
    return primaries in (1, UNSPECIFIED) and transfer in (1, UNSPECIFIED, SRGB_CURVE)
