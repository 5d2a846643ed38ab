"""Times as milliseconds and as text."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import clock


def test_now_is_in_milliseconds_since_1970() -> None:
    before = time.time_ns() // 1_000_000
    assert before <= clock.now() <= time.time_ns() // 1_000_000


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1, "1970-01-01T00:00:00.001Z"),
        (1_795_423_260_123, "2026-11-23T08:41:00.123Z"),
        (1_709_164_800_000, "2024-02-29T00:00:00.000Z"),
    ],
)
def test_time_is_formatted_as_rfc_3339(moment: int, text: str) -> None:
    assert clock.format_rfc3339(moment) == text
    assert clock.parse_rfc3339(text) == moment


@given(st.integers(0, 253_402_300_799_999))
def test_parse_is_the_inverse_of_format(moment: int) -> None:
    text = clock.format_rfc3339(moment)
    assert clock.parse_rfc3339(text) == moment
    assert len(text) == 24


@given(st.integers(0, 10**13), st.integers(0, 10**13))
def test_text_order_equals_time_order(one: int, other: int) -> None:
    assert (clock.format_rfc3339(one) < clock.format_rfc3339(other)) == (one < other)


def test_other_time_zones_are_parsed() -> None:
    assert clock.parse_rfc3339("2026-11-23T17:41:00.123+09:00") == clock.parse_rfc3339("2026-11-23T08:41:00.123Z")


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-23", "2026-11-23T08:41:00.123", "2026-13-01T00:00:00Z"])
def test_invalid_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        clock.parse_rfc3339(text)
