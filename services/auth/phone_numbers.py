"""Phone numbers in the international form (E.164)."""

import phonenumbers


def normalized(given: str, region: str, *, is_complete: bool) -> str | None:
    """E.164 of a possible number; without a country code it is of this region. None if it is not one.

    A complete number is not only possible within its area.
    """
    try:
        number = phonenumbers.parse(given, region)
        value = _e164(number)
        same = _e164(phonenumbers.parse(value, region)) == value  # differs for numbers with leading zeros
    except phonenumbers.NumberParseException:
        return None
    if not same or number.extension:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    reason = phonenumbers.is_possible_number_with_reason(number)
    # such as IS_POSSIBLE_LOCAL_ONLY, which is not a complete number
    if is_complete and reason != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    return value


def national_forms(value: str) -> list[str]:
    """As people of its country write this number, and its digits alone."""
    number = phonenumbers.parse(value)
    national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    return [national, str(number.national_number)]


def _e164(number: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
