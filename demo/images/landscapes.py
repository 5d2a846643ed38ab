"""Land in layers under a low sun, and mountains at night."""

import math
from dataclasses import dataclass
from random import Random

from PIL import Image, ImageFilter

from . import canvas
from .canvas import Canvas, Colour, Points, Size, between, colours


@dataclass(frozen=True, slots=True)
class Light:
    """A time of day: the sky from top to horizon, the sun, and the land from far to near."""

    words: str
    sky: tuple[Colour, ...]
    sun: Colour
    far: Colour
    near: Colour


def _light(words: str, codes: str) -> Light:
    *sky, sun, far, near = colours(codes)
    return Light(words, tuple(sky), sun, far, near)


LIGHTS = (
    _light("at dawn", "5b7db1 c9a7b8 fbd9b5 fff3d6 c7a9b4 2c3350"),
    _light("in golden light", "f2b263 f9cf87 ffe9bd fffbe6 e6a867 5a2f2a"),
    _light("at dusk", "2b2a5c 8a4f86 f58f6c ffd9a0 8c5683 1b1838"),
    _light("on a clear morning", "5fa8d3 a6d3e8 f3f6e4 ffffff a9cdd0 1f4a4f"),
    _light("on an autumn evening", "6f4e7c d0736a f6b26b ffe3b0 b5716b 3d1f2e"),
    _light("in the blue hour", "16325c 3f6c9b a9c4d6 f7f1df 567fa3 0d1e36"),
)
NIGHTS = (colours("050b1f 14254d 3d4f86"), colours("0a0a23 2a1b4e 6a3f78"), colours("03141f 0d3b4f 2f7a86"))
AURORAS = (colours("38f2a5 2ec4d6 8a6bff"), colours("7dffb2 38d9a9 3a86ff"), colours("b8f35d 34d1bf c77dff"))
MOON, LAMP = (250, 244, 222), (255, 205, 112)


def hills(size: Size, random: Random) -> tuple[Image.Image, str]:
    light = random.choice(LIGHTS)
    picture = _sunny_sky(size, light, random)
    layers = random.randint(4, 7)
    for number in range(1, layers + 1):
        share = number / layers
        height = picture.height * (0.45 + 0.42 * share)
        line = picture.line(height, picture.unit * 0.075, 3 + round(5 * (1 - share)))
        fill = between(light.far, light.near, share**1.2)
        picture.fill_below(line, fill)
        picture.mist(height, height + picture.unit * 0.3, light.sky[2], 0.35 * (1 - share))
    _pines(picture, line, fill)
    return picture.finished(), f"{layers} layers of hills {light.words}, the sun low above them"


def lake(size: Size, random: Random) -> tuple[Image.Image, str]:
    light = random.choice(LIGHTS)
    picture = _sunny_sky(size, light, random)
    shore = round(picture.height * 0.62)
    for share in (0.3, 0.55, 0.8):
        line = picture.line(shore - picture.unit * 0.2 * (1 - share), picture.unit * 0.07, 6)
        picture.fill_below(line, between(light.far, light.near, share))
        picture.mist(shore - picture.unit * 0.1, shore, light.sky[2], 0.25)
    depth = picture.height - shore
    above = picture.image.crop((0, max(0, shore - depth), picture.width, shore))
    water = above.transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize((picture.width, depth))
    water = water.filter(ImageFilter.BoxBlur(picture.unit * 0.004))
    picture.image.paste(Image.blend(water, Image.new("RGB", water.size, light.near), 0.22), (0, shore))
    for _ in range(60):
        x, y = picture.width * random.random(), shore + depth * random.random() ** 2
        length = picture.unit * random.uniform(0.02, 0.12)
        picture.pen.line((x - length, y, x + length, y), fill=between(light.near, light.sun, 0.45), width=1)
    return picture.finished(), f"A still lake {light.words} that mirrors the mountains"


