"""ISO base media files (ISO/IEC 14496-12, 23008-12): coding and colours of the primary picture of a HEIC or AVIF."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from struct import error, unpack_from

from shared.images.prepared_image import Cicp

DERIVED = frozenset({b"grid", b"iovl", b"iden"})
"""Pictures that are put together from others."""
METADATA = frozenset({b"Exif", b"mime"})
UNKNOWN = b"none"
"""A type of item that no decoder knows."""


@dataclass(slots=True)
class Items:
    """What the file says of its pictures; empty where that cannot be read."""

    primary: int = 0
    types: dict[int, bytes] = field(default_factory=dict)
    type_places: dict[int, int] = field(default_factory=dict)
    sources: dict[int, list[int]] = field(default_factory=dict)
    """Of derived pictures."""
    auxiliary: list[int] = field(default_factory=list)
    """Pictures that belong to others, of which alpha is one."""
    properties: list[tuple[bytes, bytes]] = field(default_factory=list)
    property_numbers: dict[int, list[int]] = field(default_factory=dict)
    """Of each item, from 1 on."""
    number_places: dict[int, list[int]] = field(default_factory=dict)
    """Where the last byte of each of them stands."""

    def coding(self) -> bytes | None:
        """The type of item that holds the pixels of the primary picture: `hvc1`, `av01`, ..."""
        item = self.primary
        for _ in range(3):  # a grid of identities of pictures, at most
            if self.types.get(item) not in DERIVED or not self.sources.get(item):
                break
            item = self.sources[item][0]
        return self.types.get(item)

    def kinds(self, item: int) -> list[bytes]:
        """Of the properties of this item."""
        numbers = self.property_numbers.get(item, [])
        return [self.properties[each - 1][0] if 0 < each <= len(self.properties) else b"" for each in numbers]

    def cicp(self) -> Cicp | None:
        """The `nclx` colours of the primary picture, else of the first that it is made of."""
        for item in (self.primary, *self.sources.get(self.primary, ())[:1]):
            for number in self.property_numbers.get(item, ()):
                kind, content = self.properties[number - 1] if 0 < number <= len(self.properties) else (b"", b"")
                if kind == b"colr" and content.startswith(b"nclx") and len(content) >= 8:
                    return Cicp(*unpack_from(">HH", content, 4))
        return None


def read(data: bytes) -> Items:
    items = Items()
    try:
        for kind, start, end in _boxes(data, 0, len(data)):
            if kind == b"meta":
                _read_meta(data, start + 4, end, items)
                break
    except (error, IndexError):
        return Items()
    return items


def without_metadata(data: bytes, items: Items) -> bytes:
    """The same file without what makes decoders fail.

    EXIF and XMP, which may be damaged, get an unknown item type; rotation is a property of the image itself. An alpha
    image without a size (`ispe`), which some encoders write and browsers accept, gets that of the primary image in
    place of its `pixi`.
    """
    changed = bytearray(data)
    for item, place in items.type_places.items():
        if items.types[item] in METADATA:
            changed[place : place + 4] = UNKNOWN
    size = _number_of(items, items.primary, b"ispe")
    for item in items.auxiliary:
        kinds = items.kinds(item)
        if size and b"ispe" not in kinds and b"pixi" in kinds:
            changed[items.number_places[item][kinds.index(b"pixi")]] = size
    return bytes(changed)


def _number_of(items: Items, item: int, kind: bytes) -> int | None:
    """Of the property of this kind; None where there is none, or where it does not fit into 7 bits."""
    kinds = items.kinds(item)
    number = items.property_numbers[item][kinds.index(kind)] if kind in kinds else 0
    return number if 0 < number < 128 else None


def _boxes(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and end of the content of each box."""
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
        elif kind == b"iinf":
            _read_entries(data, at, stop, items)
        elif kind == b"iref":
            _read_references(data, at, stop, items)
        elif kind == b"iprp":
            _read_properties(data, at, stop, items)


def _read_entries(data: bytes, start: int, end: int, items: Items) -> None:
    """Those of versions 2 and 3, which have a type."""
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
            items.auxiliary.append(*unpack_from(f">{number}", data, at))


def _read_properties(data: bytes, start: int, end: int, items: Items) -> None:
    for kind, at, stop in _boxes(data, start, end):
        if kind == b"ipco":
            items.properties = [(each, data[a : min(b, a + 32)]) for each, a, b in _boxes(data, at, stop)]
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
