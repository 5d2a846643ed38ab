"""Cursors: opaque, bound to their list, and refused after any change."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Malformed
from shared.pagination import CursorSigner, Page, PageRequest

CURSORS = CursorSigner(b"k" * 32)
SCOPE = "/api/v1/posts?"
POSITIONS = st.lists(st.one_of(st.integers(-(2**63), 2**63 - 1), st.text(max_size=30)), min_size=1, max_size=3)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=. é"


def refused(cursor: str, scope: str = SCOPE) -> bool:
    try:
        CURSORS.decode(cursor, scope)
    except Malformed as refusal:
        return refusal.code == "invalid_cursor"
    return False


@given(POSITIONS.filter(lambda position: "\ud800" not in str(position)))
def test_decoded_cursor_has_its_position(position: list[Any]) -> None:
    assert CURSORS.decode(CURSORS.encode(tuple(position), SCOPE), SCOPE) == tuple(position)


@given(st.integers(0, 2**63 - 1), st.data())
def test_cursor_with_one_changed_character_is_refused(position: int, data: st.DataObject) -> None:
    cursor = CURSORS.encode((position,), SCOPE)
    place = data.draw(st.integers(0, len(cursor) - 1))
    letter = data.draw(st.sampled_from(LETTERS).filter(lambda other: other != cursor[place]))
    assert refused(cursor[:place] + letter + cursor[place + 1 :])


@given(st.integers(0, 2**63 - 1), st.data())
def test_cursor_with_another_length_is_refused(position: int, data: st.DataObject) -> None:
    cursor = CURSORS.encode((position,), SCOPE)
    assert refused(cursor[: data.draw(st.integers(0, len(cursor) - 1))])
    assert refused(cursor + data.draw(st.text(LETTERS, min_size=1, max_size=4)))


@given(st.text(max_size=100))
def test_foreign_cursor_is_refused(text: str) -> None:
    assert refused(text)


@pytest.mark.parametrize("scope", ["/api/v1/posts?query=a", "/api/v1/users?", "", "/api/v1/posts"])
def test_cursor_of_another_list_is_refused(scope: str) -> None:
    assert refused(CURSORS.encode((1,), SCOPE), scope)


def test_cursor_of_another_key_is_refused() -> None:
    assert refused(CursorSigner(b"x" * 32).encode((1,), SCOPE))


def test_boundary_between_list_and_position_cannot_be_moved() -> None:
    assert refused(CURSORS.encode((1,), "ab"), "a")


def test_longest_position_fits() -> None:
    """A name of 120 characters that JSON writes with six bytes each."""
    position = ("name", "\x01" * 120, 2**63 - 1)
    assert CURSORS.decode(CURSORS.encode(position, SCOPE), SCOPE) == position
    assert refused("A" * 100_000)


@pytest.mark.parametrize(
    ("rows", "items", "next_"), [([], [], None), ([1], [1], None), ([1, 2], [1, 2], None), ([1, 2, 3], [1, 2], (20,))]
)
def test_extra_row_shows_that_there_is_a_next_page(rows: list[int], items: list[int], next_: tuple[int] | None) -> None:
    found = Page.of(rows, PageRequest(2, None), lambda row: row, lambda row: (row * 10,))
    assert (found.items, found.next) == (items, next_)
