"""The handles by which a person is known: email, nickname and phone, each in its one normal form.

And what a nickname looks like: two that look alike are one to whoever reads them (docs/decisions/0014).
"""

import hashlib
import hmac
import re
import unicodedata
from dataclasses import dataclass

import email_validator
import phonenumbers

from shared.errors import Invalid

# The rule is one of syntax: an address in a reserved domain (RFC 6761) is somebody's on a closed network.
email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()

_NICKNAME = re.compile(r"(?=[0-9._]*[a-z])[a-z0-9._]{3,30}")
_BEGINNING = re.compile(r"[a-z0-9._]{1,30}")
LONGEST_PHONE = 16
"""A plus and 15 digits (E.164); some countries have longer numbers that are none of it."""
_ALIKE = str.maketrans({"0": "o", "1": "l", "i": "l", "m": "rn", "w": "vv"})
_SEPARATORS = re.compile(r"[._]+")
RESERVED = frozenset(
    [
        "abuse",
        "admin",
        "administrator",
        "api",
        "auth",
        "contact",
        "deleted",
        "everyone",
        "help",
        "info",
        "mail",
        "me",
        "mod",
        "moderator",
        "null",
        "official",
        "operator",
        "owner",
        "postmaster",
        "privacy",
        "root",
        "security",
        "shutter",
        "staff",
        "support",
        "system",
        "team",
        "undefined",
        "webmaster",
        "www",
    ]
)


LOOKS = "looks"
"""The kind of handle that stands for all nicknames which look alike."""


@dataclass(frozen=True, slots=True)
class Handle:
    """One handle in normal form."""

    kind: str
    value: str


def email(given: str) -> Handle:
    """Valid by RFC 5322, in lower case. Raises Invalid."""
    try:
        found = email_validator.validate_email(given, check_deliverability=False)
    except (email_validator.EmailNotValidError, UnicodeError) as problem:
        raise Invalid.field("email", "invalid_email", "This is not an email address.") from problem
    return Handle("email", found.normalized.lower())


def nickname(given: str) -> Handle:
    """One that somebody wants: as `_borne_nickname`, and nothing that looks like the house. Raises Invalid."""
    handle = _borne_nickname(given)
    if looks(handle) in _RESERVED_LOOKS:
        raise Invalid.field("nickname", "nickname_reserved", "This nickname is kept for the house.")
    return handle


def _borne_nickname(given: str) -> Handle:
    """3 to 30 of a-z, 0-9, dot and underscore, with a letter among them. Raises Invalid."""
    value = unicodedata.normalize("NFKC", given).lower()
    if not _NICKNAME.fullmatch(value):
        detail = "A nickname is 3 to 30 of a-z, 0-9, dot and underscore, with a letter among them."
        raise Invalid.field("nickname", "invalid_nickname", detail)
    return Handle("nickname", value)


def looks(nickname: Handle) -> Handle:
    """What all nicknames that look like this one have in common: a skeleton, as in UTS #39, section 4.

    0 and o; 1, l and i; m and rn; w and vv are the same. So are dot and underscore, however many in a row; at either
    end they are nothing.
    """
    spaced = _SEPARATORS.sub("_", nickname.value).strip("_")
    return Handle(LOOKS, spaced.translate(_ALIKE))


_RESERVED_LOOKS = frozenset(looks(Handle("nickname", each)) for each in RESERVED)


def phone(given: str, region: str) -> Handle:
    """E.164; a number without a country code is of this region. Raises Invalid."""
    try:
        number = phonenumbers.parse(given, region)
        value = _e164(number)
        same = _e164(phonenumbers.parse(value, region)) == value  # not so where zeros lead
    except phonenumbers.NumberParseException as problem:
        raise _not_a_phone() from problem
    possible = same and phonenumbers.is_possible_number(number) and not number.extension
    if not possible or len(value) > LONGEST_PHONE:
        raise _not_a_phone()
    return Handle("phone", value)


def _e164(number: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def identifier(given: str, region: str) -> Handle | None:
    """The handle that somebody logs in with: an @ makes it an email, a letter a nickname. None for what is none."""
    try:
        if "@" in given:
            return email(given)
        if any(character.isalpha() for character in given):
            return _borne_nickname(given)
        return phone(given, region)
    except Invalid:
        return None


def beginning(given: str) -> str:
    """The beginning of a nickname that this text may be; empty where no nickname begins so."""
    value = unicodedata.normalize("NFKC", given).lower()
    return value if _BEGINNING.fullmatch(value) else ""


def digest(key: bytes, handle: Handle) -> bytes:
    """A keyed hash that stands for the handle, also after everything else of its owner is gone."""
    return hmac.digest(key, f"{handle.kind}:{handle.value}".encode(), hashlib.sha256)


def _not_a_phone() -> Invalid:
    return Invalid.field("phone", "invalid_phone", "This is not a phone number.")
