"""The handles of a user: email, nickname and phone, each in its one normal form.

And the skeleton of a nickname: two nicknames that look alike have the same one (docs/decisions/0014).
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
# A plus and 15 digits (E.164); some countries have longer numbers outside of it.
LONGEST_PHONE = 16
_ALIKE = str.maketrans({"0": "o", "1": "l", "i": "l", "m": "rn", "w": "vv"})
_SEPARATORS = re.compile(r"[._]+")
# Words that claim to speak for the service wherever they stand in a nickname.
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


def nickname(given: str) -> Handle:
    """One that somebody wants: as `borne_nickname`, and none that seems to speak for the service. Raises Invalid."""
    handle = borne_nickname(given)
    if _is_reserved(handle):
        raise Invalid.field("nickname", "nickname_reserved", "This nickname is reserved for the service.")
    return handle


def borne_nickname(given: str) -> Handle:
    """3 to 30 of a-z, 0-9, dot and underscore, with a letter among them. Raises Invalid."""
    value = _nickname_form(given)
    if not _NICKNAME.fullmatch(value):
        detail = "A nickname is 3 to 30 of a-z, 0-9, dot and underscore, with a letter among them."
        raise Invalid.field("nickname", "invalid_nickname", detail)
    return Handle("nickname", value)


def skeleton(nickname: Handle) -> Handle:
    """What all nicknames that look like this one have in common: a skeleton, as in UTS #39, section 4.

    0 and o; 1, l and i; m and rn; w and vv are the same. So are dot and underscore, however many in a row; at either
    end they are nothing.
    """
    spaced = _SEPARATORS.sub("_", nickname.value).strip("_")
    return Handle(SKELETON, spaced.translate(_ALIKE))


def _is_reserved(nickname: Handle) -> bool:
    """Whether its skeleton is a reserved word's, a part of it claims a role, or it consists of reserved words."""
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
    """The skeletons of words that this may be read as: digits stand for letters, or are only put before or after."""
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
    number = _parsed_phone(given, region)
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason != phonenumbers.ValidationResult.IS_POSSIBLE:  # IS_POSSIBLE_LOCAL_ONLY, say, is no number by itself
        raise _not_a_phone()
    return Handle("phone", _e164(number))


def _borne_phone(given: str, region: str) -> Handle:
    """The same, for numbers that were accepted before: also local ones. Raises Invalid."""
    number = _parsed_phone(given, region)
    if not phonenumbers.is_possible_number(number):
        raise _not_a_phone()
    return Handle("phone", _e164(number))


def _parsed_phone(given: str, region: str) -> phonenumbers.PhoneNumber:
    try:
        number = phonenumbers.parse(given, region)
        value = _e164(number)
        same = _e164(phonenumbers.parse(value, region)) == value  # not so where zeros lead
    except phonenumbers.NumberParseException as problem:
        raise _not_a_phone() from problem
    if not same or number.extension or len(value) > LONGEST_PHONE:
        raise _not_a_phone()
    return number


def _e164(number: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def spellings(handle: Handle) -> list[str]:
    """How people write this handle."""
    if handle.kind != "phone":
        return [handle.value]
    number = phonenumbers.parse(handle.value)
    national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    return [handle.value, national, str(number.national_number)]


def identifier(given: str, region: str) -> Handle | None:
    """The handle that somebody logs in with: an @ makes it an email, a letter a nickname.

    None if it is not a handle.
    """
    text = given.strip()
    try:
        if "@" in text:
            return email(text)
        if any(character.isalpha() for character in text):
            return borne_nickname(text)
        return _borne_phone(text, region)
    except Invalid:
        return None


def beginning(given: str) -> str:
    """The prefix of a nickname that this text may be; empty if no nickname starts so."""
    value = _nickname_form(given).strip()
    return value if _BEGINNING.fullmatch(value) else ""


def _nickname_form(given: str) -> str:
    return unicodedata.normalize("NFKC", given).lower()


def digest(key: bytes, handle: Handle) -> bytes:
    """A keyed hash that stands for the handle, also after everything else of its owner is deleted."""
    return hmac.digest(key, f"{handle.kind}:{handle.value}".encode(), hashlib.sha256)


def _not_a_phone() -> Invalid:
    return Invalid.field("phone", "invalid_phone", "This is not a phone number.")
