"""HEIC and AVIF files with an HDR gain map, built from the boxes of ISO/IEC 23008-12 as phones write them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from struct import pack, unpack_from

MARKER = b"PLANTED-MARKER"
"""In all metadata of a gain map."""
APPLE = b"urn:com:apple:photo:2020:aux:hdrgainmap"
XMP = b'<x:xmpmeta xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0">' + MARKER + b"</x:xmpmeta>"
TRACES = (MARKER, APPLE, b"hdrgm", b"tmap", b"auxl")
"""What would show that a gain map was copied."""
BRANDS = {b"hvc1": b"heic", b"av01": b"avif"}
ESSENTIAL = (b"hvcC", b"av1C")


@dataclass(frozen=True)
class Item:
    """An image or metadata in the file: its type, bytes, properties (whole boxes), and the numbers it refers to."""

    kind: bytes
    content: bytes
    properties: Sequence[bytes] = ()
    references: Mapping[bytes, Sequence[int]] = field(default_factory=dict)
    is_hidden: bool = False


def apple(base: bytes, gain: bytes) -> bytes:
    """With an auxiliary image of Apple's type, described by XMP, as of iOS 14."""
    picture, gain_map = image_of(base), image_of(gain)
    auxiliary = full_box(b"auxC", APPLE + b"\0" + MARKER)
    items = [
        picture,
        Item(gain_map.kind, gain_map.content, [*gain_map.properties, auxiliary], {b"auxl": [1]}, is_hidden=True),
        Item(b"mime", XMP, references={b"cdsc": [2]}),
    ]
    return file_of(items, BRANDS[picture.kind])


def tone_mapped(base: bytes, gain: bytes, primary: int = 1) -> bytes:
    """With a picture that is derived from the base and the gain map (ISO 21496-1), as an alternative to the base."""
    picture, gain_map = image_of(base), image_of(gain)
    size = next(each for each in picture.properties if each[4:8] == b"ispe")
    hdr = box(b"colr", b"nclx" + pack(">HHHB", 12, 16, 9, 0x80))
    items = [
        picture,
        Item(gain_map.kind, gain_map.content, gain_map.properties, is_hidden=True),
        Item(b"tmap", gain_map_metadata() + MARKER, [size, hdr], {b"dimg": [1, 2]}),
        Item(b"mime", XMP, references={b"cdsc": [3]}),
    ]
    return file_of(items, BRANDS[picture.kind], primary, alternatives=[3, 1])


def gain_map_metadata() -> bytes:
    """ISO 21496-1, annex C: one channel, up to 3 stops."""
    headroom = pack(">4I", 0, 1, 3, 1)
    channel = pack(">iIiIIIiIiI", 0, 1, 3, 1, 1, 1, 1, 64, 1, 64)
    return b"\0" + pack(">HHB", 0, 0, 0x40) + headroom + channel


def image_of(data: bytes) -> Item:
    """The primary image of a file, which has to be one coded image in one piece."""
    meta = next(content[4:] for kind, content in boxes(data) if kind == b"meta")
    found = dict(boxes(meta))
    (primary,) = unpack_from(">H", found[b"pitm"], 4)
    properties = dict(boxes(found[b"iprp"]))
    all_properties = [box(kind, content) for kind, content in boxes(properties[b"ipco"])]
    kinds = {unpack_from(">H", entry, 4)[0]: entry[8:12] for _, entry in boxes(found[b"iinf"][6:])}
    wanted = associations(properties[b"ipma"])[primary]
    start, length = place_of(found[b"iloc"], primary)
    return Item(kinds[primary], data[start : start + length], [all_properties[each - 1] for each in wanted])


def associations(content: bytes) -> dict[int, list[int]]:
    (count,), at, found = unpack_from(">I", content, 4), 8, {}
    for _ in range(count):
        (item,), amount = unpack_from(">H", content, at), content[at + 2]
        found[item] = [each & 0x7F for each in content[at + 3 : at + 3 + amount]]
        at += 3 + amount
    return found


def place_of(content: bytes, item: int) -> tuple[int, int]:
    """Start and length in the file, by an `iloc` of one extent of each item."""
    version, at = content[0], 8
    base_size = content[5] >> 4
    (count,) = unpack_from(">H", content, 6)
    for _ in range(count):
        (found,) = unpack_from(">H", content, at)
        at += (6 if version else 4) + base_size
        base = int.from_bytes(content[at - base_size : at], "big")
        start, length = unpack_from(">II", content, at + 2)
        if found == item:
            return base + start, length
        at += 10
    raise AssertionError("no such item")


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(data):
        size, kind = unpack_from(">I4s", data, at)
        yield kind, data[at + 8 : at + size]
        at += size


def box(kind: bytes, content: bytes) -> bytes:
    return pack(">I4s", len(content) + 8, kind) + content


def full_box(kind: bytes, content: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(kind, pack(">I", version << 24 | flags) + content)


def file_of(items: Sequence[Item], brand: bytes, primary: int = 1, alternatives: Sequence[int] = ()) -> bytes:
    """A file of these items, whose numbers are their positions from 1 on."""
    start = box(b"ftyp", brand + bytes(4) + b"mif1" + brand + (b"tmap" if alternatives else b"miaf"))
    meta = _meta(items, primary, alternatives, 0)
    meta = _meta(items, primary, alternatives, len(start) + len(meta) + 8)
    return start + meta + box(b"mdat", b"".join(each.content for each in items))


def _meta(items: Sequence[Item], primary: int, alternatives: Sequence[int], content_at: int) -> bytes:
    entries, places, associated, references, properties = b"", b"", b"", b"", []
    for number, each in enumerate(items, 1):
        name = b"\0application/rdf+xml\0" if each.kind == b"mime" else b"\0"
        entries += full_box(b"infe", pack(">HH", number, 0) + each.kind + name, 2, int(each.is_hidden))
        places += pack(">HHHII", number, 0, 1, content_at, len(each.content))
        content_at += len(each.content)
        if each.properties:
            associated += pack(">HB", number, len(each.properties))
        for one in each.properties:
            properties.append(one)
            associated += bytes([len(properties) | 0x80 * (one[4:8] in ESSENTIAL)])
        for kind, others in each.references.items():
            references += box(kind, pack(f">HH{len(others)}H", number, len(others), *others))
    group = full_box(b"altr", pack(f">II{len(alternatives)}I", 100, len(alternatives), *alternatives))
    with_properties = sum(1 for each in items if each.properties)
    content = (
        full_box(b"hdlr", bytes(4) + b"pict" + bytes(13)),
        full_box(b"pitm", pack(">H", primary)),
        full_box(b"iloc", b"\x44\0" + pack(">H", len(items)) + places),
        full_box(b"iinf", pack(">H", len(items)) + entries),
        box(b"iprp", box(b"ipco", b"".join(properties)) + full_box(b"ipma", pack(">I", with_properties) + associated)),
        full_box(b"iref", references),
        box(b"grpl", group) if alternatives else b"",
    )
    return full_box(b"meta", b"".join(content))
