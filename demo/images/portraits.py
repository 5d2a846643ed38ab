"""Avatars: a head, hair and shoulders in a few flat colours."""

from dataclasses import dataclass
from random import Random

from PIL import Image

from . import canvas
from .canvas import Canvas
from .palettes import CLOTHS, Colour, between, colours

SKINS = colours("f6d7c3 eabf9f d9a066 c68642 a1662f 8d5524 6b4423 4a2f1b")
HAIRS = colours("1c1410 2f1b12 4e2a14 7a4a21 b07d48 d9b36c 8e8e93 b5472f")
SIDE = 512


@dataclass(frozen=True, slots=True)
class Look:
    """How somebody is drawn: a style of STYLES, and places in SKINS and HAIRS."""

    style: str
    skin: int
    hair: int
    glasses: bool = False


def portrait(look: Look, chance: Random) -> Image.Image:
    cloth, skin = chance.choice(CLOTHS), SKINS[look.skin]
    picture = canvas.plain((SIDE, SIDE), chance.choice(cloth[1:4]), chance)
    picture.glow(picture.unit / 2, picture.unit * 0.45, picture.unit * 0.6, cloth[-1], 0.45)
    _shoulders(picture, skin, chance.choice((cloth[0], cloth[4])))
    worn = cloth[5] if look.style == "scarf" else HAIRS[look.hair]
    STYLES[look.style](picture, worn, skin)
    _face(picture, skin)
    if look.glasses:
        _glasses(picture, skin)
    return picture.finished()


def _shoulders(picture: Canvas, skin: Colour, shirt: Colour) -> None:
    unit = picture.unit
    picture.pen.rounded_rectangle((unit * 0.16, unit * 0.78, unit * 0.84, unit * 1.3), unit * 0.2, fill=shirt)
    neck = between(skin, (60, 20, 20), 0.14)
    picture.pen.rounded_rectangle((unit * 0.42, unit * 0.6, unit * 0.58, unit * 0.85), unit * 0.08, fill=neck)


def _head(picture: Canvas, skin: Colour) -> None:
    unit = picture.unit
    picture.pen.ellipse((unit * 0.32, unit * 0.24, unit * 0.68, unit * 0.72), fill=skin)
    for x in (0.32, 0.68):
        picture.disc(unit * x, unit * 0.49, unit * 0.035, skin)


def _fringe(picture: Canvas, hair: Colour, low: float) -> None:
    unit = picture.unit
    picture.pen.chord((unit * 0.31, unit * 0.2, unit * 0.69, unit * low), 180, 360, fill=hair)


def _long(picture: Canvas, hair: Colour, skin: Colour) -> None:
    unit = picture.unit
    picture.pen.rounded_rectangle((unit * 0.27, unit * 0.22, unit * 0.73, unit * 0.84), unit * 0.2, fill=hair)
    neck = between(skin, (60, 20, 20), 0.14)
    picture.pen.rounded_rectangle((unit * 0.42, unit * 0.6, unit * 0.58, unit * 0.85), unit * 0.08, fill=neck)
    _head(picture, skin)
    _fringe(picture, hair, 0.58)


def _short(picture: Canvas, hair: Colour, skin: Colour) -> None:
    _head(picture, skin)
    _fringe(picture, hair, 0.55)


def _bun(picture: Canvas, hair: Colour, skin: Colour) -> None:
    unit = picture.unit
    picture.disc(unit * 0.5, unit * 0.18, unit * 0.09, hair)
    _head(picture, skin)
    _fringe(picture, hair, 0.6)


def _curls(picture: Canvas, hair: Colour, skin: Colour) -> None:
    unit, chance = picture.unit, picture.chance
    for number in range(18):
        x = unit * (0.3 + 0.4 * number / 17)
        arch = 0.36 - 0.14 * (1 - ((number - 8.5) / 8.5) ** 2)
        picture.disc(x, unit * (arch + chance.uniform(-0.01, 0.02)), unit * chance.uniform(0.06, 0.09), hair)
    _head(picture, skin)
    _fringe(picture, hair, 0.5)


def _scarf(picture: Canvas, cloth: Colour, skin: Colour) -> None:
    unit = picture.unit
    picture.pen.ellipse((unit * 0.26, unit * 0.16, unit * 0.74, unit * 0.86), fill=cloth)
    picture.pen.rounded_rectangle(
        (unit * 0.3, unit * 0.6, unit * 0.7, unit * 0.95), unit * 0.12, fill=between(cloth, (0, 0, 0), 0.1)
    )
    picture.pen.ellipse((unit * 0.34, unit * 0.28, unit * 0.66, unit * 0.72), fill=skin)


def _face(picture: Canvas, skin: Colour) -> None:
    unit, ink = picture.unit, _ink(skin)
    for x in (0.42, 0.58):
        picture.disc(unit * x, unit * 0.5, unit * 0.017, ink)
        picture.pen.arc((unit * (x - 0.035), unit * 0.44, unit * (x + 0.035), unit * 0.49), 200, 340, ink, 5)
    smile = (unit * 0.44, unit * 0.54, unit * 0.56, unit * 0.62)
    picture.pen.arc(smile, 15, 165, fill=ink, width=7)
    cheek = between(skin, (220, 80, 80), 0.28)
    for x in (0.385, 0.615):
        picture.glow(unit * x, unit * 0.57, unit * 0.05, cheek, 0.9)


def _glasses(picture: Canvas, skin: Colour) -> None:
    unit, ink = picture.unit, _ink(skin)
    for x in (0.42, 0.58):
        rim = (unit * (x - 0.055), unit * 0.45, unit * (x + 0.055), unit * 0.55)
        picture.pen.ellipse(rim, outline=ink, width=6)
    picture.pen.line((unit * 0.475, unit * 0.5, unit * 0.525, unit * 0.5), fill=ink, width=6)


def _ink(skin: Colour) -> Colour:
    return between(skin, (30, 12, 12), 0.8)


STYLES = {"long": _long, "short": _short, "bun": _bun, "curls": _curls, "scarf": _scarf}
