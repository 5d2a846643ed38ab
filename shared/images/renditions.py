"""Encodes all sizes of a decoded image as JPEG, which every client shows, and as WebP; and its BlurHash.

WebP beside JPEG: a quarter to a half fewer bytes at the same similarity, for a third to a half of the CPU time of AVIF
(docs/decisions/0026-libvips-beside-pillow.md).
"""

from io import BytesIO

from PIL import Image, WebPImagePlugin  # noqa: F401  # only the import lets WebP be written

from shared.images import blurhash_encoder, decode
from shared.images.variants import JPEG, RESPONSIVE, RenditionPlan, Variant, variants_of

from .colours import DISPLAY_P3
from .pipe_protocol import ProcessedImage, Rendition

JPEG_QUALITY, WEBP_QUALITY = 85, 80
# 0 is the fastest, 6 the slowest. From 2 to 4, files become 3 % smaller and take twice the time.
WEBP_METHOD = 2
# Up to this longest side, chroma is not subsampled.
MAX_PIXELS_WITHOUT_SUBSAMPLING = 128
BLURHASH_SIDE = 128


def render(data: bytes, plan: RenditionPlan = RESPONSIVE) -> ProcessedImage:
    """Raises UnsupportedMedia, TooLarge or Invalid."""
    image = decode.decode(data, plan.sides[-1])
    srgb, wide = image.srgb, image.display_p3
    files = []
    for variant in reversed(variants_of(*srgb.size, plan)):  # each size is made of the next larger one
        srgb = _scaled(srgb, variant)
        if variant.content_type == JPEG:
            content = _jpeg(srgb, image.is_graphic)
        else:
            wide = wide and _scaled(wide, variant)
            content = _webp(wide or srgb, image.is_graphic, DISPLAY_P3 if wide else b"")
        files.append(Rendition(content, variant))
    return ProcessedImage(tuple(reversed(files)), _blurhash(srgb), image.camera_info)


def _scaled(picture: Image.Image, variant: Variant) -> Image.Image:
    size = (variant.width, variant.height)
    return picture if picture.size == size else picture.resize(size, Image.Resampling.LANCZOS)


def _jpeg(picture: Image.Image, is_graphic: bool) -> bytes:
    file = BytesIO()
    is_full = is_graphic or max(picture.size) <= MAX_PIXELS_WITHOUT_SUBSAMPLING
    subsampling = "4:4:4" if is_full else "4:2:0"
    picture.save(file, "JPEG", quality=JPEG_QUALITY, optimize=True, subsampling=subsampling)
    return file.getvalue()


def _webp(picture: Image.Image, is_graphic: bool, profile: bytes) -> bytes:
    file = BytesIO()
    # Lossy WebP always subsamples chroma; "sharp" keeps the edges of coloured text.
    options = {"quality": WEBP_QUALITY, "method": WEBP_METHOD, "use_sharp_yuv": is_graphic}
    picture.save(file, "WEBP", icc_profile=profile, **options)
    return file.getvalue()


def _blurhash(picture: Image.Image) -> str:
    copy = picture.copy()
    copy.thumbnail((BLURHASH_SIDE, BLURHASH_SIDE), Image.Resampling.BOX)
    return blurhash_encoder.encode(copy, *((4, 3) if copy.width >= copy.height else (3, 4)))
