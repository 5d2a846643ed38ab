"""How much one upload may be, and how much work it may make."""

from shared.errors import Invalid, TooLarge

MAX_BYTES = 20 * 1024**2
MAX_PIXELS = 50_000_000
MAX_SIDE = 32_768

CPU_SECONDS = 15
"""The slowest honest upload of 50 megapixels takes about 4."""
MEMORY = 1536 * 1024**2
"""Of address space. The largest honest upload takes 0.9 GB of it."""


def too_many_bytes() -> TooLarge:
    return TooLarge("too_large", f"A picture may have up to {MAX_BYTES // 1024**2} MB.")


def too_many_pixels() -> TooLarge:
    megapixels = MAX_PIXELS // 10**6
    return TooLarge("too_large", f"A picture may have up to {megapixels} megapixels, {MAX_SIDE} on its longest side.")


def corrupt() -> Invalid:
    return Invalid("corrupt_media", "The file is damaged and cannot be opened as a picture.")
