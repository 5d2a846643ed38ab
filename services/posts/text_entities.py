"""Tags and mentions in a text: one grammar for captions and comments.

A tag is `#` and an identifier of Unicode (UAX 31): characters with XID_Continue, which has letters and their marks of
all scripts, digits and `_`; a zero-width joiner or non-joiner only where it changes how letters look. At least one
character is a letter, and the first is no mark. A mention is `@` and a nickname. Neither begins inside a word, an
address of a page or an email address, but a tag may follow a tag: `#one#two`.

Tags are compared after NFKC and case folding (UAX 31, R4 and R5), without what is invisible. Every character is read a
bounded number of times, so the time is linear.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from shared.text import INVISIBLE

MAX_TAGS = 30
"""Of one text. Further ones are text."""
MAX_TAG_LENGTH = 50
"""Characters, as compared. A longer one is text."""
MAX_MENTIONS = 20
MAX_NICKNAME_LENGTH = 30

# What ends an address of a page: white space, and punctuation that addresses do not contain unescaped.
_PAGE = r"[^\s<>\"“”‘’「」『』《》〈〉（）［］｛｝，、。！？；：…]*"
_SIGN = re.compile(rf"(?:://|(?<!\w)[Ww]{{3}}\.){_PAGE}|(?P<tag>[#﹟＃])|(?P<mention>[@﹫＠])")
_NEITHER_AFTER = frozenset("#﹟＃@﹫＠&/\\=+-~%$^*`\u200c\u200d")
"""A sign after one of these belongs to an address, or to something that people write in programs."""
_NICKNAME = re.compile(r"[A-Za-z0-9._]{1,31}")
_NICKNAME_FORM = re.compile(rf"(?=[0-9._]*[a-z])[a-z0-9._]{{3,{MAX_NICKNAME_LENGTH}}}")
_HOST = re.compile(r"[@＠][A-Za-z0-9-]{1,63}\.[A-Za-z0-9]")
_INVISIBLE = re.compile(f"[{INVISIBLE}]+")
_JOINERS = "\u200c\u200d"
_VIRAMA = 9
"""The combining class of the signs that join two consonants of a script of India."""


@dataclass(frozen=True, slots=True)
class Entities:
    """What is in a text, each once, in the order of the text."""

    tags: tuple[str, ...]
    """As they are compared."""
    names: tuple[str, ...]
    """What follows the `@`, in lower case; perhaps with the full stop of a sentence at its end."""


def parse(written: str | None) -> Entities:
    """The tags and mentions of a text."""
    text = written or ""
    tags: dict[str, None] = {}
    names: dict[str, None] = {}
    after_tag = -1  # where the last tag ended
    for sign in _SIGN.finditer(text):
        start = sign.end()
        if sign["tag"]:
            if sign.start() == after_tag or _may_begin(text, sign.start()):
                end = _end_of_tag(text, start)
                tag = _tag(text, start, end)
                after_tag = end if end > start else after_tag
                if tag is not None and len(tags) < MAX_TAGS:
                    tags[tag] = None
        elif sign["mention"] and _may_begin(text, sign.start()):
            name = _name(text, start)
            if name is not None and len(names) < MAX_MENTIONS:
                names[name] = None
    return Entities(tuple(tags), tuple(names))


def fold(text: str) -> str:
    """The form in which tags are compared."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFD", text).casefold()).casefold()
    return unicodedata.normalize("NFKC", _INVISIBLE.sub("", unicodedata.normalize("NFKC", folded)))


def spellings(names: Iterable[str]) -> dict[str, str]:
    """The nicknames that these names may stand for, and for which of them: a full stop may be that of a sentence.

    Of the nicknames with and without it only one can exist: they look alike.
    """
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(name.rstrip("."), name)
        found.setdefault(name, name)
    return {each: name for each, name in found.items() if _NICKNAME_FORM.fullmatch(each)}


def _may_begin(text: str, sign: int) -> bool:
    return sign == 0 or not (_continues(text[sign - 1]) or text[sign - 1] in _NEITHER_AFTER)


def _continues(character: str) -> bool:
    return f"a{character}".isidentifier()  # XID_Continue


def _end_of_tag(text: str, start: int) -> int:
    end = start
    while end < len(text) and (_continues(text[end]) or (text[end] in _JOINERS and _joins(text, start, end))):
        end += 1
    return end


def _joins(text: str, start: int, joiner: int) -> bool:
    """Whether a joiner is where UAX 31 allows it: after a virama, or, if it separates, between Arabic letters."""
    before, after = text[start:joiner][-2:], text[joiner + 1 : joiner + 2]
    if not before or not after or not unicodedata.category(after).startswith("L"):
        return False
    if unicodedata.combining(before[-1]) == _VIRAMA:
        return True
    letter = before[0] if unicodedata.category(before[-1]) == "Mn" else before[-1]
    is_separating = text[joiner] == "\u200c"
    return is_separating and unicodedata.bidirectional(letter) == unicodedata.bidirectional(after) == "AL"


def _tag(text: str, start: int, end: int) -> str | None:
    if start == end or unicodedata.category(text[start]).startswith("M") or _HOST.match(text, end):
        return None
    if end - start > 4 * MAX_TAG_LENGTH:  # not folded: no tag of allowed length is written so long
        return None
    tag = fold(text[start:end])
    has_letter = any(unicodedata.category(each).startswith("L") for each in tag)
    return tag if has_letter and len(tag) <= MAX_TAG_LENGTH else None


def _name(text: str, start: int) -> str | None:
    found = _NICKNAME.match(text, start)
    if found is None or _is_joined(text[found.end() : found.end() + 1]):
        return None
    name = found[0].lower()
    return name if spellings([name]) else None


def _is_joined(following: str) -> bool:
    """Whether this character makes something else of a nickname before it. A letter of Hangul does not."""
    if not following:
        return False
    is_mark = unicodedata.category(following).startswith("M")
    return is_mark or following in "@﹫＠" or "LATIN " in unicodedata.name(following, "")
