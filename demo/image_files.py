"""What can be drawn, in which shapes, and as which kinds of file."""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from random import Random

from PIL import Image
from pillow_heif import register_heif_opener

from .images import city, night, outdoors, patterns
from .images.canvas import Size
from .images.portraits import Look, portrait

Draw = Callable[[Size, Random], tuple[Image.Image, str]]

SUBJECTS: dict[str, Draw] = {
    "hills": outdoors.hills,
    "lake": outdoors.lake,
    "dunes": outdoors.dunes,
    "stars": night.stars,
    "moon": night.moon,
    "aurora": night.aurora,
    "quilt": patterns.quilt,
    "waves": patterns.waves,
    "seeds": patterns.seeds,
    "blossom": patterns.blossom,
    "skyline": city.skyline,
}
SHAPES: dict[str, Size] = {
    "square": (1000, 1000),
    "portrait": (880, 1100),
    "landscape": (1140, 760),
    "panorama": (1440, 576),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: what Pillow and what the web call it, and how it is written quickly."""

    format: str
    content_type: str
    options: tuple[tuple[str, object], ...] = ()


KINDS = {
    "jpg": Kind("JPEG", "image/jpeg", (("quality", 90),)),
    "png": Kind("PNG", "image/png", (("compress_level", 4),)),
    "webp": Kind("WEBP", "image/webp", (("quality", 88), ("method", 1))),
    "heic": Kind("HEIF", "image/heic", (("quality", 70), ("enc_params", {"preset": "ultrafast"}))),
    "avif": Kind("AVIF", "image/avif", (("quality", 75), ("speed", 10))),
    "gif": Kind("GIF", "image/gif"),
}


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture that can be drawn at any time, and always comes out the same."""

    subject: str
    shape: str
    kind: str
    seed: int


@dataclass(frozen=True, slots=True)
class File:
    """A drawing, ready to be sent."""

    name: str
    content_type: str
    data: bytes
    alt: str


def drawn(drawing: Drawing) -> File:
    image, alt = SUBJECTS[drawing.subject](SHAPES[drawing.shape], repeatable(drawing.seed))
    return written(image, f"{drawing.subject}-{drawing.seed}", drawing.kind, alt)


def avatar(look: Look, seed: int) -> File:
    return written(portrait(look, repeatable(seed)), f"avatar-{seed}", "png", "A portrait")


def repeatable(seed: int) -> Random:
    return Random(seed)  # noqa: S311  # a drawing is no secret


def written(image: Image.Image, name: str, kind: str, alt: str) -> File:
    register_heif_opener()
    chosen, content = KINDS[kind], BytesIO()
    if kind == "gif":
        image = image.quantize(256, dither=Image.Dither.FLOYDSTEINBERG)
    image.save(content, chosen.format, **dict(chosen.options))
    return File(f"{name}.{kind}", chosen.content_type, content.getvalue(), alt)
