"""Writes ICC profiles (ICC.1:2010) for colours that a file describes by numbers, so that one engine converts all."""

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


def srgb_curve_profile(chromaticities: Chromaticities, name: str) -> bytes:
    """A small profile (500 bytes, ICC version 4) of these primaries with the curve of sRGB, to be embedded in files."""
    # Type 3 of a parametric curve: (a x + b)^g from d on, c x below.
    parameters = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    curve = b"para" + bytes(4) + pack(">HH", 3, 0) + b"".join(pack(">i", round(each * 65_536)) for each in parameters)
    white = adaptation(chromaticities[3])
    tags = {b"desc": _text(name), b"cprt": _text("CC0"), b"wtpt": _xyz(D50)}
    tags[b"chad"] = b"sf32" + bytes(4) + b"".join(pack(">i", round(each * 65_536)) for row in white for each in row)
    for letter, column in zip("rgb", zip(*product(white, rgb_to_xyz(chromaticities)), strict=True), strict=True):
        tags[f"{letter}XYZ".encode()] = _xyz(column)
        tags[f"{letter}TRC".encode()] = curve
    return _file(tags, version=0x04300000)


def rgb_to_xyz(chromaticities: Chromaticities) -> Matrix:
    """From linear RGB, where white has Y = 1. Raises ZeroDivisionError for degenerate primaries."""
    *primaries, white = (_to_xyz(each) for each in chromaticities)
    columns = [list(row) for row in zip(*primaries, strict=True)]
    amounts = times(inverse(columns), white)
    return [[value * amount for value, amount in zip(row, amounts, strict=True)] for row in columns]


def adaptation(white: tuple[float, float]) -> Matrix:
    """The matrix from XYZ under this white to XYZ under D50 (Bradford)."""
    source, target = times(BRADFORD, _to_xyz(white)), times(BRADFORD, D50)
    scaled = [[to / of * value for value in row] for to, of, row in zip(target, source, BRADFORD, strict=True)]
    return product(inverse(BRADFORD), scaled)


def times(matrix: Matrix, vector: Vector) -> Vector:
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]


def product(left: Matrix, right: Matrix) -> Matrix:
    columns = [times(left, column) for column in zip(*right, strict=True)]
    return [list(row) for row in zip(*columns, strict=True)]


def inverse(matrix: Matrix) -> Matrix:
    """The inverse of a 3 x 3 matrix. Raises ZeroDivisionError if it is singular."""
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
    """The value, limited to the range of an s15Fixed16Number."""
    return min(32_767.0, max(-32_768.0, value))


def _text(text: str) -> bytes:
    content = text.encode("utf-16-be")
    return b"mluc" + bytes(4) + pack(">II2s2sII", 1, 12, b"en", b"US", len(content), 28) + content


def _file(tags: dict[bytes, bytes], version: int = 0x02400000) -> bytes:
    table, body = b"", b""
    start = 128 + 4 + 12 * len(tags)
    for tag, content in tags.items():
        table += tag + pack(">II", start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    header = pack(">I4xI", start + len(body), version) + b"mntrRGB XYZ " + bytes(12) + b"acsp" + bytes(28)
    return (header + _xyz(D50)[8:]).ljust(128, b"\0") + pack(">I", len(tags)) + table + body
