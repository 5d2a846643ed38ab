"""Hills, lakes and dunes: land in layers that fade with distance, under a low sun."""

import math
from random import Random

from PIL import Image, ImageDraw, ImageFilter

from . import canvas
from .canvas import Canvas, Points, Size
from .palettes import LIGHTS, Colour, Light, between


def hills(size: Size, chance: Random) -> tuple[Image.Image, str]:
    light = chance.choice(LIGHTS)
    picture = _sky_with_sun(size, light, chance, horizon=0.55)
    layers = chance.randint(4, 7)
    for number in range(layers):
        _hill(picture, light, (number + 1) / layers, pines=number == layers - 1 and chance.random() < 0.7)
    _birds(picture, light)
    return picture.finished(), f"{_number(layers)} layers of hills {light.words}, the sun low above them"


def lake(size: Size, chance: Random) -> tuple[Image.Image, str]:
    light = chance.choice(LIGHTS)
    picture = _sky_with_sun(size, light, chance, horizon=0.5)
    shore = round(picture.height * 0.62)
    for share in (0.3, 0.55, 0.8):
        line = canvas.wandering(picture, shore - picture.unit * 0.2 * (1 - share), picture.unit * 0.07, 6)
        picture.below(line, between(light.far, light.near, share))
        picture.mist(shore - picture.unit * 0.1, shore, light.sky[2], 0.25)
    _reflect(picture, shore, light)
    return picture.finished(), f"A still lake {light.words}, with the mountains upside down in it"


def dunes(size: Size, chance: Random) -> tuple[Image.Image, str]:
    light = chance.choice(LIGHTS)
    picture = _sky_with_sun(size, light, chance, horizon=0.4)
    layers = chance.randint(3, 5)
    for number in range(layers):
        share = (number + 1) / layers
        crest = canvas.wandering(picture, picture.height * (0.38 + 0.5 * share * share), picture.unit * 0.09, 2)
        lit = between(light.sky[2], light.far, share)
        picture.below(crest, lit)
        _shade_of_dune(picture, crest, between(lit, light.near, 0.35 + 0.4 * share))
    return picture.finished(), f"Dunes {light.words}, each with a bright side and a dark one"


def _sky_with_sun(size: Size, light: Light, chance: Random, horizon: float) -> Canvas:
    picture = canvas.sky(size, light.sky, chance)
    x = picture.width * chance.uniform(0.2, 0.8)
    y = picture.height * horizon * chance.uniform(0.45, 0.85)
    picture.glow(x, y, picture.unit * 0.75, light.sun, 0.75)
    picture.disc(x, y, picture.unit * chance.uniform(0.05, 0.09), light.sun)
    for _ in range(chance.randint(0, 4)):
        _cloud(picture, light, picture.height * horizon)
    return picture


def _cloud(picture: Canvas, light: Light, horizon: float) -> None:
    """A few flat bars with round ends, half transparent."""
    chance, bar = picture.chance, picture.unit * 0.011
    x, y = picture.width * chance.uniform(-0.05, 0.9), horizon * chance.uniform(0.1, 0.7)
    veil = Image.new("L", (round(bar * 44), round(bar * 6)), 0)
    pen = ImageDraw.Draw(veil)
    for row in range(chance.choice((2, 3, 3, 4))):
        left, top = bar * chance.uniform(1, 16), bar * (0.6 + 1.1 * row)
        pen.rounded_rectangle((left, top, left + bar * chance.uniform(9, 24), top + bar), bar / 2, fill=105)
    picture.image.paste(light.sun, (round(x), round(y)), veil)


def _hill(picture: Canvas, light: Light, share: float, *, pines: bool) -> None:
    height = picture.height * (0.45 + 0.42 * share)
    line = canvas.wandering(picture, height, picture.unit * 0.075, 3 + round(5 * (1 - share)))
    fill = between(light.far, light.near, share**1.2)
    picture.below(line, fill)
    if pines:
        _pines(picture, line, fill)
    else:
        picture.mist(height, height + picture.unit * 0.3, light.sky[2], 0.35 * (1 - share))


def _pines(picture: Canvas, line: Points, fill: Colour) -> None:
    chance, pen = picture.chance, picture.pen
    for x, y in line[:: max(1, len(line) // 70)]:
        if chance.random() < 0.35:
            continue
        tall = picture.unit * chance.uniform(0.04, 0.11)
        for part in range(3):
            top, wide = y - tall * (1 - part * 0.25), tall * (0.1 + part * 0.06)
            pen.polygon(((x, top), (x - wide, top + tall * 0.5), (x + wide, top + tall * 0.5)), fill=fill)


def _shade_of_dune(picture: Canvas, crest: Points, fill: Colour) -> None:
    """The side away from the sun: all that lies left of a ridge, which swings down from the crest's top."""
    inner = crest[len(crest) // 6 : -len(crest) // 6]
    top = min(inner, key=lambda point: point[1])
    lean, swing = picture.unit * picture.chance.uniform(0.1, 0.4), picture.unit * picture.chance.uniform(0.05, 0.12)
    depth = picture.height - top[1]
    ridge = [
        (top[0] + lean * share + swing * math.sin(share * math.tau), top[1] + depth * share)
        for share in (step / 40 for step in range(41))
    ]
    slope = [point for point in crest if point[0] <= top[0]]
    picture.pen.polygon([*slope, *ridge, (0, picture.height)], fill=fill)


def _reflect(picture: Canvas, shore: int, light: Light) -> None:
    depth = picture.height - shore
    above = picture.image.crop((0, max(0, shore - depth), picture.width, shore))
    water = above.transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize((picture.width, depth))
    water = water.filter(ImageFilter.BoxBlur(picture.unit * 0.004))
    picture.image.paste(Image.blend(water, Image.new("RGB", water.size, light.near), 0.22), (0, shore))
    for _ in range(60):
        y = shore + depth * picture.chance.random() ** 2
        x, length = picture.width * picture.chance.random(), picture.unit * picture.chance.uniform(0.02, 0.16)
        shade = picture.image.getpixel((min(picture.width - 1, round(x)), min(picture.height - 1, round(y))))
        ripple = between(shade, light.sun, 0.2)  # type: ignore[arg-type]  # a pixel of an RGB picture
        picture.pen.line((x - length, y, x + length, y), fill=ripple, width=2)


def _birds(picture: Canvas, light: Light) -> None:
    chance = picture.chance
    x, y = picture.width * chance.uniform(0.15, 0.75), picture.height * chance.uniform(0.12, 0.3)
    for _ in range(chance.choice((0, 0, 3, 5, 7))):
        x += picture.unit * chance.uniform(-0.06, 0.08)
        y += picture.unit * chance.uniform(-0.03, 0.04)
        wing, width = picture.unit * chance.uniform(0.008, 0.016), max(2, picture.unit // 500)
        picture.pen.arc((x - 2 * wing, y - wing / 2, x, y + wing), 200, 340, light.near, width)
        picture.pen.arc((x, y - wing / 2, x + 2 * wing, y + wing), 200, 340, light.near, width)


def _number(count: int) -> str:
    return ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven")[count]
