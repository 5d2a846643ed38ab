"""The handles of a user (email, nickname, phone) in their normal forms, and the skeletons of nicknames.

Two nicknames that look alike have the same skeleton (docs/decisions/0014).
"""

import hashlib
import hmac
import re
import unicodedata
from dataclasses import dataclass
from typing import Any

import email_validator

from shared.errors import Invalid

# Only the syntax is checked: an address in a reserved domain (RFC 6761) may exist on a closed network.
email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()

_NICKNAME = re.compile(r"(?=[0-9._]*[a-z])[a-z0-9._]{3,30}")
_BEGINNING = re.compile(r"[a-z0-9._]{1,30}")
# A plus and 15 digits (E.164); some countries have longer national numbers.
MAX_PHONE_LENGTH = 16
_ALIKE = str.maketrans({"0": "o", "1": "l", "i": "l", "m": "rn", "w": "vv"})
_SEPARATORS = re.compile(r"[._]+")
# Words that claim a role in the service, anywhere in a nickname.
_ROLES = (
    "admin", "administrator", "mod", "moderator", "official", "postmaster", "root", "security", "shutter", "staff",
    "support", "webmaster",
)  # fmt: skip
# A nickname may not consist of these words.
RESERVED = (
    *_ROLES, "abuse", "api", "auth", "contact", "deleted", "everyone", "help", "info", "mail", "me", "null",
    "operator", "owner", "privacy", "system", "team", "undefined", "www",
)  # fmt: skip
_DIGITS_AS_LETTERS = str.maketrans("0134578", "oleastb")


# The kind of handle that stands for all nicknames with one skeleton.
SKELETON = "looks"


@dataclass(frozen=True, slots=True)
class Handle:
    """One handle in normal form."""

    kind: str
    value: str


def email(given: str) -> Handle:
    """A dot-atom (RFC 5322), an @ and a domain name with a dot in it, in lower case. Raises Invalid."""
    try:
        found = email_validator.validate_email(given.strip(), check_deliverability=False)
    except (email_validator.EmailNotValidError, UnicodeError) as problem:
        raise Invalid.field("email", "invalid_email", "This is not an email address.") from problem
    return Handle("email", found.normalized.lower())


def deliverable(email: str) -> str:
    """The address as mail servers without SMTPUTF8 take it: its domain in ASCII (RFC 5890); else the address itself."""
    return email_validator.validate_email(email, check_deliverability=False).ascii_email or email


def nickname(given: str) -> Handle:
    """A nickname for a new claim: as `existing_nickname`, and not reserved for the service. Raises Invalid."""
    handle = existing_nickname(given)
    if _is_reserved(handle):
        raise Invalid.field("nickname", "nickname_reserved", "This nickname is reserved for the service.")
    return handle


def existing_nickname(given: str) -> Handle:
    """3 to 30 of a-z, 0-9, dot and underscore, with a letter among them. Raises Invalid."""
    value = _nickname_form(given)
    if not _NICKNAME.fullmatch(value):
        detail = "A nickname is 3 to 30 of a-z, 0-9, dot and underscore, with a letter among them."
        raise Invalid.field("nickname", "invalid_nickname", detail)
    return Handle("nickname", value)


def skeleton(nickname: Handle) -> Handle:
    """The skeleton (UTS #39, section 4) that all nicknames that look like this one have in common.

    Equal are: 0 and o; 1, l and i; m and rn; w and vv; dots and underscores, also several in a row. At either end dots
    and underscores are ignored.
    """
    spaced = _SEPARATORS.sub("_", nickname.value).strip("_")
    return Handle(SKELETON, spaced.translate(_ALIKE))


def _is_reserved(nickname: Handle) -> bool:
    """Whether its skeleton is that of a reserved word, a part of it claims a role, or it consists of reserved words."""
    if skeleton(nickname).value in _RESERVED_SKELETONS:
        return True
    parts = [_as_words(part) for part in _SEPARATORS.split(nickname.value)]
    if any(form in _ROLE_SKELETONS for part in parts for form in part):
        return True
    if all(part & _RESERVED_SKELETONS for part in parts if part):
        return True
    without_marks = _as_words(_SEPARATORS.sub("", nickname.value))
    return any(form in _RESERVED_SKELETONS or _MADE_OF_RESERVED.fullmatch(form) for form in without_marks)


def _as_words(part: str) -> set[str]:
    """The skeletons of the words that it may be read as: with digits read as letters, or removed from either end."""
    letters = (each.translate(_DIGITS_AS_LETTERS) for each in (part, part.strip("0123456789")))
    return {each.translate(_ALIKE) for each in letters if each}


_RESERVED_SKELETONS, _ROLE_SKELETONS = (
    frozenset(word.translate(_ALIKE) for word in words) for words in (RESERVED, _ROLES)
)
_MADE_OF_RESERVED = re.compile(
    "(?:{any})*(?:{role})(?:{any})*".format(any="|".join(_RESERVED_SKELETONS), role="|".join(_ROLE_SKELETONS))
)


def phone(given: str, region: str) -> Handle:
    """E.164 of a number that is possible in full; without a country code it is of this region. Raises Invalid."""
    return _phone(given, region, is_complete=True)


def _existing_phone(given: str, region: str) -> Handle:
    """The same for numbers that earlier releases accepted: also local ones. Raises Invalid."""
    return _phone(given, region, is_complete=False)


def _phone(given: str, region: str, *, is_complete: bool) -> Handle:
    from . import phone_numbers  # noqa: PLC0415 - a library of 2 MB that is not needed without phone numbers

    value = phone_numbers.normalized(given, region, is_complete=is_complete)
    if value is None or len(value) > MAX_PHONE_LENGTH:
        raise _not_a_phone()
    return Handle("phone", value)


def spellings(handle: Handle) -> list[str]:
    """Ways in which users write this handle."""
    if handle.kind != "phone":
        return [handle.value]
    from . import phone_numbers  # noqa: PLC0415 - as above

    return [handle.value, *phone_numbers.national_forms(handle.value)]


def all_spellings(account: Any) -> list[str]:
    """Ways in which the name and the handles of this account are written."""
    known_by = [Handle(kind, getattr(account, kind)) for kind in ("email", "name", "nickname", "phone")]
    return [text for handle in known_by if handle.value for text in spellings(handle)]


def identifier(given: str, region: str) -> Handle | None:
    """The handle in a login: an email if it contains @, a nickname if it contains a letter, else a phone; or None."""
    text = given.strip()
    try:
        if "@" in text:
            return email(text)
        if any(character.isalpha() for character in text):
            return existing_nickname(text)
        return _existing_phone(text, region)
    except Invalid:
        return None


def beginning(given: str) -> str:
    """This text as the prefix of a nickname; empty if no nickname can start with it."""
    value = _nickname_form(given).strip()
    return value if _BEGINNING.fullmatch(value) else ""


def _nickname_form(given: str) -> str:
    return unicodedata.normalize("NFKC", given).lower()


def digest(key: bytes, handle: Handle) -> bytes:
    """A keyed hash of the handle, which stays when the data of its owner is deleted."""
    return hmac.digest(key, f"{handle.kind}:{handle.value}".encode(), hashlib.sha256)


def _not_a_phone() -> Invalid:
    return Invalid.field("phone", "invalid_phone", "This is not a phone number.")
