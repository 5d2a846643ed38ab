"""A skyline in the evening: towers in three rows, lights going on, all of it again in the water."""

from random import Random

from PIL import Image, ImageFilter

from . import canvas
from .canvas import Canvas, Size
from .palettes import LIGHTS, Colour, Light, between

LAMPS: tuple[Colour, ...] = ((255, 221, 145), (255, 198, 110), (255, 240, 205), (190, 220, 235))


def skyline(size: Size, chance: Random) -> tuple[Image.Image, str]:
    light = chance.choice(LIGHTS)
    picture = canvas.sky(size, light.sky, chance)
    x, y = picture.width * chance.uniform(0.15, 0.85), picture.height * chance.uniform(0.25, 0.5)
    picture.glow(x, y, picture.unit * 0.6, light.sun, 0.6)
    picture.disc(x, y, picture.unit * 0.07, light.sun)
    shore = picture.height * 0.8
    for share in (0.25, 0.6, 1.0):
        _row(picture, light, share, shore)
    _water(picture, round(shore), light)
    return picture.finished(), f"A skyline {light.words}, its windows lit and mirrored in the water"


def _row(picture: Canvas, light: Light, share: float, shore: float) -> None:
    chance, x = picture.chance, -picture.unit * 0.05
    fill = between(light.far, light.near, share)
    while x < picture.width:
        width = picture.unit * chance.uniform(0.05, 0.13)
        tall = picture.unit * chance.uniform(0.12, 0.42) * (1.25 - 0.55 * share)
        _tower(picture, (x, shore - tall, x + width, shore), fill, lit=0.12 + 0.38 * share)
        x += width * chance.uniform(0.85, 1.5)


def _tower(picture: Canvas, box: tuple[float, float, float, float], fill: Colour, lit: float) -> None:
    left, top, right, bottom = box
    picture.pen.rectangle(box, fill=fill)
    _roof(picture, box, fill)
    step = picture.unit * 0.0135
    y = top + step
    while y < bottom - step:
        x = left + step * 0.8
        while x < right - step:
            if picture.chance.random() < lit:
                glass = between(fill, picture.chance.choice(LAMPS), 0.35 + 0.6 * lit)
                picture.pen.rectangle((x, y, x + step * 0.5, y + step * 0.6), fill=glass)
            x += step
        y += step * 1.3


def _roof(picture: Canvas, box: tuple[float, float, float, float], fill: Colour) -> None:
    left, top, right, _ = box
    middle, width = (left + right) / 2, right - left
    kind = picture.chance.choice(("flat", "flat", "flat", "mast", "slope", "dome", "step"))
    if kind == "mast":
        picture.pen.line((middle, top, middle, top - width * 0.9), fill=fill, width=max(2, picture.unit // 400))
    elif kind == "slope":
        picture.pen.polygon(((left, top), (right, top), (right, top - width * 0.4)), fill=fill)
    elif kind == "dome":
        picture.pen.pieslice((left, top - width / 2, right, top + width / 2), 180, 360, fill=fill)
    elif kind == "step":
        picture.pen.rectangle((left + width * 0.25, top - width * 0.3, right - width * 0.25, top), fill=fill)


def _water(picture: Canvas, shore: int, light: Light) -> None:
    depth = picture.height - shore
    above = picture.image.crop((0, shore - 2 * depth, picture.width, shore))
    mirror = above.transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize((picture.width, depth))
    mirror = mirror.filter(ImageFilter.BoxBlur((picture.unit * 0.002, picture.unit * 0.012)))
    picture.image.paste(Image.blend(mirror, Image.new("RGB", mirror.size, light.near), 0.35), (0, shore))
    for _ in range(90):
        y = shore + depth * picture.chance.random() ** 1.5
        x, length = picture.width * picture.chance.random(), picture.unit * picture.chance.uniform(0.01, 0.05)
        picture.pen.line((x, y, x + length, y), fill=between(light.near, light.sun, 0.35), width=2)
