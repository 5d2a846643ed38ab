"""Avatars: a head, hair and shoulders in a few flat colours."""

from dataclasses import dataclass
from random import Random

from PIL import Image

from . import canvas
from .canvas import between, colours
from .patterns import CLOTHS

SKINS = colours("f6d7c3 eabf9f d9a066 c68642 a1662f 8d5524 6b4423 4a2f1b")
HAIRS = colours("1c1410 2f1b12 4e2a14 7a4a21 b07d48 d9b36c 8e8e93 b5472f")
SIDE = 512
# The hair behind the head, as a box in fractions of the side, and the lower edge of the hair on the forehead.
STYLES = {
    "long": ((0.27, 0.2, 0.73, 0.88), 0.58),
    "short": ((0.31, 0.2, 0.69, 0.5), 0.55),
    "bun": ((0.41, 0.09, 0.59, 0.27), 0.6),
    "curls": ((0.22, 0.14, 0.78, 0.6), 0.5),
    "scarf": ((0.26, 0.16, 0.74, 0.9), 0.44),
}


@dataclass(frozen=True, slots=True)
class Look:
    """A key of STYLES, and indexes of SKINS and HAIRS."""

    style: str
    skin: int
    hair: int
    glasses: bool = False


def portrait(look: Look, random: Random) -> Image.Image:
    cloth, skin = random.choice(CLOTHS), SKINS[look.skin]
    ink, shade = between(skin, (30, 12, 12), 0.8), between(skin, (60, 20, 20), 0.14)
    hair = cloth[5] if look.style == "scarf" else HAIRS[look.hair]
    picture = canvas.plain((SIDE, SIDE), random.choice(cloth[1:4]), random)
    unit, pen = picture.unit, picture.pen

    def box(left: float, top: float, right: float, bottom: float) -> tuple[float, float, float, float]:
        return unit * left, unit * top, unit * right, unit * bottom

    picture.glow(unit / 2, unit * 0.45, unit * 0.6, cloth[-1], 0.45)
    behind, forehead = STYLES[look.style]
    pen.rounded_rectangle(box(*behind), unit * 0.22, fill=hair)
    pen.rounded_rectangle(box(0.16, 0.78, 0.84, 1.3), unit * 0.2, fill=random.choice((cloth[0], cloth[4])))
    pen.rounded_rectangle(box(0.42, 0.6, 0.58, 0.85), unit * 0.08, fill=shade)
    pen.ellipse(box(0.32, 0.24, 0.68, 0.72), fill=skin)
    pen.chord(box(0.31, 0.2, 0.69, forehead), 180, 360, fill=hair)
    for x in (0.42, 0.58):
        picture.disc(unit * x, unit * 0.5, unit * 0.017, ink)
        picture.glow(unit * (1.8 * x - 0.4), unit * 0.57, unit * 0.05, between(skin, (220, 80, 80), 0.28), 0.9)
        if look.glasses:
            pen.ellipse(box(x - 0.055, 0.45, x + 0.055, 0.55), outline=ink, width=6)
    pen.arc(box(0.44, 0.54, 0.56, 0.62), 15, 165, fill=ink, width=7)
    return picture.finished()
