"""Generated sample images: every format, with metadata as cameras and programs write it."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from itertools import product
from struct import pack

from PIL import Image
from pillow_heif import register_heif_opener

register_heif_opener()

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "HEIF", "AVIF")
RED, GREEN, BLUE, YELLOW = (200, 30, 30), (30, 160, 30), (30, 30, 200), (220, 210, 40)

Colour = tuple[int, int, int]
Point = tuple[float, float, float]

D50 = (0.9642, 1.0, 0.8249)
P3_PRIMARIES = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
SWAPPED_PRIMARIES = ((0.38515, 0.71687, 0.09708), (0.43607, 0.22249, 0.01392), (0.14307, 0.06061, 0.71410))
"""sRGB with red and green changed places."""


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))


def corners(width: int = 96, height: int = 64) -> Image.Image:
    """Red and green above, blue and yellow below: every rotation and mirror image of it looks different."""
    picture = Image.new("RGB", (width, height), RED)
    half_width, half_height = width // 2, height // 2
    picture.paste(GREEN, (half_width, 0, width, half_height))
    picture.paste(BLUE, (0, half_height, half_width, height))
    picture.paste(YELLOW, (half_width, half_height, width, height))
    return picture


def is_close(picture: Image.Image, at: tuple[int, int], colour: Colour, tolerance: int = 24) -> bool:
    found = picture.convert("RGB").getpixel(at)
    return isinstance(found, tuple) and all(abs(a - b) <= tolerance for a, b in zip(found, colour, strict=True))


def shows_corners(picture: Image.Image) -> bool:
    """Whether the image is `corners`, upright."""
    right, bottom = picture.width - 8, picture.height - 8
    places = (((8, 8), RED), ((right, 8), GREEN), ((8, bottom), BLUE), ((right, bottom), YELLOW))
    return all(is_close(picture, at, colour) for at, colour in places)


def profile(primaries: tuple[Point, ...], name: bytes = b"test", gamma: float = 2.2) -> bytes:
    """A small ICC profile: three primaries and a gamma."""
    return _of_primaries(primaries, name, _curve(gamma))


def curve_profile(primaries: tuple[Point, ...], to_linear: Sequence[float]) -> bytes:
    """An ICC profile of three primaries and these points of the curve to linear light."""
    points = b"".join(pack(">H", round(value * 65_535)) for value in to_linear)
    return _of_primaries(primaries, b"curve", b"curv" + bytes(4) + pack(">I", len(to_linear)) + points)


def _of_primaries(primaries: tuple[Point, ...], name: bytes, curve: bytes) -> bytes:
    tags = _described(name)
    for letter, primary in zip(b"rgb", primaries, strict=True):
        tags[bytes([letter]) + b"XYZ"] = _xyz(primary)
        tags[bytes([letter]) + b"TRC"] = curve
    return _profile(tags, b"RGB ")


def cmyk_profile(inks: Mapping[tuple[float, ...], Point]) -> bytes:
    """An ICC profile for printing, of the L*a*b* of these mixtures of full inks; all others are black."""
    table = b""
    for mixture in product((0, 1), repeat=4):
        lightness, a, b = inks.get(mixture, (15.0, 0.0, 0.0))
        table += pack(">3H", *(round(each) for each in (lightness * 652.8, (a + 128) * 256, (b + 128) * 256)))
    straight = pack(">2H", 0, 65_535)
    matrix = b"".join(pack(">i", 65_536 * (row == column)) for row in range(3) for column in range(3))
    lookup = b"mft2" + bytes(4) + bytes((4, 3, 2, 0)) + matrix + pack(">2H", 2, 2) + straight * 4 + table + straight * 3
    return _profile(_described(b"print") | {b"A2B0": lookup}, b"CMYK", b"prtr", b"Lab ")


def grey_profile(gamma: float) -> bytes:
    """A small ICC profile for grey."""
    return _profile(_described(b"grey") | {b"kTRC": _curve(gamma)}, b"GRAY")


def _described(name: bytes) -> dict[bytes, bytes]:
    words = b"desc" + bytes(4) + pack(">I", len(name) + 1) + name + bytes(1 + 12 + 67)
    return {b"desc": words, b"wtpt": _xyz(D50)}


def _curve(gamma: float) -> bytes:
    return b"curv" + bytes(4) + pack(">IH", 1, round(gamma * 256)) + bytes(2)


def _profile(tags: dict[bytes, bytes], space: bytes, kind: bytes = b"mntr", connection: bytes = b"XYZ ") -> bytes:
    table, body, start = b"", b"", 128 + 4 + 12 * len(tags)
    for tag, words in tags.items():
        content = words + bytes(-len(words) % 4)
        table += tag + pack(">II", start + len(body), len(content))
        body += content
    size = start + len(body)
    header = pack(">I4xI", size, 0x02400000) + kind + space + connection + bytes(12) + b"acsp" + bytes(28)
    return (header + _xyz(D50)[8:]).ljust(128, b"\0") + pack(">I", len(tags)) + table + body


def _xyz(values: Point) -> bytes:
    return b"XYZ " + bytes(4) + b"".join(pack(">i", round(value * 65536)) for value in values)


def with_exif(orientation: int, description: str = "", make: str | None = None) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    if make is not None:
        exif[0x010F] = make
    exif[0x010E] = description
    exif.get_ifd(0x8825).update({1: "N", 2: (37.0, 33.0, 59.0), 3: "E", 4: (126.0, 58.0, 40.0)})
    return exif
