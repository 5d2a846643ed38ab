"""Colours by the formulas of their standards, and CIEDE2000: a reference that shares nothing with the code under test.

XYZ is relative to the white D50, with white at Y = 1.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import atan2, cos, degrees, exp, hypot, radians, sin, sqrt

Triple = tuple[float, float, float]
D50: Triple = (0.9642, 1.0, 0.8249)
COLORCHECKER: tuple[Triple, ...] = (
    (37.54, 14.37, 14.92), (64.66, 19.27, 17.50), (49.32, -3.82, -22.54), (43.46, -12.74, 22.72),
    (54.94, 9.61, -24.79), (70.48, -32.26, -0.37), (62.73, 35.83, 56.50), (39.43, 10.75, -45.17),
    (50.57, 48.64, 16.67), (30.10, 22.54, -20.87), (71.77, -24.13, 58.19), (71.51, 18.24, 67.37),
    (28.37, 15.42, -49.80), (54.38, -39.72, 32.27), (42.43, 51.05, 28.62), (81.80, 2.67, 80.41),
    (50.63, 51.28, -14.12), (49.57, -29.71, -28.32), (95.19, -1.03, 2.93), (81.29, -0.57, 0.44),
    (66.89, -0.75, -0.06), (50.76, -0.13, 0.14), (35.63, -0.46, -0.48), (20.64, 0.07, -0.46),
)  # fmt: skip
"""L*a*b* of the 24 patches of the ColorChecker of after November 2014, as its maker publishes them."""


@dataclass(frozen=True)
class RgbSpace:
    """Primaries in XYZ, adapted to D50 as in an ICC profile, and the curve from linear light to a value in 0..1."""

    primaries: tuple[Triple, Triple, Triple]
    encode: Callable[[float], float]
    decode: Callable[[float], float]

    def of_lab(self, lab: Triple) -> Triple:
        """The values of this colour; below 0 or above 1 if the space does not contain it."""
        red, green, blue = (self.encode(value) for value in _solved(self.primaries, lab_to_xyz(lab)))
        return red, green, blue

    def to_lab(self, values: Sequence[float]) -> Triple:
        linear = [self.decode(value) for value in values]
        x, y, z = (sum(a * p[axis] for a, p in zip(linear, self.primaries, strict=True)) for axis in range(3))
        return xyz_to_lab((x, y, z))


def _gamma(exponent: float) -> tuple[Callable[[float], float], Callable[[float], float]]:
    def encode(value: float) -> float:
        return float(value ** (1 / exponent)) if value > 0 else value

    def decode(value: float) -> float:
        return float(max(value, 0.0) ** exponent)

    return encode, decode


def _srgb_encode(value: float) -> float:
    return 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055


def _srgb_decode(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


SRGB = RgbSpace(
    ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410)), _srgb_encode, _srgb_decode
)
DISPLAY_P3 = RgbSpace(
    ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407)), _srgb_encode, _srgb_decode
)
ADOBE_RGB = RgbSpace(
    ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)), *_gamma(563 / 256)
)
PROPHOTO = RgbSpace(
    ((0.79767, 0.28804, 0.00000), (0.13519, 0.71188, 0.00000), (0.03134, 0.00009, 0.82491)), *_gamma(461 / 256)
)


def lab_to_xyz(lab: Triple) -> Triple:
    """CIE 15."""
    f = (lab[0] + 16) / 116
    x, y, z = (
        white * (t**3 if t > 6 / 29 else 3 * (6 / 29) ** 2 * (t - 4 / 29))
        for t, white in zip((f + lab[1] / 500, f, f - lab[2] / 200), D50, strict=True)
    )
    return x, y, z


def xyz_to_lab(xyz: Triple) -> Triple:
    x, y, z = (
        ratio ** (1 / 3) if ratio > (6 / 29) ** 3 else ratio / (3 * (6 / 29) ** 2) + 4 / 29
        for ratio in (value / white for value, white in zip(xyz, D50, strict=True))
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def ciede2000(one: Triple, other: Triple) -> float:
    """CIE 142-2001, with the notation of Sharma, Wu and Dalal (2005)."""
    chroma = (hypot(*one[1:]) + hypot(*other[1:])) / 2
    stretch = 1.5 - 0.5 * sqrt(chroma**7 / (chroma**7 + 25**7))
    c1, c2 = (hypot(stretch * lab[1], lab[2]) for lab in (one, other))
    h1, h2 = (degrees(atan2(lab[2], stretch * lab[1])) % 360 for lab in (one, other))
    turn = (h2 - h1 + 180) % 360 - 180 if c1 * c2 else 0.0
    hue = h1 + turn / 2 if c1 * c2 else h1 + h2
    light, c = (one[0] + other[0]) / 2, (c1 + c2) / 2
    t = (
        1 - 0.17 * _cos(hue - 30) + 0.24 * _cos(2 * hue) + 0.32 * _cos(3 * hue + 6) - 0.20 * _cos(4 * hue - 63)
    )  # fmt: skip
    rotation = -2 * sqrt(c**7 / (c**7 + 25**7)) * sin(radians(60 * exp(-((((hue % 360) - 275) / 25) ** 2))))
    d_light = (other[0] - one[0]) / (1 + 0.015 * (light - 50) ** 2 / sqrt(20 + (light - 50) ** 2))
    d_chroma = (c2 - c1) / (1 + 0.045 * c)
    d_hue = 2 * sqrt(c1 * c2) * sin(radians(turn / 2)) / (1 + 0.015 * c * t)
    return sqrt(d_light**2 + d_chroma**2 + d_hue**2 + rotation * d_chroma * d_hue)


def _cos(angle: float) -> float:
    return cos(radians(angle))


def _solved(columns: tuple[Triple, Triple, Triple], wanted: Triple) -> Triple:
    """How much of each column adds up to this (Cramer's rule)."""
    whole = _determinant(columns)
    first, second, third = (_determinant((*columns[:at], wanted, *columns[at + 1 :])) / whole for at in range(3))
    return first, second, third


def _determinant(columns: tuple[Triple, ...]) -> float:
    (a, d, g), (b, e, h), (c, f, i) = columns
    return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
