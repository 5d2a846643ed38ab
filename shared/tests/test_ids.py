"""Ids increase, are unique, sort as text as they do as numbers, and have one wire format."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from shared import clock, ids

ANY_ID = st.integers(0, 2**63 - 1)


class Something(BaseModel):
    """A model with an id."""

    id: ids.Id


def test_ids_increase_within_a_millisecond(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = clock.now()
    monkeypatch.setattr(clock, "now", lambda: moment)
    made = [ids.new() for _ in range(1_000)]
    assert made == sorted(set(made))


def test_ids_increase_when_the_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = ids.new()
    monkeypatch.setattr(clock, "now", lambda: clock.DAY * 365 * 56)
    assert ids.new() > before


def test_ids_of_many_threads_are_unique() -> None:
    with ThreadPoolExecutor(8) as pool:
        made = [each for chunk in pool.map(lambda _: [ids.new() for _ in range(500)], range(8)) for each in chunk]
    assert len(set(made)) == 4_000


def test_id_contains_its_creation_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ids, "_last", 0)
    moment = clock.now()
    monkeypatch.setattr(clock, "now", lambda: moment)
    made = ids.new()
    assert ids.first_id_at(moment) <= made < ids.first_id_at(moment + 1)
    assert ids.first_id_at(0) == 0


def test_ids_fit_into_64_bits_until_2094() -> None:
    end = clock.parse_rfc3339("2094-09-01T00:00:00.000Z")
    assert ids.first_id_at(end) < 2**63


@given(ANY_ID)
def test_parse_is_the_inverse_of_encode(value: int) -> None:
    assert ids.parse(ids.encode(value)) == value
    assert len(ids.encode(value)) == 16


@given(ANY_ID, ANY_ID)
def test_text_order_equals_numeric_order(one: int, other: int) -> None:
    assert (ids.encode(one) < ids.encode(other)) == (one < other)


NO_IDS = [
    "",
    "1",
    "0037a52d5f40000",
    "0037a52d5f4000011",
    "0037A52D5F400001",
    "8000000000000000",
    " 037a52d5f400001",
    "0037a52d5f400001\n",
    "0x37a52d5f400001",
    "-037a52d5f400001",
    "٠٠٣٧a52d5f400001",
]


@pytest.mark.parametrize("value", NO_IDS)
def test_malformed_id_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="not an id"):
        ids.parse(value)


@pytest.mark.parametrize("value", ['"x"', "5", "0", "18446744073709551615", "1.5", "null", "true", "[]", "{}"])
def test_id_in_a_body_must_be_a_string(value: str) -> None:
    """Columns cannot store every JSON number."""
    with pytest.raises(ValidationError):
        Something.model_validate_json(f'{{"id": {value}}}')


def test_model_reads_and_writes_ids_as_text() -> None:
    read = Something.model_validate_json('{"id": "0037a52d5f400001"}')
    assert read.id == 0x37A52D5F400001
    assert read.model_dump_json() == '{"id":"0037a52d5f400001"}'
    assert Something.model_json_schema()["properties"]["id"]["pattern"] == "^[0-7][0-9a-f]{15}$"
