"""Encodes a BlurHash (https://github.com/woltapp/blurhash, Algorithm.md): a picture as a few cosine waves in text.

The package `blurhash` evaluates every wave at every pixel in Python. Waves are products of a horizontal and a vertical
one, so rows are summed first: the same result for about a twentieth of the CPU.
"""

from collections.abc import Sequence
from math import copysign, cos, pi
from operator import mul

from PIL import Image

SAMPLES = 32
"""Pixels on each side of the copy that is encoded: eight for each half of the shortest wave."""
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"
_LINEAR = [
    value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in (n / 255 for n in range(256))
]
# Sampled in the middle of each pixel, so that every wave but the first sums to zero: a plain picture stays plain.
_WAVES = [[cos(pi * wave * (at + 0.5) / SAMPLES) for at in range(SAMPLES)] for wave in range(9)]


def encode(picture: Image.Image, across: int, down: int) -> str:
    """The BlurHash of an RGB picture with 1 to 9 waves `across` and `down`."""
    copy = picture.resize((SAMPLES, SAMPLES), Image.Resampling.BOX)
    planes = [_factors(channel.tobytes(), across, down) for channel in copy.split()]
    average, *rest = zip(*planes, strict=True)
    largest = max((abs(value) for factor in rest for value in factor), default=0.0)
    steps = max(0, min(82, int(largest * 166 - 0.5)))
    digits = [_base83(across - 1 + (down - 1) * 9, 1), _base83(steps, 1)]
    red, green, blue = map(_srgb, average)
    digits.append(_base83((red << 16) + (green << 8) + blue, 4))
    for factor in rest:
        red, green, blue = (_quantised(value * 166 / (steps + 1)) for value in factor)
        digits.append(_base83(red * 361 + green * 19 + blue, 2))
    return "".join(digits)


def _factors(plane: bytes, across: int, down: int) -> list[float]:
    """The amplitude of each wave in one channel, row by row."""
    linear = [_LINEAR[value] for value in plane]
    rows = [linear[start : start + SAMPLES] for start in range(0, SAMPLES * SAMPLES, SAMPLES)]
    summed = [[_dot(row, _WAVES[wave]) for row in rows] for wave in range(across)]
    return [
        _dot(summed[x], _WAVES[y]) * (1 if x == y == 0 else 2) / (SAMPLES * SAMPLES)
        for y in range(down)
        for x in range(across)
    ]


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return float(sum(map(mul, one, other)))


def _quantised(value: float) -> int:
    """The square root, scaled to 0..18 with 9 for zero."""
    return max(0, min(18, int(copysign(abs(value) ** 0.5, value) * 9 + 9.5)))


def _srgb(linear: float) -> int:
    value = max(0.0, min(1.0, linear))
    return int((value * 12.92 if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055) * 255 + 0.5)


def _base83(value: int, length: int) -> str:
    return "".join(_DIGITS[value // 83**power % 83] for power in range(length - 1, -1, -1))
