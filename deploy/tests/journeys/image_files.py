"""Generates the photos that the tests upload, so that the repository needs no image files."""

import io
import random
from typing import Any

from PIL import Image, ImageCms, ImageDraw
from pillow_heif import register_heif_opener

register_heif_opener()

ORIENTATION, GPS = 0x0112, 0x8825
CORNERS = {"red": (220, 30, 30), "green": (30, 200, 30), "blue": (30, 30, 220), "white": (245, 245, 245)}
"""The colours at top left, top right, bottom left, bottom right of a picture that is upright."""


def picture(form: str = "JPEG", size: tuple[int, int] = (48, 32), **options: Any) -> bytes:
    """A unique photo, as a file of this format."""
    return encoded(drawn(size), form, **options)


def drawn(size: tuple[int, int]) -> Image.Image:
    """A background with a few shapes on it."""
    image = Image.new("RGB", size, _colour())
    pen = ImageDraw.Draw(image)
    for _ in range(3):
        left, top = random.randrange(size[0] // 2), random.randrange(size[1] // 2)
        pen.ellipse((left, top, left + size[0] // 3, top + size[1] // 3), fill=_colour())
    return image


def four_corners(size: tuple[int, int] = (64, 48)) -> Image.Image:
    """Four quarters of different colours, which show the rotation of an image."""
    image = Image.new("RGB", size)
    half = (size[0] // 2, size[1] // 2)
    places = [(0, 0), (half[0], 0), (0, half[1]), half]
    for place, colour in zip(places, CORNERS.values(), strict=True):
        image.paste(colour, (*place, place[0] + half[0], place[1] + half[1]))
    return image


def corners_of(image: Image.Image) -> list[str]:
    """The names of the colours near the four corners."""
    width, height = image.size
    places = [(x, y) for y in (height // 8, height * 7 // 8) for x in (width // 8, width * 7 // 8)]
    return [_nearest(image.convert("RGB").getpixel(place)) for place in places]


def encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def decoded(file: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(file))
    image.load()
    return image


def animation() -> bytes:
    """A GIF whose first frame is red and whose others are not."""
    frames = [Image.new("RGB", (40, 30), CORNERS[name]) for name in ("red", "green", "blue")]
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100)


def turned_exif(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return exif


def telling_exif() -> Image.Exif:
    """Metadata that must be removed: location, camera and author."""
    exif = Image.Exif()
    exif[0x010F], exif[0x013B] = "SecretCameraMaker", "Secret Author"
    exif.get_ifd(GPS).update({1: "N", 2: (37.0, 33.0, 59.0), 3: "E", 4: (126.0, 58.0, 40.0)})
    return exif


def exchanged_profile() -> bytes:
    """A colour profile with red and green exchanged."""
    plain = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return plain.replace(b"rXYZ", b"----").replace(b"gXYZ", b"rXYZ").replace(b"----", b"gXYZ")


def _colour() -> tuple[int, int, int]:
    return random.randrange(256), random.randrange(256), random.randrange(256)


def _nearest(pixel: Any) -> str:
    def distance(name: str) -> int:
        return sum((int(a) - b) ** 2 for a, b in zip(pixel, CORNERS[name], strict=True))

    return min(CORNERS, key=distance)
