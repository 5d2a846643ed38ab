"""Which sizes and formats a photo is stored in, and how its files are named: derived from its largest size alone."""

from dataclasses import dataclass
from functools import lru_cache

JPEG, WEBP = "image/jpeg", "image/webp"
EXTENSIONS = {JPEG: "jpg", WEBP: "webp"}
DISPLAY, THUMBNAIL = "display.jpg", "thumbnail.jpg"
"""The largest JPEG, and the one that lists show. A photo of at most `THUMBNAIL_SIDE` pixels has no second one."""
THUMBNAIL_SIDE = 640
# Of photos from before there were variants.
FORMER_THUMBNAIL_SIDE = 480
# A longer picture (a panorama) keeps a quarter of the nominal side as its shorter side, so that it stays readable,
# up to this many times the nominal side: 14,336 pixels, while WebP allows 16,383.
PANORAMA_RATIO = 4
MAX_PANORAMA_SIDES = 7


@dataclass(frozen=True, slots=True)
class RenditionPlan:
    """What to make of an upload: nominal longest sides in pixels, ascending, each in these formats."""

    sides: tuple[int, ...]
    content_types: tuple[str, ...]


RESPONSIVE = RenditionPlan((320, THUMBNAIL_SIDE, 1080, 2048), (JPEG, WEBP))
MAX_VARIANTS = len(RESPONSIVE.sides) * len(RESPONSIVE.content_types)


@dataclass(frozen=True, slots=True)
class Variant:
    """One file of a photo: its name within the photo, its size in pixels, its format."""

    name: str
    width: int
    height: int
    content_type: str


def fitted(width: int, height: int, side: int) -> tuple[int, int]:
    """The size of a picture of `width` x `height` for this nominal longest side. Never larger than the picture."""
    longest, shortest = max(width, height), min(width, height)
    panorama = min(side / PANORAMA_RATIO / shortest, side * MAX_PANORAMA_SIDES / longest)
    scale = min(1.0, max(side / longest, panorama))
    return max(1, round(width * scale)), max(1, round(height * scale))


@lru_cache(4_096)
def variants_of(width: int, height: int, plan: RenditionPlan = RESPONSIVE) -> tuple[Variant, ...]:
    """The files of a photo whose largest size is `width` x `height`, smallest first."""
    by_side = {max(size): (side, size) for side in plan.sides for size in (fitted(width, height, side),)}
    found = []
    for longest, (side, size) in sorted(by_side.items()):
        for content_type in plan.content_types:
            name = f"{longest}.{EXTENSIONS[content_type]}"
            if content_type == JPEG and longest == max(width, height):
                name = DISPLAY
            elif content_type == JPEG and side == THUMBNAIL_SIDE:
                name = THUMBNAIL
            found.append(Variant(name, *size, content_type))
    return tuple(found)


def former_variants(width: int, height: int) -> tuple[Variant, Variant]:
    """The two files of a photo of this size from before there were variants, smallest first."""
    thumbnail = Variant(THUMBNAIL, *fitted(width, height, FORMER_THUMBNAIL_SIDE), JPEG)
    return thumbnail, Variant(DISPLAY, width, height, JPEG)


def thumbnail_name(width: int, height: int) -> str:
    """The name of the JPEG that lists show, of a photo of this size."""
    return THUMBNAIL if any(each.name == THUMBNAIL for each in variants_of(width, height)) else DISPLAY
