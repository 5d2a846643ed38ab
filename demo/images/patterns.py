"""Quilts, waves and seed heads: one small shape, repeated by a rule, in the colours of cloth and petals."""

import math
from random import Random

from PIL import Image

from . import canvas
from .canvas import Canvas, Size
from .palettes import CLOTHS, PETALS, Colour, between

GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))


def quilt(size: Size, chance: Random) -> tuple[Image.Image, str]:
    cloth = chance.choice(CLOTHS)
    picture = canvas.plain(size, cloth[-1], chance)
    across = chance.choice((4, 5, 6))
    side = picture.unit / across
    blocks = chance.sample((_triangles, _quarter, _rings, _cabin, _diamond), k=3)
    for row in range(math.ceil(picture.height / side)):
        for column in range(math.ceil(picture.width / side)):
            block = chance.choice(blocks)
            block(picture, (column * side, row * side, side), chance.sample(cloth, k=4))
    return picture.finished(), "A quilt of triangles, rings and squares, no two blocks alike"


Block = tuple[float, float, float]


def _square(picture: Canvas, block: Block, inset: float, fill: Colour) -> None:
    x, y, side = block
    edge = inset * side
    picture.pen.rectangle((x + edge, y + edge, x + side - edge, y + side - edge), fill=fill)


def _triangles(picture: Canvas, block: Block, cloth: list[Colour]) -> None:
    x, y, side = block
    _square(picture, block, 0, cloth[0])
    middle = (x + side / 2, y + side / 2)
    corners = [(x, y), (x + side, y), (x + side, y + side), (x, y + side)]
    first = picture.chance.randrange(2)
    for number in (first, first + 2):
        fill = cloth[1 + number // 2]
        picture.pen.polygon((corners[number % 4], corners[(number + 1) % 4], middle), fill=fill)


def _quarter(picture: Canvas, block: Block, cloth: list[Colour]) -> None:
    x, y, side = block
    tile = Image.new("RGB", (round(side) + 1, round(side) + 1), cloth[0])
    corner = picture.chance.choice(((0, 0), (side, 0), (0, side), (side, side)))
    for share, fill in zip((1.0, 0.66, 0.33), cloth[1:], strict=True):
        Canvas(tile, picture.chance).disc(corner[0], corner[1], side * share, fill)
    picture.image.paste(tile, (round(x), round(y)))


def _rings(picture: Canvas, block: Block, cloth: list[Colour]) -> None:
    x, y, side = block
    _square(picture, block, 0, cloth[0])
    for share, fill in zip((0.42, 0.28, 0.14), cloth[1:], strict=True):
        picture.disc(x + side / 2, y + side / 2, side * share, fill)


def _cabin(picture: Canvas, block: Block, cloth: list[Colour]) -> None:
    for number, inset in enumerate((0, 0.13, 0.26, 0.39)):
        _square(picture, block, inset, cloth[number])


def _diamond(picture: Canvas, block: Block, cloth: list[Colour]) -> None:
    x, y, side = block
    _square(picture, block, 0, cloth[0])
    for share, fill in zip((0.5, 0.34, 0.17), cloth[1:], strict=True):
        reach, middle_x, middle_y = side * share, x + side / 2, y + side / 2
        top, bottom = (middle_x, middle_y - reach), (middle_x, middle_y + reach)
        picture.pen.polygon((top, (middle_x + reach, middle_y), bottom, (middle_x - reach, middle_y)), fill=fill)


def waves(size: Size, chance: Random) -> tuple[Image.Image, str]:
    """Fans of rings in rows, each row over the one above: the old pattern for the sea."""
    cloth = chance.choice(CLOTHS)
    deep, light = cloth[0], cloth[-1]
    picture = canvas.plain(size, deep, chance)
    radius = picture.unit / chance.choice((5, 6, 7, 8))
    rows = math.ceil(picture.height / (radius / 2)) + 2
    for row in range(rows):
        water = between(deep, cloth[1], row / rows)
        for column in range(-1, math.ceil(picture.width / (2 * radius)) + 1):
            x = column * 2 * radius + (row % 2) * radius
            _fan(picture, (x, row * radius / 2 + radius * 0.2), radius, (water, light, chance.choice(cloth[2:])))
    return picture.finished(), "Rows of ringed fans like waves of the sea in an old print"


def _fan(picture: Canvas, at: tuple[float, float], radius: float, fills: tuple[Colour, Colour, Colour]) -> None:
    water, light, accent = fills
    bright = picture.chance.random() < 0.12
    for number, share in enumerate((1.0, 0.92, 0.74, 0.66, 0.48, 0.40, 0.22)):
        ring = water if number % 2 else light
        picture.disc(*at, radius * share, accent if bright and not number % 2 else ring)


def seeds(size: Size, chance: Random) -> tuple[Image.Image, str]:
    """Each seed turned by the golden angle from the last, as in a sunflower."""
    petals = chance.choice(PETALS)
    picture = canvas.plain(size, petals[0], chance)
    x, y = picture.width / 2, picture.height / 2
    picture.glow(x, y, picture.unit * 0.75, petals[1], 0.8)
    count, turn = chance.randint(420, 800), GOLDEN_ANGLE + chance.choice((0, 0, 0.0009, -0.0007))
    reach = math.hypot(picture.width, picture.height) / 2 if chance.random() < 0.35 else picture.unit * 0.46
    for number in range(count, 0, -1):
        share = math.sqrt(number / count)
        angle = number * turn
        fill = _along(petals[1:], 1 - share)
        picture.disc(
            x + reach * share * math.cos(angle),
            y + reach * share * math.sin(angle),
            reach * (0.010 + 0.026 * share) * math.sqrt(600 / count),
            fill,
        )
    return picture.finished(), "Hundreds of seeds in spirals, dark outside and bright in the middle"


def blossom(size: Size, chance: Random) -> tuple[Image.Image, str]:
    """Petals in rings, each ring smaller, brighter and half a petal further."""
    petals = chance.choice(PETALS)
    picture = canvas.plain(size, between(petals[0], petals[1], 0.25), chance)
    x, y, count = picture.width / 2, picture.height / 2, chance.choice((8, 10, 12, 16))
    picture.glow(x, y, picture.unit * 0.8, petals[1], 0.6)
    for ring in range(6):
        share = 1 - ring / 6
        for number in range(count):
            angle = math.tau * (number + ring / 2) / count
            _petal(picture, (x, y), angle, picture.unit * 0.47 * share, _along(petals[1:], 1 - share), count)
    picture.disc(x, y, picture.unit * 0.045, petals[0])
    picture.disc(x, y, picture.unit * 0.03, petals[-1])
    return picture.finished(), f"A blossom of six rings, {count} petals in each"


def _petal(picture: Canvas, at: tuple[float, float], angle: float, length: float, fill: Colour, count: int) -> None:
    width = length * 1.9 / count
    edge: canvas.Points = []
    for step in range(25):
        along = step / 12 if step <= 12 else (24 - step) / 12
        side = width * math.sin(math.pi * along**0.8) ** 0.8 * (1 if step <= 12 else -1)
        out = length * along
        edge.append(
            (
                at[0] + out * math.cos(angle) - side * math.sin(angle),
                at[1] + out * math.sin(angle) + side * math.cos(angle),
            )
        )
    picture.pen.polygon(edge, fill=fill, outline=between(fill, (0, 0, 0), 0.18), width=3)


def _along(stops: tuple[Colour, ...], share: float) -> Colour:
    place = min(max(share, 0.0), 0.9999) * (len(stops) - 1)
    return between(stops[int(place)], stops[int(place) + 1], place % 1)
