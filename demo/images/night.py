"""The sky after dark: stars, a moon or northern lights, over mountains without colour."""

import math
from functools import cache
from random import Random

from PIL import Image, ImageFilter

from . import canvas
from .canvas import Canvas, Size
from .palettes import Colour, between, colours

SKIES = (
    colours("050b1f 14254d 3d4f86"),
    colours("0a0a23 2a1b4e 6a3f78"),
    colours("03141f 0d3b4f 2f7a86"),
    colours("0b1026 1f2a5a 8a5a83"),
)
AURORAS = (colours("38f2a5 2ec4d6 8a6bff"), colours("7dffb2 38d9a9 3a86ff"), colours("b8f35d 34d1bf c77dff"))
MOON, LAMP = (250, 244, 222), (255, 205, 112)


def stars(size: Size, chance: Random) -> tuple[Image.Image, str]:
    picture = _dark_sky(size, chance)
    _milky_way(picture)
    _sprinkle(picture, 420)
    _mountains(picture, cabin=True)
    return picture.finished(), "The Milky Way over black mountains, and one lit window"


def moon(size: Size, chance: Random) -> tuple[Image.Image, str]:
    picture = _dark_sky(size, chance)
    _sprinkle(picture, 160)
    x, y = picture.width * chance.uniform(0.25, 0.75), picture.height * chance.uniform(0.2, 0.38)
    radius = picture.unit * chance.uniform(0.07, 0.13)
    picture.glow(x, y, radius * 6, MOON, 0.5)
    picture.disc(x, y, radius, MOON)
    for _ in range(7):
        turn, out = chance.uniform(0, math.tau), radius * chance.uniform(0, 0.75)
        crater = radius * chance.uniform(0.05, 0.16)
        picture.disc(x + out * math.cos(turn), y + out * math.sin(turn), crater, between(MOON, (150, 150, 150), 0.2))
    _mountains(picture, cabin=False)
    return picture.finished(), "A full moon over mountains, with a few stars that are not drowned by it"


def aurora(size: Size, chance: Random) -> tuple[Image.Image, str]:
    picture = _dark_sky(size, chance)
    _sprinkle(picture, 220)
    tints = chance.choice(AURORAS)
    for tint in (*tints, tints[0]):
        _curtain(picture, tint)
    _mountains(picture, cabin=True)
    return picture.finished(), "Northern lights in green and violet curtains over the mountains"


def _dark_sky(size: Size, chance: Random) -> Canvas:
    top, middle, horizon = chance.choice(SKIES)
    return canvas.sky(size, (top, middle, horizon), chance)


def _sprinkle(picture: Canvas, count: int) -> None:
    chance = picture.chance
    for _ in range(round(count * picture.width * picture.height / picture.unit**2)):
        x, y = picture.width * chance.random(), picture.height * 0.85 * chance.random()
        bright = chance.random() ** 3
        tint = between((150, 170, 220), (255, 250, 235), chance.random())
        if bright > 0.85:
            picture.glow(x, y, picture.unit * 0.02, tint, 0.5)
        picture.disc(x, y, picture.unit * (0.0007 + 0.0022 * bright), tint)


def _milky_way(picture: Canvas) -> None:
    """Noise of several sizes, seen through a slanted soft band."""
    small = (picture.width // 16, picture.height // 16)
    cloud = Image.new("L", small, 0)
    for across, down, weight in ((5, 4, 0.5), (13, 9, 0.45), (27, 22, 0.35), (61, 43, 0.22), (127, 95, 0.1)):
        rough = Image.frombytes("L", (across, down), picture.chance.randbytes(across * down))
        rough = rough.filter(ImageFilter.GaussianBlur(0.6))
        cloud = Image.blend(cloud, rough.resize(small, Image.Resampling.BICUBIC), weight)
    band = Image.linear_gradient("L").point(lambda level: round(255 * math.sin(math.pi * level / 255) ** 3))
    band = band.resize((small[0] * 3, small[1])).rotate(picture.chance.choice((-35, 30)), expand=True)
    left, top = (band.width - small[0]) // 2, (band.height - small[1]) // 2
    band = band.crop((left, top, left + small[0], top + small[1]))
    veil = Image.composite(cloud, Image.new("L", small, 0), band).point(lambda level: round(level * 0.62))
    picture.image.paste((206, 196, 232), (0, 0), veil.resize(picture.image.size, Image.Resampling.BICUBIC))


def _curtain(picture: Canvas, tint: Colour) -> None:
    """Narrow stripes of light that hang from a wandering line and fade downwards and upwards."""
    chance, scale = picture.chance, 8
    small = Canvas(Image.new("L", (picture.width // scale, picture.height // scale), 0), chance)
    foot = canvas.wandering(small, small.height * chance.uniform(0.4, 0.62), small.unit * 0.1, 4)
    reach = small.unit * chance.uniform(0.3, 0.5)
    rays = canvas.wandering(small, 0, 0.5, 9)
    for (x, y), (_, ray) in zip(foot, rays, strict=True):
        tall = max(2, round(reach * (0.75 + 0.5 * ray)))
        strip = _fade(round(0.45 + 0.4 * ray, 2)).resize((3, tall))
        small.image.paste(255, (round(x), round(y) - tall), strip)
    veil = small.image.filter(ImageFilter.GaussianBlur(small.unit * 0.012))
    picture.image.paste(tint, (0, 0), veil.resize(picture.image.size, Image.Resampling.BICUBIC))


@cache
def _fade(strength: float) -> Image.Image:
    return canvas.downwards().point(lambda level: round((level / 255) ** 1.8 * 255 * strength))


def _mountains(picture: Canvas, *, cabin: bool) -> None:
    for share, shade in ((0.78, (16, 22, 44)), (0.88, (8, 11, 24))):
        line = canvas.wandering(picture, picture.height * share, picture.unit * 0.08, 9)
        picture.below(line, shade)
    if cabin:
        _cabin(picture)


def _cabin(picture: Canvas) -> None:
    side = picture.unit * 0.035
    x, y = picture.width * picture.chance.uniform(0.2, 0.7), picture.height * 0.95
    picture.glow(x + side / 2, y, side * 4, LAMP, 0.35)
    picture.pen.rectangle((x - side, y - side, x + side, y + side), fill=(20, 16, 20))
    picture.pen.polygon(
        ((x - 1.4 * side, y - side), (x, y - 2.1 * side), (x + 1.4 * side, y - side)), fill=(14, 11, 15)
    )
    picture.pen.rectangle((x - side * 0.4, y - side * 0.45, x + side * 0.4, y + side * 0.35), fill=LAMP)
