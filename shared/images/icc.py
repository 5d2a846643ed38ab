"""Writes ICC profiles (ICC.1:2010) for colours that a file describes by numbers, so that one engine translates all."""

from collections.abc import Callable, Sequence
from struct import pack

from shared.images.prepared_image import Chromaticities

Vector = Sequence[float]
Matrix = Sequence[Vector]

D50 = (0.9642, 1.0, 0.8249)
BRADFORD = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))
CURVE_ENTRIES = 4096


def profile(chromaticities: Chromaticities, to_linear: Callable[[float], float]) -> bytes:
    """A display profile with these primaries and white, and one curve for all three. Raises ZeroDivisionError."""
    curve = b"".join(pack(">H", round(65_535 * _clipped(to_linear(at / 4095)))) for at in range(CURVE_ENTRIES))
    tags = {b"wtpt": _xyz(D50)}
    columns = zip(*product(adaptation(chromaticities[3]), rgb_to_xyz(chromaticities)), strict=True)
    for letter, column in zip("rgb", columns, strict=True):
        tags[f"{letter}XYZ".encode()] = _xyz(column)
        tags[f"{letter}TRC".encode()] = b"curv" + bytes(4) + pack(">I", CURVE_ENTRIES) + curve
    return _file(tags)


def rgb_to_xyz(chromaticities: Chromaticities) -> Matrix:
    """From linear RGB, of which white has Y = 1. Raises ZeroDivisionError for primaries that span nothing."""
    *primaries, white = (_to_xyz(each) for each in chromaticities)
    columns = [list(row) for row in zip(*primaries, strict=True)]
    amounts = times(inverse(columns), white)
    return [[value * amount for value, amount in zip(row, amounts, strict=True)] for row in columns]


def adaptation(white: tuple[float, float]) -> Matrix:
    """From XYZ under this white to XYZ under D50 (Bradford)."""
    source, target = times(BRADFORD, _to_xyz(white)), times(BRADFORD, D50)
    scaled = [[to / of * value for value in row] for to, of, row in zip(target, source, BRADFORD, strict=True)]
    return product(inverse(BRADFORD), scaled)


def times(matrix: Matrix, vector: Vector) -> Vector:
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]


def product(left: Matrix, right: Matrix) -> Matrix:
    columns = [times(left, column) for column in zip(*right, strict=True)]
    return [list(row) for row in zip(*columns, strict=True)]


def inverse(matrix: Matrix) -> Matrix:
    """Of a matrix of 3 x 3. Raises ZeroDivisionError where there is none."""
    (a, b, c), (d, e, f), (g, h, i) = matrix
    determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    adjugate = (
        (e * i - f * h, c * h - b * i, b * f - c * e),
        (f * g - d * i, a * i - c * g, c * d - a * f),
        (d * h - e * g, b * g - a * h, a * e - b * d),
    )
    return [[value / determinant for value in row] for row in adjugate]


def _to_xyz(chromaticity: tuple[float, float]) -> Vector:
    x, y = chromaticity
    return x / y, 1.0, (1 - x - y) / y


def _clipped(value: float) -> float:
    return min(1.0, max(0.0, value))


def _xyz(values: Vector) -> bytes:
    return b"XYZ " + bytes(4) + b"".join(pack(">i", round(_in_range(value) * 65_536)) for value in values)


def _in_range(value: float) -> float:
    """What an s15Fixed16Number can hold."""
    return min(32_767.0, max(-32_768.0, value))


def _file(tags: dict[bytes, bytes]) -> bytes:
    table, body = b"", b""
    start = 128 + 4 + 12 * len(tags)
    for tag, content in tags.items():
        table += tag + pack(">II", start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    header = pack(">I4xI", start + len(body), 0x02400000) + b"mntrRGB XYZ " + bytes(12) + b"acsp" + bytes(28)
    return (header + _xyz(D50)[8:]).ljust(128, b"\0") + pack(">I", len(tags)) + table + body
