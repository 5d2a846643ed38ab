"""Visible and invisible characters."""

import unicodedata

import pytest

from shared.text import has_visible_character


@pytest.mark.parametrize("text", ["a", " a ", "각", "👨‍👩‍👧", "مريم", "\u200d\u2764\ufe0f", "\u0301", "。", "\ue000"])
def test_letters_marks_and_symbols_are_visible(text: str) -> None:
    assert has_visible_character(text)


SPACES = "\t\n \x85\xa0\u1680\u2003\u2028\u3000"
CONTROLS = "\x00\x1b\x7f"
IGNORABLE = (
    "\xad\u034f\u061c\u115f\u1160\u17b4\u180e\u200b\u200e\u202e\u2060\u2065\u3164\ufe0f\ufeff\uffa0\ufff0"
    "\U0001bca0\U0001d173\U000e0001\U000e0020\U000e01ef"
)


@pytest.mark.parametrize("character", [*SPACES, *CONTROLS, *IGNORABLE, "\u2800"], ids=ascii)
def test_spaces_and_ignorable_characters_are_not_visible(character: str) -> None:
    assert not has_visible_character(character)
    assert not has_visible_character(character * 3 + " ")


def test_no_space_or_control_character_is_visible() -> None:
    everything = map(chr, range(0x110000))
    assert not any(
        has_visible_character(each) for each in everything if each.isspace() or unicodedata.category(each) == "Cc"
    )
    assert not has_visible_character("")
