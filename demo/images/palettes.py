"""The colours of the demo's pictures: light of a day for what is outdoors, cloth and petals for the rest."""

from dataclasses import dataclass

Colour = tuple[int, int, int]


def rgb(code: str) -> Colour:
    return int(code[:2], 16), int(code[2:4], 16), int(code[4:], 16)


def colours(codes: str) -> tuple[Colour, ...]:
    return tuple(rgb(code) for code in codes.split())


def between(start: Colour, end: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(start, end, strict=True))
    return red, green, blue


@dataclass(frozen=True, slots=True)
class Light:
    """An hour of the day: the sky from top to horizon, its sun, and the land from far to near."""

    words: str
    sky: tuple[Colour, Colour, Colour]
    sun: Colour
    far: Colour
    near: Colour


def _light(words: str, sky: str, sun: str, far: str, near: str) -> Light:
    top, middle, horizon = colours(sky)
    return Light(words, (top, middle, horizon), rgb(sun), rgb(far), rgb(near))


LIGHTS = (
    _light("at dawn", "5b7db1 c9a7b8 fbd9b5", "fff3d6", "c7a9b4", "2c3350"),
    _light("in golden light", "f2b263 f9cf87 ffe9bd", "fffbe6", "e6a867", "5a2f2a"),
    _light("at dusk", "2b2a5c 8a4f86 f58f6c", "ffd9a0", "8c5683", "1b1838"),
    _light("on a clear morning", "5fa8d3 a6d3e8 f3f6e4", "ffffff", "a9cdd0", "1f4a4f"),
    _light("on a soft morning in spring", "8fb8a8 c4d9bd f4efd3", "fffbe8", "a8c7ab", "264a3b"),
    _light("on an autumn evening", "6f4e7c d0736a f6b26b", "ffe3b0", "b5716b", "3d1f2e"),
    _light("under a pink sky", "e59aa9 f3bfb8 fde4cf", "fffaf0", "d79aa8", "57375d"),
    _light("in the blue hour", "16325c 3f6c9b a9c4d6", "f7f1df", "567fa3", "0d1e36"),
)

CLOTHS = (
    colours("264653 2a9d8f e9c46a f4a261 e76f51 fdf6e3"),
    colours("22223b 4a4e69 9a8c98 c9ada7 f2e9e4 b5656f"),
    colours("003049 d62828 f77f00 fcbf49 eae2b7 5c8a8a"),
    colours("355070 6d597a b56576 e56b6f eaac8b fbe9dc"),
    colours("1b4332 40916c 95d5b2 fefae0 dda15e bc6c25"),
    colours("0b3954 087e8b bfd7ea ff5a5f f7f3e3 c9a227"),
    colours("2d3142 4f5d75 bfc0c0 ffffff ef8354 f7d08a"),
)

PETALS = (
    colours("2b1c3f 7b2d5e d1495b f2a65a ffe9c7"),
    colours("0f2f3b 1d7874 77b28c d9e5a7 fdf6d8"),
    colours("1a1a40 4b3f92 8f6bc2 e3a5d0 fff0e6"),
    colours("3a1d0f 94461c d98324 f2c14e fff6da"),
    colours("0b2545 13507a 4f9bb8 a9d6d2 fef9ef"),
)
