"""The images of the demo as files: what is drawn, in which shape, and in which format."""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from random import Random

from PIL import Image
from pillow_heif import register_heif_opener

from .images import landscapes, patterns
from .images.canvas import Size
from .images.portraits import Look, portrait

SUBJECTS: dict[str, Callable[[Size, Random], tuple[Image.Image, str]]] = {
    "hills": landscapes.hills,
    "lake": landscapes.lake,
    "moon": landscapes.moon,
    "aurora": landscapes.aurora,
    "waves": patterns.waves,
    "seeds": patterns.seeds,
    "blossom": patterns.blossom,
}
SHAPES: dict[str, Size] = {
    "square": (1000, 1000),
    "portrait": (880, 1100),
    "landscape": (1140, 760),
    "panorama": (1440, 576),
}


@dataclass(frozen=True, slots=True)
class Format:
    """Pillow's name of a format, its media type, and options that encode it quickly."""

    name: str
    media_type: str
    options: tuple[tuple[str, object], ...] = ()


FORMATS = {
    "jpg": Format("JPEG", "image/jpeg", (("quality", 90),)),
    "png": Format("PNG", "image/png", (("compress_level", 4),)),
    "webp": Format("WEBP", "image/webp", (("quality", 88), ("method", 1))),
    "heic": Format("HEIF", "image/heic", (("quality", 70), ("enc_params", {"preset": "ultrafast"}))),
    "avif": Format("AVIF", "image/avif", (("quality", 75), ("speed", 10))),
    "gif": Format("GIF", "image/gif"),
}


@dataclass(frozen=True, slots=True)
class Drawing:
    """An image that always comes out the same."""

    subject: str
    shape: str
    format: str
    seed: int


@dataclass(frozen=True, slots=True)
class ImageFile:
    name: str
    media_type: str
    data: bytes
    alt: str


def image_file(drawing: Drawing) -> ImageFile:
    image, alt = SUBJECTS[drawing.subject](SHAPES[drawing.shape], repeatable(drawing.seed))
    return encode(image, f"{drawing.subject}-{drawing.seed}", drawing.format, alt)


def avatar(look: Look, seed: int) -> ImageFile:
    return encode(portrait(look, repeatable(seed)), f"avatar-{seed}", "png", "A portrait")


def repeatable(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - for drawings


def encode(image: Image.Image, name: str, suffix: str, alt: str) -> ImageFile:
    register_heif_opener()
    chosen, content = FORMATS[suffix], BytesIO()
    if suffix == "gif":
        image = image.quantize(256, dither=Image.Dither.FLOYDSTEINBERG)
    image.save(content, chosen.name, **dict(chosen.options))
    return ImageFile(f"{name}.{suffix}", chosen.media_type, content.getvalue(), alt)
