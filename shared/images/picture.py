"""What comes out of the darkroom: a picture in two sizes, with nothing of the upload but its looks."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rendition:
    """One file that can be stored and served as it is."""

    data: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class ProcessedImage:
    """The two sizes of one upload, both of `content_type`."""

    display: Rendition
    thumbnail: Rendition
    content_type: str
    blurhash: str