def moon(size: Size, random: Random) -> tuple[Image.Image, str]:
    picture = _starry_sky(size, 200, random)
    x, y = picture.width * random.uniform(0.25, 0.75), picture.height * random.uniform(0.2, 0.38)
    radius = picture.unit * random.uniform(0.07, 0.13)
    picture.glow(x, y, radius * 6, MOON, 0.5)
    picture.disc(x, y, radius, MOON)
    for _ in range(7):
        turn, out = random.uniform(0, math.tau), radius * random.uniform(0, 0.75)
        crater = radius * random.uniform(0.05, 0.16)
        picture.disc(x + out * math.cos(turn), y + out * math.sin(turn), crater, between(MOON, (150, 150, 150), 0.2))
    _night_mountains(picture)
    return picture.finished(), "A full moon and stars over dark mountains, and one lit window"


def aurora(size: Size, random: Random) -> tuple[Image.Image, str]:
    picture = _starry_sky(size, 220, random)
    tints = random.choice(AURORAS)
    for tint in (*tints, tints[0]):
        small = Canvas(Image.new("L", (picture.width // 8, picture.height // 8), 0), random)
        foot = small.line(small.height * random.uniform(0.4, 0.62), small.unit * 0.1, 4)
        reach = small.unit * random.uniform(0.3, 0.5)
        for (x, y), (_, ray) in zip(foot, small.line(0, 0.5, 9), strict=True):
            tall, strength = max(2, round(reach * (0.75 + 0.5 * ray))), 0.45 + 0.4 * ray
            fade = canvas.gradient().point(lambda level, top=strength: round((level / 255) ** 1.8 * 255 * top))
            small.image.paste(255, (round(x), round(y) - tall), fade.resize((3, tall)))
        veil = small.image.filter(ImageFilter.GaussianBlur(small.unit * 0.012))
        picture.image.paste(tint, (0, 0), veil.resize(picture.image.size, Image.Resampling.BICUBIC))
    _night_mountains(picture)
    return picture.finished(), "Northern lights in green and violet curtains over the mountains"


def _sunny_sky(size: Size, light: Light, random: Random) -> Canvas:
    picture = canvas.sky(size, light.sky, random)
    x, y = picture.width * random.uniform(0.2, 0.8), picture.height * random.uniform(0.22, 0.4)
    picture.glow(x, y, picture.unit * 0.75, light.sun, 0.75)
    picture.disc(x, y, picture.unit * random.uniform(0.05, 0.09), light.sun)
    return picture


def _starry_sky(size: Size, count: int, random: Random) -> Canvas:
    picture = canvas.sky(size, random.choice(NIGHTS), random)
    for _ in range(round(count * picture.width * picture.height / picture.unit**2)):
        x, y = picture.width * random.random(), picture.height * 0.85 * random.random()
        bright, tint = random.random() ** 3, between((150, 170, 220), (255, 250, 235), random.random())
        if bright > 0.85:
            picture.glow(x, y, picture.unit * 0.02, tint, 0.5)
        picture.disc(x, y, picture.unit * (0.0007 + 0.0022 * bright), tint)
    return picture


def _pines(picture: Canvas, line: Points, fill: Colour) -> None:
    for x, y in line[:: max(1, len(line) // 70)]:
        tall = picture.unit * picture.random.uniform(-0.04, 0.11)
        for part in range(3 if tall > 0 else 0):
            top, wide = y - tall * (1 - part * 0.25), tall * (0.1 + part * 0.06)
            picture.pen.polygon(((x, top), (x - wide, top + tall * 0.5), (x + wide, top + tall * 0.5)), fill=fill)


def _night_mountains(picture: Canvas) -> None:
    for share, shade in ((0.78, (16, 22, 44)), (0.88, (8, 11, 24))):
        picture.fill_below(picture.line(picture.height * share, picture.unit * 0.08, 9), shade)
    side = picture.unit * 0.012
    x, y = picture.width * picture.random.uniform(0.2, 0.7), picture.height * 0.95
    picture.glow(x, y, side * 12, LAMP, 0.35)
    picture.pen.rectangle((x - side, y - side, x + side, y + side), fill=LAMP)
