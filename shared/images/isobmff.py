"""ISO base media files (ISO/IEC 14496-12, 23008-12): coding and colours of the primary image of a HEIC or AVIF."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from struct import error, unpack_from

from shared.images.prepared_image import Cicp

DERIVED = frozenset({b"grid", b"iovl", b"iden"})
"""Images that are composed of others."""
TONE_MAPPED = b"tmap"
"""An image that is derived from a base image and a gain map (ISO 21496-1), and the brand of files that have one."""
EXIF = b"Exif"
METADATA = frozenset({EXIF, b"mime"})
ALPHA = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0", b"urn:mpeg:hevc:2015:auxid:1\0")
"""Types of auxiliary images. Others are gain maps, depth, masks."""
MAX_PROPERTY_BYTES = 64
"""How much of a property is read: enough for all that is used here."""
HEVC_PLANES = {0: 1.0, 1: 1.5, 2: 2.0, 3: 3.0}
AV1_PLANES = {0b000: 3.0, 0b010: 2.0, 0b011: 1.5, 0b111: 1.0}.get
"""Samples for each pixel, by the subsampling of colours that the configuration of the coding tells."""
UNKNOWN = b"none"
"""A type of item that no decoder knows."""
GENERAL_BRAND = b"mif1"
"""Of every file of images (ISO/IEC 23008-12, 10.2)."""


@dataclass(slots=True)
class Items:
    """The description of the images in the file; empty if it cannot be read."""

    primary: int = 0
    """The image to show: of a tone-mapped one its base."""
    primary_place: tuple[int, int] = 0, 0
    """The offsets where its number begins and ends."""
    types: dict[int, bytes] = field(default_factory=dict)
    brand_places: list[int] = field(default_factory=list)
    """The offsets of brands that promise a tone-mapped image, without which libavif refuses the file."""
    type_places: dict[int, int] = field(default_factory=dict)
    sources: dict[int, list[int]] = field(default_factory=dict)
    """Of derived pictures."""
    auxiliary: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """Auxiliary images, such as alpha and gain maps, and the images that they belong to."""
    properties: list[tuple[bytes, bytes]] = field(default_factory=list)
    property_numbers: dict[int, list[int]] = field(default_factory=dict)
    """The indexes of the properties of each item, starting at 1."""
    number_places: dict[int, list[int]] = field(default_factory=dict)
    """The offset of the last byte of each."""

    def coding(self) -> bytes | None:
        """The type of item that holds the pixels of the primary picture: `hvc1`, `av01`, ..."""
        item = self.primary
        for _ in range(3):  # a grid of identity transforms of images, at most
            if self.types.get(item) not in DERIVED or not self.sources.get(item):
                break
            item = self.sources[item][0]
        return self.types.get(item)

    def decoded_bytes(self) -> int:
        """How much memory decoding takes: planes as they are coded, and the RGB that is made of them; 0 if unknown."""
        width, height = self._size()
        channels = 4 if any(self._is_alpha(item) for item in self.needed() & self.auxiliary.keys()) else 3
        for item in (self.primary, *self.sources.get(self.primary, ())[:1]):
            for kind, content in self._properties_of(item):
                if kind == b"hvcC" and len(content) > 17:
                    sample = 2 if content[17] & 7 else 1
                    planes = HEVC_PLANES[content[16] & 3] * sample + channels - 3
                    return int(width * height * (planes + channels * sample))
                if kind == b"av1C" and len(content) > 2:
                    sample = 2 if content[2] & 0x40 else 1
                    planes = AV1_PLANES(content[2] >> 2 & 7, 3.0) * sample + channels - 3
                    return int(width * height * (planes + channels * 2))  # RGB twice: Pillow copies it
        return 0

    def needed(self) -> set[int]:
        """The items that make up the primary image: itself, the images it is composed of, and their alpha."""
        alpha: dict[int, list[int]] = {}
        for item, images in self.auxiliary.items():
            if self._is_alpha(item):
                for image in images:
                    alpha.setdefault(image, []).append(item)
        found, new = set[int](), [self.primary]
        while new:
            item = new.pop()
            if item not in found:
                found.add(item)
                new += (*self.sources.get(item, ()), *alpha.get(item, ()))
        return found

    def _is_alpha(self, item: int) -> bool:
        return any(kind == b"auxC" and content[4:].startswith(ALPHA) for kind, content in self._properties_of(item))

    def _size(self) -> tuple[int, int]:
        for kind, content in self._properties_of(self.primary):
            if kind == b"ispe" and len(content) >= 12:
                width, height = unpack_from(">II", content, 4)
                return width, height
        return 0, 0

    def _properties_of(self, item: int) -> list[tuple[bytes, bytes]]:
        numbers = self.property_numbers.get(item, ())
        return [self.properties[each - 1] for each in numbers if 0 < each <= len(self.properties)]

    def kinds(self, item: int) -> list[bytes]:
        """The types of the properties of this item."""
        numbers = self.property_numbers.get(item, [])
        return [self.properties[each - 1][0] if 0 < each <= len(self.properties) else b"" for each in numbers]

    def cicp(self) -> Cicp | None:
        """The `nclx` colours of the primary image, else of the first image that it is composed of."""
        for item in (self.primary, *self.sources.get(self.primary, ())[:1]):
            for kind, content in self._properties_of(item):
                if kind == b"colr" and content.startswith(b"nclx") and len(content) >= 8:
                    return Cicp(*unpack_from(">HH", content, 4))
        return None


def read(data: bytes) -> Items:
    items = Items()
    try:
        for kind, start, end in _boxes(data, 0, len(data)):
            if kind == b"ftyp":
                items.brand_places = [at for at in range(start + 8, end - 3, 4) if data[at : at + 4] == TONE_MAPPED]
            if kind == b"meta":
                _read_meta(data, start + 4, end, items)
                break
    except (error, IndexError):
        return Items()
    if items.types.get(items.primary) == TONE_MAPPED and items.sources.get(items.primary):
        items.primary = items.sources[items.primary][0]
    return items


def exif(data: bytes, items: Items) -> bytes | None:
    """The EXIF of the file, None if there is none, or if it is in parts."""
    wanted = next((item for item, kind in items.types.items() if kind == EXIF), None)
    try:
        for kind, start, end in _boxes(data, 0, len(data)):
            if kind == b"meta":
                for inner, at, _ in _boxes(data, start + 4, end):
                    if inner == b"iloc":
                        return _without_prefix(_located(data, at, wanted))
    except (error, IndexError):
        return None
    return None


def without_metadata(data: bytes, items: Items) -> bytes:
    """The same file without what is not needed, some of which makes decoders fail or takes memory.

    EXIF and XMP, which may be damaged, and images that are not part of the primary one (gain maps, depth, previews) get
    an unknown item type; rotation is a property of the image itself. In place of a tone-mapped image, its base is the
    primary one. An alpha image without a size (`ispe`), which some encoders write and browsers accept, gets that of the
    primary image in place of its `pixi`.
    """
    changed, needed = bytearray(data), items.needed()
    start, end = items.primary_place
    changed[start:end] = items.primary.to_bytes(end - start, "big")
    for item, at in items.type_places.items():
        if items.types[item] in METADATA or (item not in needed and items.primary in items.types):
            changed[at : at + 4] = UNKNOWN
    for at in items.brand_places:
        changed[at : at + 4] = GENERAL_BRAND
    size = _number_of(items, items.primary, b"ispe")
    for item in items.auxiliary:
        kinds = items.kinds(item)
        if size and b"ispe" not in kinds and b"pixi" in kinds:
            changed[items.number_places[item][kinds.index(b"pixi")]] = size
    return bytes(changed)


def _number_of(items: Items, item: int, kind: bytes) -> int | None:
    """The index of the property of this type; None if there is none, or if it does not fit into 7 bits."""
    kinds = items.kinds(item)
    number = items.property_numbers[item][kinds.index(kind)] if kind in kinds else 0
    return number if 0 < number < 128 else None


def _boxes(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """The type of each box, and the start and end of its content."""
    while at + 8 <= end:
        size, kind = unpack_from(">I4s", data, at)
        start = at + 8
        if size == 1:
            (size,) = unpack_from(">Q", data, start)
            start += 8
        stop = end if size == 0 else at + size
        if not start <= stop <= end:
            return
        yield kind, start, stop
        at = stop


def _read_meta(data: bytes, start: int, end: int, items: Items) -> None:
    for kind, at, stop in _boxes(data, start, end):
        if kind == b"pitm":
            (items.primary,) = unpack_from(">H" if data[at] == 0 else ">I", data, at + 4)
            items.primary_place = at + 4, at + (6 if data[at] == 0 else 8)
        elif kind == b"iinf":
            _read_entries(data, at, stop, items)
        elif kind == b"iref":
            _read_references(data, at, stop, items)
        elif kind == b"iprp":
            _read_properties(data, at, stop, items)


def _read_entries(data: bytes, start: int, end: int, items: Items) -> None:
    """The `infe` entries of versions 2 and 3, which have a type."""
    for _, at, _ in _boxes(data, start + (6 if data[start] == 0 else 8), end):
        if data[at] >= 2:
            number, place = (">H", 8) if data[at] == 2 else (">I", 10)
            (item,) = unpack_from(number, data, at + 4)
            (items.types[item],) = unpack_from("4s", data, at + place)
            items.type_places[item] = at + place


def _read_references(data: bytes, start: int, end: int, items: Items) -> None:
    number, first = ("I", 6) if data[start] else ("H", 4)
    for kind, at, _ in _boxes(data, start + 4, end):
        if kind == b"dimg":
            item, count = unpack_from(f">{number}H", data, at)
            items.sources[item] = list(unpack_from(f">{count}{number}", data, at + first))
        elif kind == b"auxl":
            item, count = unpack_from(f">{number}H", data, at)
            items.auxiliary[item] = unpack_from(f">{count}{number}", data, at + first)


def _read_properties(data: bytes, start: int, end: int, items: Items) -> None:
    for kind, at, stop in _boxes(data, start, end):
        if kind == b"ipco":
            items.properties = [
                (each, data[a : min(b, a + MAX_PROPERTY_BYTES)]) for each, a, b in _boxes(data, at, stop)
            ]
        elif kind == b"ipma":
            _read_associations(data, at, items)


def _read_associations(data: bytes, at: int, items: Items) -> None:
    version, wide = data[at], data[at + 3] & 1
    (count,) = unpack_from(">I", data, at + 4)
    at += 8
    for _ in range(count):
        (item,) = unpack_from(">I" if version else ">H", data, at)
        at += 4 if version else 2
        amount = data[at]
        numbers = unpack_from(f">{amount}{'H' if wide else 'B'}", data, at + 1)
        items.property_numbers.setdefault(item, []).extend(each & (0x7FFF if wide else 0x7F) for each in numbers)
        places = range(at + 1 + wide, at + 1 + amount * (1 + wide), 1 + wide)
        items.number_places.setdefault(item, []).extend(places)
        at += 1 + amount * (2 if wide else 1)


def _located(data: bytes, at: int, wanted: int | None) -> bytes:
    """The content of an item by the `iloc` box at this place, if it is one piece of the file; else nothing."""
    version, sizes = data[at], int.from_bytes(data[at + 4 : at + 6], "big")
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    extent_size = offset_size + length_size + (sizes & 15 if version in (1, 2) else 0)
    (count,) = unpack_from(">I" if version == 2 else ">H", data, at + 6)
    at += 10 if version == 2 else 8
    for _ in range(count):
        (item,) = unpack_from(">I" if version == 2 else ">H", data, at)
        at += 4 if version == 2 else 2
        method = data[at + 1] & 15 if version in (1, 2) else 0
        at += (2 if version in (1, 2) else 0) + 2
        base = int.from_bytes(data[at : at + base_size], "big")
        at += base_size
        (extents,) = unpack_from(">H", data, at)
        at += 2
        if item == wanted:
            first = at + extent_size - offset_size - length_size
            start = base + int.from_bytes(data[first : first + offset_size], "big")
            length = int.from_bytes(data[first + offset_size : first + offset_size + length_size], "big")
            return data[start : start + length] if method == 0 and extents == 1 else b""
        at += extents * extent_size
    return b""


def _without_prefix(item: bytes) -> bytes | None:
    """EXIF without the offset before it (ISO/IEC 23008-12, annex A)."""
    start = 4 + int.from_bytes(item[:4], "big")
    return item[start:] or None
