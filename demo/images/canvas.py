"""What all drawings share: an area twice as fine as the picture, soft light, and lines that wander like hills."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from PIL import Image, ImageDraw, ImageOps

from .palettes import Colour

FINER = 2
"""Drawn so many times larger and then scaled down, which smooths every edge."""

Size = tuple[int, int]
Points = list[tuple[float, float]]


@dataclass(slots=True)
class Canvas:
    """A picture in the making. Lengths are shares of its shorter side, so that every shape looks right."""

    image: Image.Image
    chance: Random

    @property
    def width(self) -> int:
        return self.image.width

    @property
    def height(self) -> int:
        return self.image.height

    @property
    def unit(self) -> int:
        return min(self.image.size)

    @property
    def pen(self) -> ImageDraw.ImageDraw:
        return ImageDraw.Draw(self.image)

    def disc(self, x: float, y: float, radius: float, fill: Colour) -> None:
        self.pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)

    def glow(self, x: float, y: float, radius: float, colour: Colour, strength: float) -> None:
        """Light that fades with distance."""
        mask = _fading(max(2, round(2 * radius)), strength)
        self.image.paste(colour, (round(x - radius), round(y - radius)), mask)

    def below(self, line: Points, fill: Colour) -> None:
        """Everything from a line down to the lower edge."""
        self.pen.polygon([(0, self.height), *line, (self.width, self.height)], fill=fill)

    def mist(self, top: float, bottom: float, colour: Colour, strength: float) -> None:
        """A veil that thickens downwards."""
        depth = max(1, round(bottom - top))
        veil = downwards().point(lambda level: round(level * strength))
        self.image.paste(colour, (0, round(top)), _stretched(veil, (self.width, depth)))

    def finished(self) -> Image.Image:
        return self.image.resize((self.width // FINER, self.height // FINER), Image.Resampling.BOX)


def plain(size: Size, colour: Colour, chance: Random) -> Canvas:
    return Canvas(Image.new("RGB", (size[0] * FINER, size[1] * FINER), colour), chance)


def sky(size: Size, stops: tuple[Colour, Colour, Colour], chance: Random) -> Canvas:
    """A canvas that goes from the first colour above to the last one below."""
    coloured = ImageOps.colorize(downwards(), black=stops[0], mid=stops[1], white=stops[2])
    return Canvas(_stretched(coloured, (size[0] * FINER, size[1] * FINER)), chance)


def wandering(canvas: Canvas, height: float, swing: float, roughness: int) -> Points:
    """A line from the left edge to the right one: a few waves over one another, each finer and flatter."""
    chance = canvas.chance
    waves = [
        (swing / step**1.1, step * chance.uniform(0.7, 1.3), chance.uniform(0, math.tau))
        for step in range(1, roughness + 1)
    ]
    step = max(2, canvas.unit // 300)
    return [(x, height + _sum_of(waves, x / canvas.unit)) for x in (*range(0, canvas.width, step), canvas.width)]


def _sum_of(waves: Sequence[tuple[float, float, float]], x: float) -> float:
    return sum(size * math.sin(x * often * 3.2 + start) for size, often, start in waves)


def downwards() -> Image.Image:
    """One column that goes from black to white."""
    return Image.linear_gradient("L").crop((0, 0, 1, 256))


def _stretched(column: Image.Image, size: Size) -> Image.Image:
    """A column made as tall as wanted, and then as wide, which costs next to nothing."""
    return column.resize((1, size[1]), Image.Resampling.BILINEAR).resize(size, Image.Resampling.NEAREST)


@lru_cache(maxsize=16)
def _fading(side: int, strength: float) -> Image.Image:
    """A mask for light. A large one is made smaller and stretched, for it has no edges to lose."""
    fading = Image.radial_gradient("L").point(lambda level: round((1 - min(1.0, level / 181)) ** 2 * 255 * strength))
    coarse = side if side < 512 else side // 4
    return fading.resize((coarse, coarse), Image.Resampling.BILINEAR).resize((side, side), Image.Resampling.NEAREST)
