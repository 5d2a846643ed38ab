"""Common parts of all drawings: a canvas of twice the image size, colours, soft light, and wavy lines."""

import math
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from PIL import Image, ImageDraw, ImageOps

SCALE = 2  # drawn larger and then scaled down, which smooths every edge

Colour = tuple[int, int, int]
Size = tuple[int, int]
Points = list[tuple[float, float]]


def colours(codes: str) -> tuple[Colour, ...]:
    return tuple((int(code[:2], 16), int(code[2:4], 16), int(code[4:], 16)) for code in codes.split())


def between(start: Colour, end: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(start, end, strict=True))
    return red, green, blue


@dataclass(slots=True)
class Canvas:
    """Lengths are fractions of `unit`, the shorter side, so that every shape looks right."""

    image: Image.Image
    random: Random

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
        mask = _radial_fade(max(2, round(2 * radius)), strength)
        self.image.paste(colour, (round(x - radius), round(y - radius)), mask)

    def fill_below(self, line: Points, fill: Colour) -> None:
        self.pen.polygon([(0, self.height), *line, (self.width, self.height)], fill=fill)

    def mist(self, top: float, bottom: float, colour: Colour, strength: float) -> None:
        """A veil that becomes denser towards the bottom."""
        veil = gradient().point(lambda level: round(level * strength))
        self.image.paste(colour, (0, round(top)), _stretch(veil, (self.width, max(1, round(bottom - top)))))

    def line(self, height: float, swing: float, waves: int) -> Points:
        """A line from the left edge to the right: several sine waves, each finer and flatter."""
        parts = [
            (swing / number**1.1, number * self.random.uniform(0.7, 1.3), self.random.uniform(0, math.tau))
            for number in range(1, waves + 1)
        ]
        steps = (*range(0, self.width, max(2, self.unit // 300)), self.width)
        return [
            (x, height + sum(size * math.sin(x / self.unit * often * 3.2 + start) for size, often, start in parts))
            for x in steps
        ]

    def finished(self) -> Image.Image:
        return self.image.resize((self.width // SCALE, self.height // SCALE), Image.Resampling.BOX)


def plain(size: Size, colour: Colour, random: Random) -> Canvas:
    return Canvas(Image.new("RGB", (size[0] * SCALE, size[1] * SCALE), colour), random)


def sky(size: Size, stops: tuple[Colour, ...], random: Random) -> Canvas:
    column = ImageOps.colorize(gradient(), black=stops[0], mid=stops[1], white=stops[2])
    return Canvas(_stretch(column, (size[0] * SCALE, size[1] * SCALE)), random)


def gradient() -> Image.Image:
    """One column from black to white."""
    return Image.linear_gradient("L").crop((0, 0, 1, 256))


def _stretch(column: Image.Image, size: Size) -> Image.Image:
    return column.resize((1, size[1]), Image.Resampling.BILINEAR).resize(size, Image.Resampling.NEAREST)


@lru_cache(maxsize=16)
def _radial_fade(side: int, strength: float) -> Image.Image:
    fade = Image.radial_gradient("L").point(lambda level: round((1 - min(1.0, level / 181)) ** 2 * 255 * strength))
    coarse = side if side < 512 else side // 4  # a large fade has no edges to lose
    return fade.resize((coarse, coarse), Image.Resampling.BILINEAR).resize((side, side), Image.Resampling.NEAREST)
