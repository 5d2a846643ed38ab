"""Waves, seed heads and blossoms: one small shape, repeated by a rule."""

import math
from random import Random

from PIL import Image

from . import canvas
from .canvas import Colour, Points, Size, between, colours

GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))
CLOTHS = (
    colours("264653 2a9d8f e9c46a f4a261 e76f51 fdf6e3"),
    colours("003049 d62828 f77f00 fcbf49 eae2b7 5c8a8a"),
    colours("355070 6d597a b56576 e56b6f eaac8b fbe9dc"),
    colours("1b4332 40916c 95d5b2 fefae0 dda15e bc6c25"),
    colours("0b3954 087e8b bfd7ea ff5a5f f7f3e3 c9a227"),
)
PETALS = (
    colours("2b1c3f 7b2d5e d1495b f2a65a ffe9c7"),
    colours("0f2f3b 1d7874 77b28c d9e5a7 fdf6d8"),
    colours("1a1a40 4b3f92 8f6bc2 e3a5d0 fff0e6"),
    colours("3a1d0f 94461c d98324 f2c14e fff6da"),
)


def waves(size: Size, random: Random) -> tuple[Image.Image, str]:
    """Rows of fans made of rings, each row over the one above: the Japanese pattern seigaiha."""
    cloth = random.choice(CLOTHS)
    picture = canvas.plain(size, cloth[0], random)
    radius = picture.unit / random.choice((5, 6, 7, 8))
    rows = math.ceil(picture.height / (radius / 2)) + 2
    for row in range(rows):
        water = between(cloth[0], cloth[1], row / rows)
        for column in range(-1, math.ceil(picture.width / (2 * radius)) + 1):
            x, y = (column * 2 + row % 2) * radius, row * radius / 2 + radius * 0.2
            light = random.choice(cloth[2:]) if random.random() < 0.12 else cloth[-1]
            for number, share in enumerate((1.0, 0.92, 0.74, 0.66, 0.48, 0.40, 0.22)):
                picture.disc(x, y, radius * share, water if number % 2 else light)
    return picture.finished(), "Rows of ringed fans like waves of the sea in an old print"


def seeds(size: Size, random: Random) -> tuple[Image.Image, str]:
    """Each seed is turned by the golden angle from the one before, as in a sunflower."""
    petals = random.choice(PETALS)
    picture = canvas.plain(size, petals[0], random)
    x, y = picture.width / 2, picture.height / 2
    picture.glow(x, y, picture.unit * 0.75, petals[1], 0.8)
    count, turn, reach = random.randint(420, 800), GOLDEN_ANGLE + random.choice((0, 0, 0.0009)), picture.unit * 0.46
    for number in range(count, 0, -1):
        share, angle = math.sqrt(number / count), number * turn
        radius = reach * (0.010 + 0.026 * share) * math.sqrt(600 / count)
        out = reach * share
        picture.disc(x + out * math.cos(angle), y + out * math.sin(angle), radius, _along(petals[1:], 1 - share))
    return picture.finished(), "Hundreds of seeds in spirals, dark outside and bright in the middle"


def blossom(size: Size, random: Random) -> tuple[Image.Image, str]:
    petals = random.choice(PETALS)
    picture = canvas.plain(size, between(petals[0], petals[1], 0.25), random)
    x, y, count = picture.width / 2, picture.height / 2, random.choice((8, 10, 12, 16))
    picture.glow(x, y, picture.unit * 0.8, petals[1], 0.6)
    for ring in range(6):
        share = 1 - ring / 6
        fill = _along(petals[1:], 1 - share)
        for number in range(count):
            petal = _petal(x, y, math.tau * (number + ring / 2) / count, picture.unit * 0.47 * share, 1.9 / count)
            picture.pen.polygon(petal, fill=fill, outline=between(fill, (0, 0, 0), 0.18), width=3)
    picture.disc(x, y, picture.unit * 0.04, petals[-1])
    return picture.finished(), f"A blossom of six rings, {count} petals in each"


def _petal(x: float, y: float, angle: float, length: float, width: float) -> Points:
    edge: Points = []
    for step in range(25):
        along = step / 12 if step <= 12 else (24 - step) / 12
        side = length * width * math.sin(math.pi * along**0.8) ** 0.8 * (1 if step <= 12 else -1)
        out = length * along
        edge.append(
            (x + out * math.cos(angle) - side * math.sin(angle), y + out * math.sin(angle) + side * math.cos(angle))
        )
    return edge


def _along(stops: tuple[Colour, ...], share: float) -> Colour:
    position = min(max(share, 0.0), 0.9999) * (len(stops) - 1)
    return between(stops[int(position)], stops[int(position) + 1], position % 1)
