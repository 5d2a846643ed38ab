"""Which characters of a text are visible."""

import re

INVISIBLE = (
    r"\u0000-\u0020\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f"
    r"\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""The content of a character class of a regular expression, in a syntax common to Python and ECMA 262.

Control characters, White_Space and Default_Ignorable_Code_Point (PropList.txt and DerivedCoreProperties.txt of the
Unicode Character Database), and U+2800, a Braille cell without dots.
"""
_VISIBLE = re.compile(f"[^{INVISIBLE}]")


def has_visible_character(text: str) -> bool:
    """Whether any character of the text is visible."""
    return _VISIBLE.search(text) is not None
